/**
 * Whether credentials were ended before their time. Types and the ports only: who revokes, how every replica hears of
 * it and what happens when one no longer does are `revocation-*.ts`.
 */
import type { Session } from '../role/session.js'

export interface Revocations {
  /**
   * Looks at the session, at every link of its chain and at the person behind it. No I/O.
   * @throws {Fault} `StoreUnavailable` when the feed of revocations is lost and the configuration says to refuse then.
   */
  ends(session: Session): boolean
  /** As `ends`, for a user's long-term key. */
  endsKey(accessKeyId: string): boolean
}

/** What an identity provider said when somebody signed in: the members of an Assertion by which it can be ended. */
export interface SignInFacts {
  /** `saml` and `oidc` speak of times by their own clocks. */
  readonly kind: string
  readonly issuer: string
  readonly subject: string
  readonly providerSession?: string
  readonly authenticatedAt: Date
}

/** The same for people's own sessions, in the portal and on the command line. */
export interface SignInRevocations {
  /**
   * Whether this sign-in was ended, by its person or by its provider's session. No I/O.
   * @param beganAt when it began here, where that is known.
   * @throws {Fault} `StoreUnavailable` as `Revocations.ends`.
   */
  endsSignIn(signIn: SignInFacts, beganAt?: Date): boolean
}
