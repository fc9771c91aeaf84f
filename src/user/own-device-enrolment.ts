/**
 * Managing one's own devices on a page that remembers nothing: what was begun travels sealed in the page's form, bound
 * to the user and to the sign-in that began it.
 */
import type { PurposeBox } from '../credentials/purpose-box.js'
import type { Clock } from '../fault.js'
import type { MfaDevices } from './mfa-device.js'
import type { MfaDeviceRecords } from './mfa-device-records.js'
import type { Enrolment, MfaEnrolment } from './mfa-enrolment.js'
import type { BegunEnrolment, OwnDevices } from './own-devices.js'
import { drawQrCode } from './qr-code.js'
import { secretText } from './totp.js'
import type { User } from './user.js'

interface SealedEnrolment {
  readonly holder: string
  readonly userId: string
  readonly name: string
  /** base64 */
  readonly secret: string
  /** Milliseconds since 1970. */
  readonly until: number
}

const openForMs = 15 * 60 * 1000

export function createOwnDevices(deps: {
  readonly devices: MfaDeviceRecords
  readonly enrolment: MfaEnrolment
  readonly verification: MfaDevices
  /** Of a purpose of its own. */
  readonly box: PurposeBox
  readonly now: Clock
}): OwnDevices {
  const { devices, enrolment, verification, box, now } = deps

  const shown = ({ serialNumber, secret, uri }: Enrolment, sealed: string): BegunEnrolment => ({
    serialNumber,
    secretText: secretText(secret),
    qr: drawQrCode(uri),
    sealed,
  })

  function opened(user: User, sealed: string, holder: string): SealedEnrolment | undefined {
    const text = box.open(sealed)
    if (text === undefined) return undefined
    const content = JSON.parse(text) as SealedEnrolment
    const isTheirs = content.holder === holder && content.userId === user.id
    return isTheirs && content.until > now().getTime() ? content : undefined
  }

  const again = (user: User, { name, secret }: SealedEnrolment): Enrolment =>
    enrolment.begin(user, name, Buffer.from(secret, 'base64'))

  return {
    async list(user) {
      const stored = await devices.of(user.arn)
      return stored.flatMap(({ device }) =>
        device?.userId === user.id
          ? [{ serialNumber: device.serialNumber, enabledAt: device.enabledAt }]
          : [],
      )
    },
    begin(user, name, holder) {
      const made = enrolment.begin(user, name)
      const content: SealedEnrolment = {
        holder,
        userId: user.id,
        name,
        secret: made.secret.toString('base64'),
        until: now().getTime() + openForMs,
      }
      return shown(made, box.seal(JSON.stringify(content)))
    },
    resume(user, sealed, holder) {
      const content = opened(user, sealed, holder)
      return content && shown(again(user, content), sealed)
    },
    async confirm(user, sealed, holder, codes) {
      const content = opened(user, sealed, holder)
      if (content === undefined) return 'over'
      return enrolment.confirm(user, again(user, content), codes)
    },
    verify: (user, serialNumber, code) => verification.verify(user, serialNumber, code),
    remove: (user, serialNumber) => devices.remove(user.arn, serialNumber),
  }
}
