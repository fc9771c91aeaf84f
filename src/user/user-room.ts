/**
 * Everything that users have beside their declaration, put together: access keys, MFA devices, and keeping both sealed
 * under a key of the ring that lasts.
 */
import { createPurposeBox } from '../credentials/purpose-box.js'
import type { LiveKeyRing } from '../credentials/key-ring-live.js'
import type { Clock, RandomBytes } from '../fault.js'
import type { Log } from '../operation/log.js'
import type { FeedFollower } from '../store/feed-follower.js'
import type { Store } from '../store/store.js'
import { accessKeyPurpose, createAccessKeyRecords } from './access-key-records.js'
import { openAccessKeys } from './access-keys.js'
import type { LongTermKeys } from './long-term-key.js'
import type { MfaDevices } from './mfa-device.js'
import { createMfaDeviceRecords, mfaDevicePurpose } from './mfa-device-records.js'
import { createMfaEnrolment } from './mfa-enrolment.js'
import { createMfaUsedCodes } from './mfa-used-codes.js'
import { createMfaVerification } from './mfa-verification.js'
import { createOwnDevices } from './own-device-enrolment.js'
import type { OwnDevices } from './own-devices.js'
import { keepResealed } from './resealing.js'

export interface UserRoom {
  readonly keys: LongTermKeys
  readonly mfa: MfaDevices
  readonly ownDevices: OwnDevices
  /** For ever, whatever else is known of the key. @returns false when there is none of this id. */
  deleteKey(accessKeyId: string): Promise<boolean>
  close(): void
}

/** Resolves also while the store is down; then keys are known as soon as it answers. */
export async function openUserRoom(deps: {
  readonly store: Store
  readonly ring: LiveKeyRing
  readonly follower: FeedFollower
  /** Whether no other server seals under a later key of the ring; absent where no other server has a ring of its own. */
  readonly isLatestRing?: () => Promise<boolean>
  /** Whether there is such an account: 12 digits. */
  readonly isAccount: (account: string) => boolean
  /** What an authenticator app shows above the code. */
  readonly issuer: () => string
  readonly random: RandomBytes
  readonly now: Clock
  readonly log: Pick<Log, 'info' | 'warn'>
}): Promise<UserRoom> {
  const { store, ring, random, now, log } = deps
  const keyBox = createPurposeBox(ring, accessKeyPurpose, { random })
  const keys = createAccessKeyRecords({ ...store, box: keyBox, random, now })
  const devices = createMfaDeviceRecords({
    records: store.records,
    box: createPurposeBox(ring, mfaDevicePurpose, { random }),
  })
  const used = createMfaUsedCodes(store, now)
  const enrolment = createMfaEnrolment({ ...deps, devices, used })
  const verification = createMfaVerification({ devices, used, now })
  const live = await openAccessKeys({ ...deps, keys })

  const resealed = keepResealed({
    keys,
    devices,
    ring,
    isLatestRing: deps.isLatestRing ?? (() => Promise.resolve(true)),
    log,
  })

  return {
    keys: live,
    async deleteKey(accessKeyId) {
      const found = (await keys.all()).find((stored) => stored.accessKeyId === accessKeyId)
      return found !== undefined && keys.delete(found.userArn, accessKeyId)
    },
    mfa: verification,
    ownDevices: createOwnDevices({
      devices,
      enrolment,
      verification,
      box: createPurposeBox(ring, 'mfa-enrolment', { random }),
      now,
    }),
    close() {
      resealed.close()
      live.close()
    },
  }
}
