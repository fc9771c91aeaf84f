/**
 * Documents that stay until somebody deletes them: long-term keys, MFA devices, signing keys. Few, small, kept for
 * years; each owner keeps its own key prefix and its own typed functions around this.
 *
 * Keys are those of the expiring store, in a space of their own: the same key there is something else. Values are
 * text, well formed in Unicode. Every method rejects with a Fault `StoreUnavailable` when the engine cannot answer in
 * time, and with a TypeError for a broken key.
 */
export interface RecordStore {
  /** What is there now, whichever process wrote it. */
  get(key: string): Promise<string | undefined>
  /**
   * Compares and swaps in one atomic step, durable when resolved. `undefined` is absence on either side:
   * (undefined, value) adds, (value, undefined) deletes. A Fault leaves open whether it took effect: read again.
   * @returns false, changing nothing, when what is there is not `expected`. Behind sentinels a write whose connection
   * broke is sent again, so there false may follow one's own success; true is certain.
   */
  replace(key: string, expected: string | undefined, value: string | undefined): Promise<boolean>
  /**
   * Every document whose key begins with `prefix` (all of them for the empty one), in the order of the keys' bytes.
   * Not a snapshot: what is written meanwhile may be in it or not.
   */
  list(prefix: string): Promise<readonly StoredRecord[]>
}

export interface StoredRecord {
  readonly key: string
  readonly value: string
}
