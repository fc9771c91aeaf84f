/**
 * Keeps what users have sealed under a key of the ring that lasts: a retired key opens it for 37 hours only. Done at
 * the start, when the ring changes, and every hour, because somebody who is late to follow the ring, or a restored
 * copy of the store, may bring back what is under a retired key at any time.
 */
import type { LiveKeyRing } from '../credentials/key-ring-live.js'
import type { Log } from '../operation/log.js'
import type { AccessKeyRecords } from './access-key-records.js'
import type { MfaDeviceRecords } from './mfa-device-records.js'
import type { Resealing } from './sealed-documents.js'

export interface ResealedUsers {
  readonly keys: Resealing
  readonly devices: Resealing
}

export interface SealedRecords {
  readonly keys: Pick<AccessKeyRecords, 'reseal'>
  readonly devices: Pick<MfaDeviceRecords, 'reseal'>
}

const resealEveryMs = 3_600_000
const resealAgainMs = 60_000

/** Seals all that users have under the active key. @throws {Fault} `StoreUnavailable`; then some is, some is not. */
export async function resealUsers({ keys, devices }: SealedRecords): Promise<ResealedUsers> {
  return { keys: await keys.reseal(), devices: await devices.reseal() }
}

/** Begins at once. What cannot be done now is done a minute later. */
export function keepResealed(
  deps: SealedRecords & {
    readonly ring: Pick<LiveKeyRing, 'onChange'>
    /** Whether no other server seals under a later key: theirs must not be undone. Asked every time. */
    readonly isLatestRing: () => Promise<boolean>
    readonly log: Pick<Log, 'info' | 'warn'>
    readonly resealEveryMs?: number
    readonly resealAgainMs?: number
  },
): { close(): void } {
  const { ring, isLatestRing, log } = deps
  const every = deps.resealEveryMs ?? resealEveryMs
  const again = deps.resealAgainMs ?? resealAgainMs
  let unreadable = 0
  let closed = false
  let timer: NodeJS.Timeout | undefined

  /** @returns in how many milliseconds to do it next. */
  async function reseal(): Promise<number> {
    if (!(await isLatestRing())) return again
    const { keys, devices } = await resealUsers(deps)
    const resealed = { keys: keys.resealed, devices: devices.resealed }
    if (resealed.keys + resealed.devices > 0) log.info('user.resealed', resealed)
    const sum = keys.unreadable + devices.unreadable
    if (sum !== unreadable && sum > 0)
      log.warn('user.sealedUnreadable', { keys: keys.unreadable, devices: devices.unreadable })
    unreadable = sum
    return every
  }

  async function resealNow(): Promise<void> {
    if (closed) return
    clearTimeout(timer)
    const next = await reseal().catch((cause: unknown) => {
      if (!closed) log.warn('user.resealFailed', { cause })
      return again
    })
    if (closed) return
    timer = setTimeout(inTurn, next)
    timer.unref()
  }

  let queue: Promise<void> = Promise.resolve()
  function inTurn(): void {
    queue = queue.then(resealNow)
  }
  inTurn()
  const stop = ring.onChange(inTurn)
  return {
    close() {
      closed = true
      clearTimeout(timer)
      stop()
    },
  }
}
