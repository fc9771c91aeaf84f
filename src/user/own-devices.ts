/** What a page needs so that a person manages the MFA devices of the users that are theirs. Types only. */
import type { MfaVerification } from './mfa-device.js'
import type { User } from './user.js'

export interface OwnDevices {
  /** Those that count now, in the order of their enrolment. */
  list(user: User): Promise<readonly OwnDevice[]>
  /**
   * A new secret, shown once and kept nowhere.
   * @param name of the device; empty for the one that is named after the user.
   * @param holder who may confirm it, e.g. a sign-in.
   * @throws {Fault} `InvalidParameterValue` for a name that no device can have.
   */
  begin(user: User, name: string, holder: string): BegunEnrolment
  /** @returns what a confirmation would be for; undefined when it is over, somebody else's or not of our making. */
  resume(user: User, sealed: string, holder: string): BegunEnrolment | undefined
  /** @throws {Fault} `StoreUnavailable`. */
  confirm(
    user: User,
    sealed: string,
    holder: string,
    codes: readonly [first: string, second: string],
  ): Promise<'enabled' | 'wrong-codes' | 'exists' | 'full' | 'over'>
  /** @throws {Fault} `StoreUnavailable`. */
  verify(user: User, serialNumber: string, code: string): Promise<MfaVerification>
  /** Asks for nothing: verify a code before. @returns false when the user has no such device. */
  remove(user: User, serialNumber: string): Promise<boolean>
}

export interface OwnDevice {
  readonly serialNumber: string
  readonly enabledAt: Date
}

export interface BegunEnrolment {
  readonly serialNumber: string
  /** Base32, to be typed into an app. */
  readonly secretText: string
  /** Dark modules of the QR code as SVG path data in a square of `size` units, quiet zone included. */
  readonly qr: { readonly size: number; readonly path: string }
  /** To be given back with the codes within a quarter of an hour; worth nothing to anybody else. */
  readonly sealed: string
}
