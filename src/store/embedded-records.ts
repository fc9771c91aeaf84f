/** Records on the embedded engine: a table of their own, compared and written in one transaction. */
import type { EmbeddedEngine } from './embedded-engine.js'
import { requireKey, requireKeyPrefix } from './key.js'
import type { RecordStore } from './record-store.js'

/** Sorts behind every character that a key may have. */
const BEHIND_ALL = '~'

export function createEmbeddedRecords(engine: EmbeddedEngine): RecordStore {
  const records = engine.table('records')
  return {
    async get(key) {
      requireKey(key)
      return engine.read(() => records.get(key))
    },
    async replace(key, expected, value) {
      requireKey(key)
      return engine.write(() => {
        if (records.get(key) !== expected) return false
        if (value === undefined) records.remove(key)
        else records.put(key, value)
        return true
      })
    },
    async list(prefix) {
      requireKeyPrefix(prefix)
      const range = prefix === '' ? {} : { start: prefix, end: prefix + BEHIND_ALL }
      return engine.read(() => Array.from(records.getRange(range), ({ key, value }) => ({ key, value })))
    },
  }
}
