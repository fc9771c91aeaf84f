/**
 * The feed on the embedded engine: one row per entry, numbered inside the write transaction. The engine has one
 * writer at a time over all processes, so numbers become visible in their order. The last number is kept apart from
 * the rows and outlives their sweep.
 *
 * The epoch is made with the directory and stays: a durable write is not lost without the directory.
 */
import { randomUUID } from 'node:crypto'
import type { Clock } from '../fault.js'
import type { EmbeddedEngine } from './embedded-engine.js'
import { decodeExpiring, encodeExpiring, expiryMark } from './embedded-expiry.js'
import { requireExpiry, requireLimit, type Feed } from './feed.js'

/** Enough for every whole number that is exact; sorts as text in the order of numbers. */
const POSITION_DIGITS = 16
const START = positionOf(0)

/** @throws {Fault} `StoreUnavailable`. */
export async function createEmbeddedFeed(engine: EmbeddedEngine, now: Clock): Promise<Feed> {
  const rows = engine.table('feed')
  const marks = engine.table('feed-expiries')
  const state = engine.table('feed-state')
  const epoch =
    (await engine.read(() => state.get('epoch'))) ??
    // Of several processes that start together the first one names it.
    (await engine.write(() => {
      const named = state.get('epoch') ?? randomUUID()
      state.put('epoch', named)
      return named
    }))

  return {
    async append(entry, expiry) {
      const expiresAt = requireExpiry(expiry)
      return engine.write(() => {
        const position = positionOf(Number(state.get('last') ?? 0) + 1)
        state.put('last', position)
        rows.put(position, encodeExpiring({ expiresAt, value: entry }))
        marks.put(expiryMark(expiresAt, position), '')
        return position
      })
    },
    async after(given, limit) {
      requireLimit(limit)
      const position = given !== undefined && /^\d{16}$/.test(given) ? given : START
      const start = positionOf(Number(position) + 1)
      const found = await engine.read(() => [...rows.getRange({ start, limit })])
      const time = now().getTime()
      const entries = found.flatMap(({ key, value: stored }) => {
        const { expiresAt, value } = decodeExpiring(stored)
        return expiresAt > time ? [{ position: key, entry: value, expiresAt: new Date(expiresAt) }] : []
      })
      return { entries, position: found.at(-1)?.key ?? position, epoch }
    },
  }
}

function positionOf(number: number): string {
  return String(number).padStart(POSITION_DIGITS, '0')
}
