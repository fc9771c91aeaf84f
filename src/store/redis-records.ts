/** Records on Redis: one hash, so that a cluster has them on one server; compared and written by one small script. */
import { requireKey, requireKeyPrefix } from './key.js'
import type { RecordStore } from './record-store.js'
import type { RedisAccess } from './redis-access.js'

/** KEYS: the hash. ARGV: field, expected and new value, each value behind a `+` when there is one. */
const REPLACE = `
local stored = redis.call('HGET', KEYS[1], ARGV[1])
if (stored and '+' .. stored or '') ~= ARGV[2] then return 0 end
if ARGV[3] == '' then redis.call('HDEL', KEYS[1], ARGV[1])
else redis.call('HSET', KEYS[1], ARGV[1], string.sub(ARGV[3], 2)) end
return 1`

const SCAN_COUNT = 1_000

export function createRedisRecords({ ask, write, keyPrefix }: RedisAccess): RecordStore {
  const hash = `${keyPrefix}{records}`
  const optional = (value: string | undefined) => (value === undefined ? '' : `+${value}`)

  return {
    async get(key) {
      requireKey(key)
      return (await ask((commands) => commands.hGet(hash, key))) ?? undefined
    },
    async replace(key, expected, value) {
      requireKey(key)
      const options = { keys: [hash], arguments: [key, optional(expected), optional(value)] }
      return (await write((commands) => commands.eval(REPLACE, options))) === 1
    },
    async list(prefix) {
      requireKeyPrefix(prefix)
      // A scan may say a field twice. No character of a key means anything in a pattern.
      const found = new Map<string, string>()
      const options = { MATCH: `${prefix}*`, COUNT: SCAN_COUNT }
      let cursor = '0'
      do {
        const from = cursor
        const page = await ask((commands) => commands.hScan(hash, from, options))
        for (const { field, value } of page.entries) found.set(field, value)
        cursor = page.cursor
      } while (cursor !== '0')
      return Array.from(found, ([key, value]) => ({ key, value })).toSorted((a, b) =>
        a.key < b.key ? -1 : 1,
      )
    },
  }
}
