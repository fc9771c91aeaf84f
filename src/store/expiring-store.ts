/**
 * Values that expire. One port serves sign-in sessions, pending sign-ins, used assertion ids, device codes and
 * tokens; each owner keeps its own key prefix and its own typed functions around this.
 *
 * Keys are at most 512 bytes of `[A-Za-z0-9:._-]`: owners hash whatever a stranger may choose. Values are text.
 * Every method rejects with a Fault `StoreUnavailable` when the engine cannot answer in time.
 */
export interface ExpiringStore {
  put(key: string, value: string, expiresAt: Date): Promise<void>
  /** @returns false, changing nothing, when the key is already there. This is replay protection. */
  add(key: string, value: string, expiresAt: Date): Promise<boolean>
  /** @returns undefined when absent or expired. */
  get(key: string): Promise<string | undefined>
  /** Reads and deletes in one atomic step; of two callers, one gets undefined. */
  take(key: string): Promise<string | undefined>
  /** Resolves when the engine answers a round trip; for readiness. */
  ping(): Promise<void>
  close(): Promise<void>
}
