/**
 * Whether credentials were ended before their time. Types and the port only: who revokes, how every replica hears of
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
