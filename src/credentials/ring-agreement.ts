/**
 * That all replicas of an installation open what each of them issues. They share one record of key ids; a replica
 * whose ring does not fit it neither becomes ready nor issues, and says in the log what to do.
 *
 * While the store is down the last known answer stays, so that issuing goes on. What is sealed and opened is decided
 * by the ring alone; the record only decides whether this replica may issue.
 */
import { Fault, type Clock } from '../fault.js'
import type { RecordStore } from '../store/record-store.js'
import type { LiveKeyRing, RingLog } from './key-ring-live.js'
import type { KeyRing } from './key-ring.js'
import {
  adoptHint,
  contributed,
  parseRingRecord,
  recordOf,
  standingOf,
  type RingRecord,
  type Standing,
} from './ring-record.js'

export type RingRecords = Pick<RecordStore, 'get' | 'replace'>

export interface RingAgreement {
  /** Asks the shared record now; done at every change of the ring and regularly, too. Never rejects. */
  check(): Promise<void>
  /** `unknown` until the record has been read once. */
  standing(): Standing | { readonly state: 'unknown' }
  /** For readiness. @throws {Error} when this replica is foreign or does not know yet. */
  ready(): Promise<void>
  /**
   * Asked before anything is issued that other replicas must open.
   * @throws {Fault} `StoreUnavailable`, reason `keys:foreign` or `keys:unknown`.
   */
  issuing(): void
  close(): void
}

const recordKey = 'key-ring'
const checkEveryMs = 10_000
/** Replicas that start at once write after each other; more than a few rounds is no race any more. */
const rounds = 8

export function createRingAgreement(deps: {
  readonly ring: Pick<LiveKeyRing, 'current' | 'onChange'>
  readonly records: RingRecords
  readonly now: Clock
  readonly log: RingLog & { warn(event: string, fields?: Readonly<Record<string, unknown>>): void }
  readonly checkEveryMs?: number
}): RingAgreement {
  const { ring, records, now, log } = deps
  let known: RingRecord | 'unreadable' | undefined
  let wasMissing = false
  let told = ''

  const standing = (): ReturnType<RingAgreement['standing']> => {
    if (known === undefined) return { state: 'unknown' }
    if (known === 'unreadable')
      return { state: 'foreign', reason: `the shared record of keys cannot be understood; ${adoptHint}` }
    return standingOf(known, ring.current(), now())
  }

  async function agree(): Promise<void> {
    for (let round = 0; round < rounds; round += 1) {
      const text = await records.get(recordKey)
      const record = text === undefined ? undefined : (parseRingRecord(text) ?? 'unreadable')
      if (record === undefined && !mayClaim()) return
      wasMissing = false
      if (record !== undefined) known = record
      if (record === 'unreadable') return
      const current = ring.current()
      if (record !== undefined && standingOf(record, current, now()).state === 'foreign') return
      const next = contributed(record, current, now())
      if (next === record) return
      if (await records.replace(recordKey, text, JSON.stringify(next))) {
        known = next
        return
      }
    }
  }

  /** When the store was emptied, a foreign replica lets the others go first. */
  function mayClaim(): boolean {
    const isFirst = standing().state !== 'foreign' || wasMissing
    wasMissing = true
    return isFirst
  }

  function tell(unreachable?: unknown): void {
    const at = standing()
    const active = ring.current().active.id
    const line = `${at.state} ${active} ${unreachable === undefined ? '' : 'unreachable'}`
    if (line === told) return
    told = line
    if (at.state === 'foreign') log.error('keys.foreign', { active, reason: at.reason })
    else if (at.state === 'behind')
      log.warn('keys.behind', { active, opensElsewhereUntil: at.until.toISOString(), otherwise: adoptHint })
    else if (at.state === 'agreed') log.info('keys.agreed', { active })
    if (unreachable !== undefined)
      log.warn('keys.recordUnreachable', { cause: unreachable, standing: at.state })
  }

  let queue: Promise<void> = Promise.resolve()
  const check = (): Promise<void> => (queue = queue.then(agree).then(() => tell(), tell))
  let timer: NodeJS.Timeout | undefined
  let closed = false
  const checkLater = (): void => {
    if (closed) return
    timer = setTimeout(() => void check().then(checkLater), deps.checkEveryMs ?? checkEveryMs)
    timer.unref()
  }
  checkLater()
  const unfollow = ring.onChange(() => void check())

  return {
    check,
    standing,
    async ready() {
      const { state } = standing()
      if (state === 'foreign' || state === 'unknown')
        throw new Error(`the key ring is ${state} to the others`)
    },
    issuing() {
      const { state } = standing()
      if (state === 'foreign' || state === 'unknown')
        throw new Fault('StoreUnavailable', 'credentials cannot be issued here at the moment, try again', {
          reason: `keys:${state}`,
        })
    },
    close() {
      closed = true
      clearTimeout(timer)
      unfollow()
    },
  }
}

/**
 * Makes this ring the one that the others must agree with, whatever the record said. For an operator who knows why.
 * @throws {Fault} `StoreUnavailable`; {Error} when replicas keep writing in between.
 */
export async function adoptRing(ring: KeyRing, records: RingRecords): Promise<void> {
  const wanted = JSON.stringify(recordOf(ring))
  for (let round = 0; round < rounds; round += 1) {
    const text = await records.get(recordKey)
    if (text === wanted || (await records.replace(recordKey, text, wanted))) return
  }
  throw new Error('the record of keys changes all the time: try again')
}
