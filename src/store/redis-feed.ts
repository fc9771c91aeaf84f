/**
 * The feed on Redis: one stream, whose ids are the positions. The server assigns them one after the other as it
 * appends, above every id that the stream ever had, also when its clock goes back.
 *
 * The first entry is no fact: it names the stream and is never removed. With the server's replication id, which
 * changes at a restart, a fail-over and a promotion, it makes the epoch. So the epoch changes when the stream was
 * flushed, when a replica took over that may lack acknowledged entries, and when a restarted server may have read an
 * older file; it also changes on some occasions when nothing was lost, e.g. when a server gets its first replica.
 */
import { randomUUID } from 'node:crypto'
import type { Clock } from '../fault.js'
import { unavailable } from './deadline.js'
import { requireExpiry, requireLimit, type Feed, type FeedEntry } from './feed.js'
import type { RedisAccess } from './redis-access.js'
import type { SettledPast } from './settled-past.js'

const START = '0-1'
/** Each append looks at this many old entries for expired ones, so that they go faster than new ones come. */
const SWEEP_BATCH = 32

/** KEYS: the stream. ARGV[1]: its name if it must be made. */
const BEGIN = `
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('XADD', KEYS[1], '${START}', 'name', ARGV[1]) end`

/**
 * ARGV: name, entry, its expiry, up to when to remove, where to look for expired entries after, how many to look at.
 * Returns the new id, and where to look next time.
 */
const APPEND = `${BEGIN}
local id = redis.call('XADD', KEYS[1], '*', 'entry', ARGV[2], 'expires', ARGV[3])
local old = redis.call('XRANGE', KEYS[1], '(' .. ARGV[5], '+', 'COUNT', ARGV[6])
for _, row in ipairs(old) do
  local expires = tonumber(row[2][4])
  if not expires or expires <= tonumber(ARGV[4]) then redis.call('XDEL', KEYS[1], row[1]) end
end
return { id, #old < tonumber(ARGV[6]) and '${START}' or old[#old][1] }`

/** ARGV: name, position, limit. Returns the stream's name, the server's `INFO replication`, and entries. */
const AFTER = `${BEGIN}
return {
  redis.call('XRANGE', KEYS[1], '${START}', '${START}')[1][2][2],
  redis.call('INFO', 'replication'),
  redis.call('XRANGE', KEYS[1], '(' .. ARGV[2], '+', 'COUNT', ARGV[3])
}`

/** @param past up to when entries may be removed; what is past only by a clock that jumped ahead must stay. */
export function createRedisFeed({ ask, write, keyPrefix }: RedisAccess, now: Clock, past: SettledPast): Feed {
  const keys = [`${keyPrefix}{feed}`]
  let sweptTo = START

  return {
    async append(entry, expiresAt) {
      const settled = past.look()?.getTime() ?? 0
      const old = [String(settled), sweptTo, String(SWEEP_BATCH)]
      const words = [randomUUID(), entry, String(requireExpiry(expiresAt)), ...old]
      const reply = await write((commands) => commands.eval(APPEND, { keys, arguments: words }))
      const [position, next] = listOf(reply).map(textOf)
      if (position === undefined || next === undefined) throw malformed()
      sweptTo = next
      return position
    },
    async after(given, limit) {
      requireLimit(limit)
      const position = given !== undefined && /^\d{1,19}-\d{1,19}$/.test(given) ? given : START
      const words = [randomUUID(), position, String(limit)]
      const [name, info, rows] = listOf(
        await ask((commands) => commands.eval(AFTER, { keys, arguments: words })),
      )
      const replication = /^master_replid:(\w+)/m.exec(textOf(info))?.[1]
      if (replication === undefined) throw malformed()
      const found = listOf(rows).map(entryOf)
      return {
        entries: found.filter(({ expiresAt }) => expiresAt > now()),
        position: found.at(-1)?.position ?? position,
        epoch: `${textOf(name)}:${replication}`,
      }
    },
  }
}

/** What no broker wrote gets an expiry that is never later than now, so that it is left out. */
function entryOf(row: unknown): FeedEntry {
  const [id, fields] = listOf(row)
  const [, entry, , expiry] = listOf(fields)
  return { position: textOf(id), entry: textOf(entry), expiresAt: new Date(Number(expiry ?? Number.NaN)) }
}

function listOf(reply: unknown): readonly unknown[] {
  if (!Array.isArray(reply)) throw malformed()
  return reply
}

function textOf(reply: unknown): string {
  if (typeof reply !== 'string') throw malformed()
  return reply
}

function malformed() {
  return unavailable('the feed holds what no broker wrote')
}
