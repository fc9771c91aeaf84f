/**
 * The port by which STS asks whether a password may be tried; who counts, and where, is not its business. Shared with
 * the sign-in page, so that guesses there and here draw on one budget.
 */
export interface PasswordThrottle {
  /**
   * Takes a place before the password is looked at.
   * @param account provider and user name, `corp/ada`, as the sign-in page names it.
   * @param address of the client, as the server sees it.
   * @throws {Fault} `StoreUnavailable`: without counting, no password is looked at.
   */
  attempt(account: string, address: string): Promise<PasswordAttempt>
}

export type PasswordAttempt =
  | {
      readonly allowed: true
      succeeded(): Promise<void>
      /** The password could not be judged, so the attempt does not count. */
      abandoned(): Promise<void>
    }
  | { readonly allowed: false; readonly retryAfterSeconds: number }
