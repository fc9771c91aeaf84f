/** The expiring store's values on the embedded engine. Leaves opening, sweeping and closing to `embedded-store.ts`. */
import type { Clock } from '../fault.js'
import type { EmbeddedEngine } from './embedded-engine.js'
import { decodeExpiring, encodeExpiring, expiryMark } from './embedded-expiry.js'
import type { ExpiringStore } from './expiring-store.js'
import { requireKey } from './key.js'

export function createEmbeddedExpiringStore(
  engine: EmbeddedEngine,
  now: Clock,
): Omit<ExpiringStore, 'ping' | 'close'> {
  const entries = engine.table('entries')
  const marks = engine.table('expiries')

  const live = (key: string): string | undefined => {
    const stored = entries.get(key)
    if (stored === undefined) return undefined
    const { expiresAt, value } = decodeExpiring(stored)
    return expiresAt > now().getTime() ? value : undefined
  }
  const write = (key: string, value: string, expiresAt: number) => {
    entries.put(key, encodeExpiring({ expiresAt, value }))
    marks.put(expiryMark(expiresAt, key), '')
  }

  return {
    async put(key, value, expiresAt) {
      requireKey(key)
      await engine.write(() => write(key, value, expiresAt.getTime()))
    },
    async add(key, value, expiresAt) {
      requireKey(key)
      return engine.write(() => {
        if (live(key) !== undefined) return false
        write(key, value, expiresAt.getTime())
        return true
      })
    },
    async get(key) {
      requireKey(key)
      return engine.read(() => live(key))
    },
    async take(key) {
      requireKey(key)
      return engine.write(() => {
        const stored = entries.get(key)
        if (stored === undefined) return undefined
        const { expiresAt, value } = decodeExpiring(stored)
        entries.remove(key)
        marks.remove(expiryMark(expiresAt, key))
        return expiresAt > now().getTime() ? value : undefined
      })
    },
  }
}
