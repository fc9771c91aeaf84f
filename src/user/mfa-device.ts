/** Virtual MFA devices (RFC 6238) of users, as those see them who only want a code checked. */
import type { User } from './user.js'

export type MfaVerification =
  | 'accepted'
  /** No enrolled device of this user has that serial number. */
  | 'unknown-device'
  /** Wrong, or used before: one code is never accepted twice. */
  | 'wrong-code'
  /** Too many wrong codes lately. */
  | 'locked'

export interface MfaDevices {
  /**
   * @param serialNumber `arn:aws:iam::<account>:mfa/<path><user name>`, compared exactly.
   * @throws {Fault} `StoreUnavailable`: without the shared record of used codes none is accepted.
   */
  verify(user: User, serialNumber: string, code: string): Promise<MfaVerification>
}
