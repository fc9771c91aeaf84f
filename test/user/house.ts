/** The user room on a real store: users in memory, everything of theirs in LMDB or Redis. */
import { randomBytes } from 'node:crypto'
import { createPurposeBox } from '../../src/credentials/purpose-box.js'
import type { RingInForce } from '../../src/credentials/key-ring.js'
import type { Clock } from '../../src/fault.js'
import { followFeed } from '../../src/store/feed-follower.js'
import type { Store } from '../../src/store/store.js'
import { accessKeyPurpose, createAccessKeyRecords } from '../../src/user/access-key-records.js'
import { openAccessKeys } from '../../src/user/access-keys.js'
import { createMfaDeviceRecords, mfaDevicePurpose } from '../../src/user/mfa-device-records.js'
import { createMfaEnrolment } from '../../src/user/mfa-enrolment.js'
import { createMfaUsedCodes } from '../../src/user/mfa-used-codes.js'
import { createMfaVerification } from '../../src/user/mfa-verification.js'
import type { User } from '../../src/user/user.js'
import { keptLog } from '../support/silent-log.js'

export const account = '111122223333'

export function userOf(name: string, more: Partial<User> = {}): User {
  const path = more.path ?? '/'
  return {
    arn: `arn:aws:iam::${account}:user${path}${name}`,
    id: `AIDA${name.toUpperCase().padEnd(17, 'X')}`,
    account,
    name,
    path,
    permissions: [],
    tags: new Map(),
    ...more,
  }
}

export function keyRecordsOn(store: Store, ring: RingInForce, now: Clock) {
  const box = createPurposeBox(ring, accessKeyPurpose)
  return createAccessKeyRecords({ records: store.records, feed: store.feed, box, random: randomBytes, now })
}

/** One server's copy of the keys. */
export async function replicaOn(
  store: Store,
  ring: RingInForce,
  { now, intervalMs = 20, readAgainMs = 60_000 }: { now: Clock; intervalMs?: number; readAgainMs?: number },
) {
  const log = keptLog()
  const follower = followFeed({ feed: store.feed, now, intervalMs, log })
  const records = keyRecordsOn(store, ring, now)
  const keys = await openAccessKeys({
    keys: records,
    follower,
    isAccount: (id) => id === account || id === '222233334444',
    log,
    readAgainMs,
  })
  return {
    records,
    keys,
    follower,
    log,
    async close() {
      keys.close()
      await follower.close()
    },
  }
}

export function mfaOn(store: Store, ring: RingInForce, now: Clock) {
  const box = createPurposeBox(ring, mfaDevicePurpose)
  const devices = createMfaDeviceRecords({ records: store.records, box })
  const used = createMfaUsedCodes(store, now)
  return {
    devices,
    used,
    enrolment: createMfaEnrolment({ devices, used, issuer: () => 'Rolegate', random: randomBytes, now }),
    verification: createMfaVerification({ devices, used, now }),
  }
}
