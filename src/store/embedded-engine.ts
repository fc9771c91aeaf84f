/** What the parts of the embedded store get from its engine: tables of text, and reads and writes of all tables. */

export interface EmbeddedEngine {
  readonly table: (name: TableName) => Table
  /**
   * Runs `work` alone among the writers of all processes; resolves when the disk has what it wrote.
   * @throws {Fault} `StoreUnavailable`, after which `work` may still take effect.
   */
  readonly write: <T>(work: () => T) => Promise<T>
  /**
   * Runs `work` on a view that has every write acknowledged before, by whatever process.
   * @throws {Fault} `StoreUnavailable`.
   */
  readonly read: <T>(work: () => T) => Promise<T>
}

export const tableNames = ['entries', 'expiries', 'records', 'feed', 'feed-expiries', 'feed-state'] as const
export type TableName = (typeof tableNames)[number]

/** Keys are in the order of their bytes. `put` and `remove` belong inside `write`, which waits for them as a whole. */
export interface Table {
  get(key: string): string | undefined
  put(key: string, value: string): unknown
  remove(key: string): unknown
  getKeys(range: Range): Iterable<string>
  getRange(range: Range): Iterable<{ readonly key: string; readonly value: string }>
}

/** Without `start`, or without `end`, which is not part of it, the range is open at that side. */
export interface Range {
  readonly start?: string
  readonly end?: string
  readonly limit?: number
}
