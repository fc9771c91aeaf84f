/**
 * An append-only list of facts that every process of the installation follows: revocations, changed keys. And the two
 * rules for its arguments, kept by every engine alike.
 *
 * How to follow: ask `after(undefined, n)`, then again and again after the `position` of the last page; the end is
 * reached when that is the position asked for. A page of another `epoch` than the one before comes from a list that
 * may have lost entries. Drop that page, start again from undefined, and append again what is known and missing: so
 * facts must be such that hearing one twice does no harm.
 *
 * Every method rejects with a Fault `StoreUnavailable` when the engine cannot answer in time.
 */
export interface Feed {
  /**
   * Durable when resolved; a Fault leaves open whether it is in the list. An entry that is already over is accepted
   * and never seen. Entries are text, well formed in Unicode.
   * @returns its position.
   */
  append(entry: string, expiresAt: Date): Promise<string>
  /**
   * The next entries, oldest first. Looks at no more than `limit`, so a page of expired ones is empty and still moves
   * on. Whatever was appended before by any process is there, and nothing appears later at a position that a page has
   * passed: within one epoch positions grow strictly and never repeat, across processes, restarts and sweeps.
   * @param position of a page or an entry; undefined, or anything that is no position of this engine, is the start.
   */
  after(position: string | undefined, limit: number): Promise<FeedPage>
}

export interface FeedPage {
  /** Without the expired ones. */
  readonly entries: readonly FeedEntry[]
  /** Of the last entry that was looked at, expired or not; the start's or the given one when there was none. */
  readonly position: string
  /** Changes when the list began anew and whenever acknowledged entries may have been lost. */
  readonly epoch: string
}

export interface FeedEntry {
  readonly position: string
  readonly entry: string
  readonly expiresAt: Date
}

/**
 * Otherwise an entry without a valid expiry would count as expired, and a revocation would silently do nothing.
 * @returns milliseconds since 1970.
 * @throws {TypeError} for an invalid Date.
 */
export function requireExpiry(expiresAt: Date): number {
  const milliseconds = expiresAt.getTime()
  if (Number.isNaN(milliseconds)) throw new TypeError('a feed entry expires at a valid date')
  return milliseconds
}

/** @throws {TypeError} unless it is a whole number above zero. */
export function requireLimit(limit: number): void {
  if (!Number.isSafeInteger(limit) || limit < 1)
    throw new TypeError('a page of the feed has at least one entry')
}
