import type { Session, TemporaryCredentials, UnnamedSession } from '../role/session.js'

/** Mints and opens sealed session credentials. No store, no look-up: any replica with the key ring can do both. */
export interface SessionCredentials {
  /**
   * @param minimumTokenLength characters, 0 to 4,096: a shorter session token is padded to at least that.
   * @throws {Fault} `PackedPolicyTooLarge` when the sealed token would not fit into request headers.
   */
  issue<Kind extends UnnamedSession>(
    session: Kind,
    minimumTokenLength?: number,
  ): TemporaryCredentials & { readonly session: Kind & { readonly accessKeyId: string } }
  /**
   * @returns undefined when the token was not sealed by this installation, was altered, or belongs to another
   * access key id. Does not look at the expiry: the caller answers that one differently.
   */
  open(accessKeyId: string, sessionToken: string): OpenedCredentials | undefined
}

export interface OpenedCredentials {
  readonly session: Session
  readonly secretAccessKey: string
  /** False once the key ring has changed, with which the key that opened it may be gone. For whoever remembers this. */
  readonly stillOpens: () => boolean
}
