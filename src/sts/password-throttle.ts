/** The port by which STS asks whether a password may be tried; who counts, and where, is not its business. */
export interface PasswordThrottle {
  /**
   * Counts an attempt before it is made, so that a burst cannot outrun the counter.
   * @param account provider and user name; address as the server sees it.
   * @returns seconds until the next attempt; undefined when this one may be made.
   */
  attempt(account: string, address: string): Promise<number | undefined>
  /** A right password: takes the attempt back. */
  succeeded(account: string, address: string): Promise<void>
}
