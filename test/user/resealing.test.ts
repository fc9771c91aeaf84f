/** That nothing of a user is lost with a key of the ring: at the start, at a rotation, and in a process that runs on. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { openKeyRing, type LiveKeyRing } from '../../src/credentials/key-ring-live.js'
import { createRingFile } from '../../src/credentials/ring-file.js'
import { rotateRingFile } from '../../src/credentials/ring-rotation.js'
import { createRingAgreement, type RingAgreement } from '../../src/credentials/ring-agreement.js'
import { createEmbeddedStore } from '../../src/store/embedded-store.js'
import { followFeed, type FeedFollower } from '../../src/store/feed-follower.js'
import type { Store } from '../../src/store/store.js'
import { keepResealed } from '../../src/user/resealing.js'
import { openUserRoom } from '../../src/user/user-room.js'
import { testClock, type TestClock } from '../support/clock.js'
import { freshKey } from '../support/key-ring.js'
import { keptLog } from '../support/silent-log.js'
import { until } from '../support/until.js'
import { account, keyRecordsOn, mfaOn, userOf } from './house.js'

const ann = userOf('ann')
const device = {
  userArn: ann.arn,
  userId: ann.id,
  serialNumber: `arn:aws:iam::${account}:mfa/ann`,
  enabledAt: new Date('2026-01-01T00:00:00Z'),
  secret: randomBytes(20),
}
/** What a key of the ring opens after its retirement. */
const openingSeconds = 37 * 3_600

let folder: string
let file: string
let clock: TestClock
let store: Store
let log: ReturnType<typeof keptLog>
let closing: { close(): unknown }[]
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rolegate-resealing-'))
  file = join(folder, 'keys.json')
  clock = testClock()
  log = keptLog()
  await createRingFile(file, { random: randomBytes, now: clock.now })
  store = await createEmbeddedStore({ directory: join(folder, 'store'), now: clock.now })
  closing = []
})
afterEach(async () => {
  for (const one of closing.toReversed()) await one.close()
  await store.close()
  await rm(folder, { recursive: true, force: true })
})

/** Looks at its file or text only when it is told to. */
async function ringOn(source: { file: string } | { text: () => string; installation: string }) {
  const deps = { ...source, random: randomBytes, now: clock.now, log, lookEveryMs: 2 ** 31 - 1 }
  const ring = await openKeyRing(deps)
  closing.push(ring)
  return ring
}

async function rotate(): Promise<void> {
  clock.advance(60)
  await rotateRingFile(file, { now: clock.now, random: randomBytes, force: false })
}

const keysOn = (ring: LiveKeyRing) => keyRecordsOn(store, ring, clock.now)
const devicesOn = (ring: LiveKeyRing) => mfaOn(store, ring, clock.now).devices

/** Ids of the ring's keys under which something of a user is. */
async function sealers(): Promise<ReadonlySet<string>> {
  const documents = await Promise.all(['user.keys:', 'user.mfa:'].map((prefix) => store.records.list(prefix)))
  const items = documents
    .flat()
    .flatMap(({ value }) => (JSON.parse(value) as { items: { sealed: string }[] }).items)
  return new Set(items.map(({ sealed }) => Buffer.from(sealed, 'base64url').toString('hex', 1, 9)))
}
const allUnder = (ring: LiveKeyRing) =>
  until(async () => {
    const ids = await sealers()
    return ids.size === 1 && ids.has(ring.current().active.id)
  })

function resealing(ring: LiveKeyRing, isLatestRing = () => Promise.resolve(true), everyMs = 2 ** 31 - 1) {
  const kept = keepResealed({
    keys: keysOn(ring),
    devices: devicesOn(ring),
    ring,
    isLatestRing,
    log,
    resealEveryMs: everyMs,
    resealAgainMs: 10,
  })
  closing.push(kept)
  return kept
}

async function createAll(ring: LiveKeyRing): Promise<void> {
  await keysOn(ring).create(ann)
  await devicesOn(ring).add(device)
}

async function expectAllReadable(ring: LiveKeyRing): Promise<void> {
  expect((await keysOn(ring).of(ann.arn)).map(({ key }) => key?.userArn)).toEqual([ann.arn])
  expect((await devicesOn(ring).of(ann.arn)).map(({ device: found }) => found?.secret)).toEqual([
    device.secret,
  ])
}

describe('what users have', () => {
  it('is sealed under the active key when a server starts with a ring that was rotated meanwhile', async () => {
    await createAll(await ringOn({ file }))
    await rotate()
    const ring = await ringOn({ file })
    clock.advance(openingSeconds - 1)
    resealing(ring)
    await allUnder(ring)
    clock.advance(1)
    await expectAllReadable(ring)
    expect(log.lines).toContainEqual(
      expect.objectContaining({ event: 'user.resealed', fields: { keys: 1, devices: 1 } }),
    )
  })

  it('is sealed anew at every rotation under a server that runs', async () => {
    const ring = await ringOn({ file })
    await createAll(ring)
    resealing(ring)
    for (let count = 0; count < 3; count += 1) {
      await rotate()
      await ring.reload()
      await allUnder(ring)
      clock.advance(openingSeconds)
    }
    await expectAllReadable(ring)
  })

  it('is sealed anew when it comes under a retired key later, in a process that runs for weeks', async () => {
    const ring = await ringOn({ file })
    const old = await ringOn({ file })
    resealing(ring, undefined, 20)
    await rotate()
    await ring.reload()
    clock.advance(36 * 3_600)
    // Somebody has not followed the ring for that long, and writes.
    await createAll(old)
    await allUnder(ring)
    clock.advance(3_600)
    await expectAllReadable(ring)
    for (let week = 0; week < 8; week += 1) {
      clock.advance(7 * 86_400)
      await expectAllReadable(ring)
    }
  })

  it('is left alone by a server whose ring is not the latest, until it is', async () => {
    const [old, fresh] = [freshKey(), freshKey()]
    const texts = { ahead: `${old},${fresh}`, behind: `${old},${fresh}` }
    const ahead = await ringOn({ text: () => texts.ahead, installation: 'x' })
    const behind = await ringOn({ text: () => texts.behind, installation: 'x' })
    await createAll(behind)
    const agreementOf = (ring: LiveKeyRing): RingAgreement => {
      const agreement = createRingAgreement({
        ring,
        records: store.records,
        now: clock.now,
        log,
        checkEveryMs: 2 ** 31 - 1,
      })
      closing.push(agreement)
      return agreement
    }
    const [first, second] = [agreementOf(ahead), agreementOf(behind)]
    await first.check()
    await second.check()
    texts.ahead = `${fresh},${old}`
    await ahead.reload()
    await first.check()
    await keysOn(ahead).reseal()
    await devicesOn(ahead).reseal()
    let asked = 0
    resealing(behind, async () => {
      await second.check()
      asked += 1
      return second.standing().state === 'agreed'
    })
    await until(() => asked >= 3)
    expect(second.standing().state).toBe('behind')
    expect(await sealers()).toEqual(new Set([ahead.current().active.id]))
    // Bare keys do not say which is the later one: without being asked it would have been moved back.
    await keysOn(behind).reseal()
    expect(await sealers()).toContain(behind.current().active.id)
    texts.behind = texts.ahead
    await behind.reload()
    await allUnder(ahead)
  })

  it('is not moved back by a process that reads the ring file a moment later', async () => {
    const [early, late] = [await ringOn({ file }), await ringOn({ file })]
    await rotate()
    await early.reload()
    await createAll(early)
    const before = await sealers()
    expect(await keysOn(late).reseal()).toEqual({ resealed: 0, unreadable: 0 })
    expect(await devicesOn(late).reseal()).toEqual({ resealed: 0, unreadable: 0 })
    expect(await sealers()).toEqual(before)
  })

  it('is tried again while the store is down, and what no key opens is said once', async () => {
    const ring = await ringOn({ file })
    await createAll(await ringOn({ text: () => freshKey(), installation: 'other' }))
    let down = true
    const records = keysOn(ring)
    const kept = keepResealed({
      keys: { reseal: () => (down ? Promise.reject(new Error('down')) : records.reseal()) },
      devices: devicesOn(ring),
      ring,
      isLatestRing: () => Promise.resolve(true),
      log,
      resealEveryMs: 10,
      resealAgainMs: 10,
    })
    closing.push(kept)
    const events = (name: string) => log.lines.filter(({ event }) => event === name)
    await until(() => events('user.resealFailed').length >= 2)
    down = false
    await until(() => events('user.sealedUnreadable').length > 0)
    const tried = events('user.resealFailed').length
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(events('user.sealedUnreadable')).toHaveLength(1)
    expect(events('user.resealFailed')).toHaveLength(tried)
  })
})

describe('the user room', () => {
  it('keeps both keys and devices sealed under a key that lasts', async () => {
    const ring = await ringOn({ file })
    await createAll(ring)
    const follower: FeedFollower = followFeed({ feed: store.feed, now: clock.now, intervalMs: 20, log })
    let isLatest = true
    const room = await openUserRoom({
      store,
      ring,
      follower,
      isLatestRing: () => Promise.resolve(isLatest),
      isAccount: (id) => id === account,
      issuer: () => 'Rolegate',
      random: randomBytes,
      now: clock.now,
      log,
    })
    closing.push(follower, room)
    await rotate()
    await ring.reload()
    await allUnder(ring)
    isLatest = false
    const before = await sealers()
    await rotate()
    await ring.reload()
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(await sealers()).toEqual(before)
  })
})
