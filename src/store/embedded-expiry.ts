/**
 * Expiry for an engine that knows none. A value carries its own (`<milliseconds>:<value>`) and is checked on every
 * read, so an expired one is absent at once; marks in a table ordered by expiry let a sweep give the space back later
 * without looking at what is alive.
 */
import type { EmbeddedEngine, Table } from './embedded-engine.js'

export interface Expiring {
  /** Milliseconds since 1970. */
  readonly expiresAt: number
  readonly value: string
}

export function encodeExpiring({ expiresAt, value }: Expiring): string {
  return `${expiresAt}:${value}`
}

export function decodeExpiring(stored: string): Expiring {
  const colon = stored.indexOf(':')
  return { expiresAt: Number(stored.slice(0, colon)), value: stored.slice(colon + 1) }
}

const EXPIRY_DIGITS = 15

/** Sorts as text in the order of time. */
export function expiryMark(expiresAt: number, key: string): string {
  return `${String(Math.max(0, expiresAt)).padStart(EXPIRY_DIGITS, '0')}:${key}`
}

/**
 * Removes at most `limit` values that are over at `now`, with their marks.
 * @returns how many marks are gone.
 */
export async function sweepExpired(
  engine: EmbeddedEngine,
  { values, marks }: { readonly values: Table; readonly marks: Table },
  { now, limit }: { readonly now: Date; readonly limit: number },
): Promise<number> {
  const end = expiryMark(now.getTime() + 1, '')
  const due = await engine.read(() => [...marks.getKeys({ end, limit })])
  if (due.length === 0) return 0
  await engine.write(() => {
    for (const mark of due) {
      const key = mark.slice(EXPIRY_DIGITS + 1)
      const stored = values.get(key)
      // The key may have been written again with a later expiry; then only this mark of it is old.
      if (stored !== undefined && expiryMark(decodeExpiring(stored).expiresAt, key) === mark)
        values.remove(key)
      marks.remove(mark)
    }
  })
  return due.length
}
