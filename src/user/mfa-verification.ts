/**
 * Whether a code of a user's MFA device counts: right within one step either way, not used before, and not one of too
 * many guesses. Devices, used codes and guesses are asked of the shared store every time, and without it no code counts.
 */
import type { Clock } from '../fault.js'
import type { MfaDevices } from './mfa-device.js'
import type { MfaDeviceRecords } from './mfa-device-records.js'
import type { MfaUsedCodes } from './mfa-used-codes.js'
import { stepAt, stepOfCode } from './totp.js'

export function createMfaVerification(deps: {
  readonly devices: Pick<MfaDeviceRecords, 'of'>
  readonly used: MfaUsedCodes
  readonly now: Clock
}): MfaDevices {
  const { devices, used, now } = deps
  return {
    async verify(user, serialNumber, code) {
      const stored = await devices.of(user.arn)
      const device = stored.find((one) => one.serialNumber === serialNumber)?.device
      if (device === undefined || device.userId !== user.id) return 'unknown-device'
      const attempt = await used.attempt(device)
      if (attempt === undefined) return 'locked'
      const step = stepAt(now())
      const right = stepOfCode(device.secret, code, [step, step - 1, step + 1])
      if (right === undefined || !(await used.use(device, right))) return 'wrong-code'
      // The code is used up, so the answer stands; places that were not given back only pass by themselves.
      await attempt.succeeded().catch(() => undefined)
      return 'accepted'
    },
  }
}
