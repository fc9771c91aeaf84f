/** For how long a retired key opens what: credentials and most else for 37 hours, registrations of programs for 91 days. */
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { openKeyRing, type LiveKeyRing } from '../../src/credentials/key-ring-live.js'
import { createPurposeBox } from '../../src/credentials/purpose-box.js'
import { createRingFile } from '../../src/credentials/ring-file.js'
import { rotateRingFile } from '../../src/credentials/ring-rotation.js'
import { createSessionCredentials } from '../../src/credentials/sealed-credentials.js'
import { createClients } from '../../src/sso/clients.js'
import { testClock, type TestClock } from '../support/clock.js'
import { freshKey } from '../support/key-ring.js'
import { typicalSession } from '../support/session-arbitrary.js'
import { keptLog } from '../support/silent-log.js'

const hours = 3_600
const days = 86_400

let folder: string
let file: string
let clock: TestClock
let opened: LiveKeyRing[]
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rolegate-long-use-'))
  file = join(folder, 'keys.json')
  clock = testClock()
  opened = []
  await createRingFile(file, { random: randomBytes, now: clock.now })
})
afterEach(async () => {
  for (const ring of opened) ring.close()
  await rm(folder, { recursive: true, force: true })
})

async function open(source: { file: string } | { text: () => string; installation: string }) {
  const ring = await openKeyRing({
    ...source,
    random: randomBytes,
    now: clock.now,
    log: keptLog(),
    lookEveryMs: 2 ** 31 - 1,
  })
  opened.push(ring)
  return ring
}

async function rotate(): Promise<void> {
  clock.advance(60)
  const { outcome } = await rotateRingFile(file, { now: clock.now, random: randomBytes, force: false })
  expect(outcome).toBe('rotated')
}

/** One of each that is sealed now, and what still opens later. */
function sealedUnder(ring: LiveKeyRing) {
  const credentials = createSessionCredentials(ring, { random: randomBytes })
  const short = createPurposeBox(ring, 'sign-in')
  const clients = createClients({
    ids: createPurposeBox(ring, 'sso-client-id', { longUse: true }),
    secrets: createPurposeBox(ring, 'sso-client-secret', { longUse: true }),
    now: clock.now,
  })
  const long = createPurposeBox(ring, 'long', { longUse: true })
  const issued = credentials.issue(typicalSession)
  const [text, longText] = [short.seal('ada'), long.seal('ada')]
  const register = () => {
    const { clientId, clientSecret } = clients.register({
      name: 'aws',
      redirectUris: [],
      grantTypes: [],
      scopes: [],
    })
    return () =>
      clients.find(clientId) !== undefined && clients.authenticate(clientId, clientSecret).name === 'aws'
  }
  const isKnown = register()
  return {
    register,
    opens: () => ({
      token: credentials.open(issued.accessKeyId, issued.sessionToken) !== undefined,
      short: short.open(text) === 'ada',
      long: long.open(longText) === 'ada',
      registration: isKnown(),
    }),
  }
}

const all = { token: true, short: true, long: true, registration: true }
const longOnly = { token: false, short: false, long: true, registration: true }

describe.each(['a ring file', 'the text of a ring file'])('a key that was retired in %s', (kind) => {
  let text: string
  const take = async () => (text = await readFile(file, 'utf8'))
  const source = () => (kind === 'a ring file' ? { file } : { text: () => text, installation: '' })

  it('opens credentials for 37 hours and registrations for 91 days, to the second', async () => {
    await take()
    const ring = await open(source())
    const { opens, register } = sealedUnder(ring)
    clock.advance(60)
    const lastRegistration = register()
    await rotateRingFile(file, { now: clock.now, random: randomBytes, force: false })
    await take()
    await ring.reload()
    expect(opens()).toEqual(all)
    clock.advance(37 * hours - 1)
    expect(opens()).toEqual(all)
    clock.advance(1)
    expect(opens()).toEqual(longOnly)
    expect(ring.current().keys).toHaveLength(2)
    expect(ring.current().older).toHaveLength(1)
    // A server that starts now sees the same.
    const [late] = [await open(source())]
    expect(late.current().keys.map(({ id }) => id)).toEqual(ring.current().keys.map(({ id }) => id))
    expect(late.current().older.map(({ id }) => id)).toEqual(ring.current().older.map(({ id }) => id))
    clock.advance(90 * days - 37 * hours - 1)
    expect(lastRegistration()).toBe(true)
    clock.advance(1)
    // Over because 90 days are, not because of its key.
    expect(lastRegistration()).toBe(false)
    clock.advance(days - 1)
    expect(opens()).toMatchObject({ token: false, short: false, long: true })
    clock.advance(1)
    expect(opens()).toMatchObject({ token: false, short: false, long: false })
    expect(ring.current().older).toHaveLength(0)
    await ring.reload()
    expect(opens()).toMatchObject({ long: false })
    expect((await open(source())).current().older).toHaveLength(0)
  })

  it('does so however often the ring is rotated afterwards', async () => {
    await take()
    const ring = await open(source())
    const { opens } = sealedUnder(ring)
    for (let count = 0; count < 6; count += 1) {
      await rotate()
      await take()
      await ring.reload()
      clock.advance(10 * days)
    }
    expect(opens()).toEqual(longOnly)
    expect(ring.current().older).toHaveLength(6)
    clock.advance(30 * days)
    await rotate()
    await take()
    await ring.reload()
    expect(opens().long).toBe(true)
    clock.advance(days)
    expect(opens().long).toBe(false)
  })
})

describe('bare keys', () => {
  it('open everything as long as they are listed', async () => {
    const [old, fresh] = [freshKey(), freshKey()]
    let text = old
    const ring = await open({ text: () => text, installation: 'x' })
    const { opens } = sealedUnder(ring)
    text = `${fresh},${old}`
    await ring.reload()
    clock.advance(89 * days)
    expect(opens()).toEqual(all)
    text = fresh
    await ring.reload()
    expect(opens()).toEqual({ token: false, short: false, long: false, registration: false })
  })
})

describe('a box of long use', () => {
  it('follows the ring at every message, and tells it of keys that it misses', async () => {
    const ring = await open({ file })
    const box = createPurposeBox(ring, 'long', { longUse: true })
    await rotate()
    await ring.reload()
    const sealed = box.seal('ada')
    expect(Buffer.from(sealed, 'base64url').toString('hex', 1, 9)).toBe(ring.current().active.id)
    await rotate()
    const early = await open({ file })
    await rotate()
    await early.reload()
    const later = createPurposeBox(early, 'long', { longUse: true }).seal('ada')
    let missed = 0
    const told = createPurposeBox(
      { current: () => ring.current(), missedKey: () => void (missed += 1) },
      'long',
      { longUse: true },
    )
    expect(told.open(later)).toBeUndefined()
    expect(missed).toBe(1)
    await ring.reload()
    expect(told.open(later)).toBe('ada')
  })

  it('moves what an older key sealed under the active one', async () => {
    const ring = await open({ file })
    const box = createPurposeBox(ring, 'long', { longUse: true })
    const sealed = box.seal('ada')
    await rotate()
    await ring.reload()
    clock.advance(38 * hours)
    const renewed = box.renew(sealed)!
    expect(renewed).not.toBe(sealed)
    clock.advance(91 * days)
    expect([box.open(sealed), box.open(renewed)]).toEqual([undefined, 'ada'])
  })
})

describe('what is under the next key of the ring already', () => {
  it('is not moved back under the active one', async () => {
    const [early, late] = [await open({ file }), await open({ file })]
    await rotate()
    await early.reload()
    const sealed = createPurposeBox(early, 'kept').seal('ada')
    const box = createPurposeBox(late, 'kept')
    expect(box.open(sealed)).toBe('ada')
    expect(box.renew(sealed)).toBe(sealed)
    // Neither is that a way to have something else called good.
    const damaged = createHash('sha256').update(sealed).digest()
    const spoilt = Buffer.concat([Buffer.from(sealed, 'base64url').subarray(0, 33), damaged])
    expect(box.renew(spoilt.toString('base64url'))).toBeUndefined()
  })
})
