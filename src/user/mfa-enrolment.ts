/**
 * How a virtual MFA device comes to a user: a secret that is shown once, two codes that follow one another as a proof
 * that the app has it, as at AWS (CreateVirtualMFADevice, EnableMFADevice). Until then nothing is kept: whoever asked
 * holds the enrolment.
 */
import { Fault, type Clock, type RandomBytes } from '../fault.js'
import type { MfaDeviceRecords } from './mfa-device-records.js'
import type { MfaUsedCodes } from './mfa-used-codes.js'
import { otpauthUri, secretBytes, stepAt, stepOfCode } from './totp.js'
import type { User } from './user.js'

export interface Enrolment {
  readonly serialNumber: string
  readonly secret: Buffer
  /** For a QR code. */
  readonly uri: string
}

export type EnrolmentOutcome =
  | 'enabled'
  /** Wrong, not one after the other, or too old. */
  | 'wrong-codes'
  /** The user has a device of this name. */
  | 'exists'
  /** The user has eight devices. */
  | 'full'

export interface MfaEnrolment {
  /**
   * @param name of the device; empty for one that is named after the user.
   * @param secret one that was made elsewhere; by default 20 random bytes.
   * @throws {Fault} `InvalidParameterValue` for a name that no device can have.
   */
  begin(user: User, name: string, secret?: Buffer): Enrolment
  /** @throws {Fault} `StoreUnavailable`. */
  confirm(
    user: User,
    enrolment: Pick<Enrolment, 'serialNumber' | 'secret'>,
    codes: readonly [first: string, second: string],
  ): Promise<EnrolmentOutcome>
}

/** The IAM model's serialNumberType. */
const longestSerialNumber = 256

export function createMfaEnrolment(deps: {
  readonly devices: Pick<MfaDeviceRecords, 'add'>
  readonly used: MfaUsedCodes
  /** What the app shows above the code. */
  readonly issuer: () => string
  readonly random: RandomBytes
  readonly now: Clock
}): MfaEnrolment {
  const { devices, used, issuer, random, now } = deps
  return {
    begin(user, name, secret = random(secretBytes.made)) {
      const serialNumber = serialNumberOf(user, name)
      const label = name === '' ? `${user.name}@${user.account}` : `${user.name}@${user.account} ${name}`
      return { serialNumber, secret, uri: otpauthUri({ issuer: issuer(), label, secret }) }
    },

    async confirm(user, { serialNumber, secret }, [first, second]) {
      const step = stepAt(now())
      const after = [step, step - 1, step + 1].find(
        (one) =>
          stepOfCode(secret, second, [one]) !== undefined &&
          stepOfCode(secret, first, [one - 1]) !== undefined,
      )
      if (after === undefined) return 'wrong-codes'
      const device = { userArn: user.arn, userId: user.id, serialNumber, secret, enabledAt: now() }
      for (const one of [after - 1, after]) if (!(await used.use(device, one))) return 'wrong-codes'
      const outcome = await devices.add(device)
      return outcome === 'added' ? 'enabled' : outcome
    },
  }
}

/**
 * `arn:aws:iam::<account>:mfa/<path><user name>`, and `/<device name>` behind it where the device has one.
 * @throws {Fault} `InvalidParameterValue`.
 */
export function serialNumberOf({ account, path, name: userName }: User, name: string): string {
  if (!/^[\w+=,.@-]{0,64}$/.test(name))
    throw new Fault(
      'InvalidParameterValue',
      `\`${name}\` is no name of an MFA device: up to 64 letters, digits and + = , . @ _ -`,
    )
  const serialNumber = `arn:aws:iam::${account}:mfa${path}${userName}${name === '' ? '' : `/${name}`}`
  if (serialNumber.length > longestSerialNumber)
    throw new Fault(
      'InvalidParameterValue',
      `\`${serialNumber}\` would be longer than the 256 characters of a serial number`,
    )
  return serialNumber
}
