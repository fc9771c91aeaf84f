/**
 * `SerialNumber` and `TokenCode`: a code of the calling user's own device, checked before the broker is asked. A code
 * is never recorded and never echoed; one that was accepted is used up, whatever becomes of the request.
 */
import type { Clock } from '../fault.js'
import type { Caller } from '../role/caller.js'
import type { RoleDirectory } from '../role/role.js'
import type { MfaDevices, MfaVerification } from '../user/mfa-device.js'
import type { User } from '../user/user.js'
import type { Validation } from './validation.js'
import { refusal, type Refusal } from './wire-errors.js'

const serialNumberText = { min: 9, max: 256, pattern: '[\\w+=/:,.@-]*' }
const tokenCodeText = { min: 6, max: 6, pattern: '[\\d]*', sensitive: true } as const

export interface MfaDeps {
  readonly mfa: MfaDevices
  /** The directory in force now. */
  readonly directory: () => RoleDirectory
  readonly now: Clock
}

export interface MfaParameters {
  readonly serialNumber: string
  readonly code: string
}

export type MfaOutcome =
  | { readonly ok: true; readonly multiFactor?: { readonly at: Date; readonly serialNumber: string } }
  | { readonly ok: false; readonly refusal: Refusal }

/** @returns undefined when neither was sent; when one is missing it is empty, which `refuseMfa` reports. */
export function readMfa(check: Validation): MfaParameters | undefined {
  const serialNumber = check.text('SerialNumber', serialNumberText)
  const code = check.text('TokenCode', tokenCodeText)
  if (serialNumber === undefined && code === undefined) return undefined
  return { serialNumber: serialNumber ?? '', code: code ?? '' }
}

export function refuseMfa(given: MfaParameters | undefined): Refusal | undefined {
  return given !== undefined && (given.serialNumber === '' || given.code === '')
    ? denied(', must provide both MFA serial number and one time pass code.', 'sts:mfa-incomplete')
    : undefined
}

/** What of them goes into the record. */
export function recordableMfa(given: MfaParameters | undefined): { readonly serialNumber?: string } {
  return given === undefined ? {} : { serialNumber: given.serialNumber }
}

/**
 * Only a user has devices: whoever signs with a long-term key, or with a session of GetSessionToken, which acts as the
 * same user.
 * @throws {Fault} `StoreUnavailable`.
 */
export async function verifyMfa(
  caller: Caller,
  given: MfaParameters | undefined,
  deps: MfaDeps,
): Promise<MfaOutcome> {
  if (given === undefined) return { ok: true }
  const { serialNumber, code } = given
  const user = userBehind(caller, deps.directory())
  const verification = user === undefined ? 'unknown-device' : await deps.mfa.verify(user, serialNumber, code)
  return verification === 'accepted'
    ? { ok: true, multiFactor: { at: deps.now(), serialNumber } }
    : { ok: false, refusal: refusals[verification] }
}

function userBehind(caller: Caller, directory: RoleDirectory): User | undefined {
  if (caller.type === 'user') return caller.user
  return caller.session.type === 'user' ? directory.user(caller.session.userArn) : undefined
}

/** AWS's words, blanks included. A device that is locked says what a wrong code says. */
const wrongCode = ' with invalid MFA one time pass code. '
const refusals: Readonly<Record<Exclude<MfaVerification, 'accepted'>, Refusal>> = {
  'unknown-device': denied(
    ', unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.',
    'sts:mfa-device',
  ),
  'wrong-code': denied(wrongCode, 'sts:mfa'),
  locked: denied(wrongCode, 'sts:mfa-locked'),
}

function denied(detail: string, reason: string): Refusal {
  return refusal('AccessDenied', `MultiFactorAuthentication failed${detail}`, reason)
}
