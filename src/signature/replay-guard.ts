/** The port by which a signature is used once; absent where two uses are legitimate, as they are for stock clients. */
export interface ReplayGuard {
  /**
   * @param until when the signature is too old to be accepted anyway.
   * @returns false when this signature was used before, at any replica.
   * @throws {Fault} `StoreUnavailable`: without the shared record nothing is accepted.
   */
  use(signature: string, until: Date): Promise<boolean>
}
