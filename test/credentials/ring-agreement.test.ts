import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { openKeyRing, type LiveKeyRing } from '../../src/credentials/key-ring-live.js'
import { keptUntil, keyRingOf, opensUntil, ringAt, type KeyRing } from '../../src/credentials/key-ring.js'
import { adoptRing, createRingAgreement, type RingAgreement } from '../../src/credentials/ring-agreement.js'
import {
  contributed,
  parseRingRecord,
  standingOf,
  type RingRecord,
} from '../../src/credentials/ring-record.js'
import { createEmbeddedStore } from '../../src/store/embedded-store.js'
import type { Store } from '../../src/store/store.js'
import { testClock, type TestClock } from '../support/clock.js'
import { freshKey } from '../support/key-ring.js'
import { keptLog } from '../support/silent-log.js'
import { until } from '../support/until.js'

interface Sketch {
  readonly installation?: string
  readonly active: string
  readonly next?: string
  readonly listed?: readonly string[]
  readonly retired?: Readonly<Record<string, string>>
}

interface Case {
  readonly name: string
  readonly record: Omit<RingRecord, 'installation'> | null
  readonly ring: Sketch
  readonly standing: string
  readonly reason?: string
  /** Absent: the record stays as it is. */
  readonly after?: Omit<RingRecord, 'installation'>
}

const cases = JSON.parse(
  readFileSync(new URL('ring-agreement-cases.json', import.meta.url), 'utf8'),
) as readonly Case[]

/** A ring whose keys have the ids of the sketch: agreement looks at ids only. */
function sketched({ installation = 'production', active, next, listed = [], retired = {} }: Sketch): KeyRing {
  const key = (id: string, end?: string) => ({
    ...keyRingOf({ installation, keys: [{ secret: freshKey(), state: 'active' }] }, 'sketch').active,
    id,
    ...(end === undefined
      ? {}
      : { end: { opensUntil: opensUntil(new Date(end)), keptUntil: keptUntil(new Date(end)) } }),
  })
  const keys = [
    key(active),
    ...(next === undefined ? [] : [key(next)]),
    ...listed.map((id) => key(id)),
    ...Object.entries(retired).map(([id, at]) => key(id, at)),
  ]
  return ringAt({ installation, active: keys[0]!, keys, older: [] }, testClock().now())
}

describe('how a ring stands to what the replicas agreed upon', () => {
  const now = testClock().now()
  it.each(cases.map((one) => [one.name, one] as const))('%s', (_, one) => {
    const ring = sketched(one.ring)
    const record = one.record === null ? undefined : { installation: 'production', ...one.record }
    if (record !== undefined) {
      const standing = standingOf(record, ring, now)
      expect(standing.state).toBe(one.standing)
      if (standing.state === 'foreign') {
        expect(standing.reason).toContain(one.reason)
        expect(standing.reason).toContain('rolegate keys adopt')
        return
      }
    }
    const after = contributed(record, ring, now)
    if (one.after === undefined) expect(after).toBe(record)
    else expect(after).toEqual({ installation: 'production', ...one.after })
    expect(parseRingRecord(JSON.stringify(after))).toEqual(after)
    expect(['agreed', 'behind']).toContain(standingOf(after, ring, now).state)
  })

  it.each(['', 'null', '[]', '{}', '{"installation":"x","active":"A","keys":["A"]}', 'x'])(
    'is not known from `%s`',
    (text) => {
      expect(parseRingRecord(text)).toBeUndefined()
    },
  )
})

describe('replicas that share a store', () => {
  let folder: string
  let store: Store
  let clock: TestClock
  let log: ReturnType<typeof keptLog>
  let running: { close(): unknown }[]
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rolegate-agreement-'))
    clock = testClock()
    log = keptLog()
    store = await createEmbeddedStore({ directory: folder, now: clock.now })
    running = []
  })
  afterEach(async () => {
    for (const one of running) await one.close()
    await store.close()
    await rm(folder, { recursive: true, force: true })
  })

  interface Replica {
    readonly ring: LiveKeyRing
    readonly agreement: RingAgreement
    /** Bare keys: the first is active. */
    give(...keys: readonly string[]): Promise<void>
  }

  async function replica(...keys: readonly string[]): Promise<Replica> {
    let text = keys.join()
    const shared = { now: clock.now, log }
    const ring = await openKeyRing({
      ...shared,
      text: () => text,
      installation: 'x',
      random: randomBytes,
    })
    const agreement = createRingAgreement({
      ...shared,
      ring,
      records: store.records,
      checkEveryMs: 2 ** 31 - 1,
    })
    running.push(agreement, ring)
    return {
      ring,
      agreement,
      async give(...next) {
        text = next.join()
        await ring.reload()
        await agreement.check()
      },
    }
  }
  const stateOf = ({ agreement }: Replica) => agreement.standing().state
  const refusal = (reason: string) => expect.objectContaining({ code: 'StoreUnavailable', reason })

  it('neither become ready nor issue before they know', async () => {
    const one = await replica(freshKey())
    expect(stateOf(one)).toBe('unknown')
    expect(() => one.agreement.issuing()).toThrow(refusal('keys:unknown'))
    await expect(one.agreement.ready()).rejects.toThrow(/unknown/)
    await one.agreement.check()
    expect(() => one.agreement.issuing()).not.toThrow()
    await expect(one.agreement.ready()).resolves.toBeUndefined()
  })

  it('of two that start at once with different rings, one is refused and says why', async () => {
    const both = [await replica(freshKey()), await replica(freshKey())]
    await Promise.all(both.map(({ agreement }) => agreement.check()))
    expect(both.map(stateOf).toSorted()).toEqual(['agreed', 'foreign'])
    const foreign = both.find((one) => stateOf(one) === 'foreign')!
    expect(() => foreign.agreement.issuing()).toThrow(refusal('keys:foreign'))
    expect(() => foreign.agreement.issuing()).toThrow('credentials cannot be issued here at the moment')
    await expect(foreign.agreement.ready()).rejects.toThrow(/foreign/)
    expect(log.lines.map(({ event }) => event).toSorted()).toEqual(['keys.agreed', 'keys.foreign'])
  })

  it('many that start at once with one ring all agree', async () => {
    const keys = [freshKey(), freshKey()]
    const all = await Promise.all(Array.from({ length: 12 }, () => replica(...keys)))
    await Promise.all(all.map(({ agreement }) => agreement.check()))
    expect(new Set(all.map(stateOf))).toEqual(new Set(['agreed']))
  })

  it('rotate one after the other, and all issue all the time', async () => {
    const [a, b, c] = [freshKey(), freshKey(), freshKey()]
    const [one, other] = [await replica(a, b), await replica(a, b)]
    await one.agreement.check()
    await other.agreement.check()
    await one.give(b, a, c)
    await other.agreement.check()
    expect([stateOf(one), stateOf(other)]).toEqual(['agreed', 'behind'])
    expect(() => other.agreement.issuing()).not.toThrow()
    expect(log.lines.map(({ event }) => event)).toContain('keys.behind')
    // Started again with the ring from before, it moves nothing back.
    const again = await replica(a, b)
    await again.agreement.check()
    await one.agreement.check()
    expect([stateOf(one), stateOf(again)]).toEqual(['agreed', 'behind'])
    await other.give(b, a, c)
    expect([stateOf(one), stateOf(other)]).toEqual(['agreed', 'agreed'])
    clock.advance(129_600 + 3_600)
    expect(stateOf(again)).toBe('foreign')
    expect(stateOf(one)).toBe('agreed')
  })

  it('refuse to issue under a key that the others were never given, from that moment on', async () => {
    const [a, b, c] = [freshKey(), freshKey(), freshKey()]
    const [one, other] = [await replica(a, b), await replica(a, b)]
    await one.agreement.check()
    await other.agreement.check()
    const given = one.give(c, a, b)
    await until(() => one.ring.current().keys.length === 3)
    expect(() => one.agreement.issuing()).toThrow(refusal('keys:foreign'))
    await given
    expect(stateOf(one)).toBe('foreign')
    await other.agreement.check()
    expect(stateOf(other)).toBe('agreed')
    await one.give(a, b, c)
    expect(stateOf(one)).toBe('agreed')
    await one.give(c, a, b)
    expect(stateOf(one)).toBe('agreed')
    // Whoever was not given the key in the meantime cannot open what the first one issues, and says so.
    await other.agreement.check()
    expect(stateOf(other)).toBe('foreign')
  })

  it('follow the ring that an operator adopts', async () => {
    const [one, other] = [await replica(freshKey()), await replica(freshKey())]
    await one.agreement.check()
    await other.agreement.check()
    expect([stateOf(one), stateOf(other)]).toEqual(['agreed', 'foreign'])
    await adoptRing(other.ring.current(), store.records)
    await one.agreement.check()
    await other.agreement.check()
    expect([stateOf(one), stateOf(other)]).toEqual(['foreign', 'agreed'])
  })

  it('do not trust a record that they cannot read, until an operator adopts a ring', async () => {
    await store.records.replace('key-ring', undefined, 'hello')
    const one = await replica(freshKey())
    await one.agreement.check()
    expect(one.agreement.standing()).toEqual({
      state: 'foreign',
      reason: expect.stringContaining('cannot be understood'),
    })
    await adoptRing(one.ring.current(), store.records)
    await one.agreement.check()
    expect(stateOf(one)).toBe('agreed')
  })

  it('write the record again when the store was emptied, the foreign ones last', async () => {
    const [one, other] = [await replica(freshKey()), await replica(freshKey())]
    await one.agreement.check()
    await other.agreement.check()
    const text = await store.records.get('key-ring')
    await store.records.replace('key-ring', text, undefined)
    await other.agreement.check()
    expect(await store.records.get('key-ring')).toBeUndefined()
    await one.agreement.check()
    expect(await store.records.get('key-ring')).toBe(text)
    await other.agreement.check()
    expect([stateOf(one), stateOf(other)]).toEqual(['agreed', 'foreign'])
    // When nobody else comes, the other one is the installation now.
    await store.records.replace('key-ring', text, undefined)
    await other.agreement.check()
    await other.agreement.check()
    expect(stateOf(other)).toBe('agreed')
  })

  it('go on with what they knew while the store is down; who never knew does not begin', async () => {
    const keys = [freshKey(), freshKey()]
    const known = await replica(...keys)
    await known.agreement.check()
    const late = await replica(...keys)
    await store.close()
    await known.agreement.check()
    await late.agreement.check()
    expect([stateOf(known), stateOf(late)]).toEqual(['agreed', 'unknown'])
    expect(() => known.agreement.issuing()).not.toThrow()
    expect(() => late.agreement.issuing()).toThrow(refusal('keys:unknown'))
    // A known next key may become active meanwhile, an unknown one may not.
    await known.give(keys[1]!, keys[0]!)
    expect(() => known.agreement.issuing()).not.toThrow()
    await known.give(freshKey(), ...keys)
    expect(() => known.agreement.issuing()).toThrow(refusal('keys:foreign'))
    expect(log.lines.filter(({ event }) => event === 'keys.recordUnreachable').length).toBeGreaterThan(0)
  })

  it('look by themselves, and at every change of the ring', async () => {
    const keys = [freshKey(), freshKey()]
    let text = keys.join()
    const shared = { now: clock.now, log }
    const ring = await openKeyRing({ ...shared, text: () => text, installation: 'x', random: randomBytes })
    const agreement = createRingAgreement({ ...shared, ring, records: store.records, checkEveryMs: 10 })
    running.push(agreement, ring)
    await until(() => agreement.standing().state === 'agreed')
    text = keys.toReversed().join()
    await ring.reload()
    await until(async () =>
      (await store.records.get('key-ring'))?.includes(`"active":"${ring.current().active.id}"`),
    )
  })
})
