/**
 * Access keys that stay until somebody deactivates or deletes them. Types and the port only: `access-keys.ts` keeps
 * them sealed in the store and a copy in memory, so that a signature can be checked while the store is down.
 */
export interface LongTermKey {
  /** `AKIA…`, 20 characters; the account can be read from it. */
  readonly accessKeyId: string
  readonly userArn: string
  /** `AIDA…` at the time of making: a user that was removed and declared again under another id is another one. */
  readonly userId: string
  /** 40 characters of the base64 alphabet. */
  readonly secretAccessKey: string
  readonly active: boolean
  readonly createdAt: Date
}

export interface LongTermKeys {
  /**
   * @returns undefined for a key that nobody has; a deactivated one is returned.
   * @throws {Fault} `StoreUnavailable` when it is not known here and the store cannot be asked.
   */
  find(accessKeyId: string): Promise<LongTermKey | undefined> | LongTermKey | undefined
}
