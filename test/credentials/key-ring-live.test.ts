import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { openKeyRing, type KeyRingSource, type LiveKeyRing } from '../../src/credentials/key-ring-live.js'
import { createKeyedDigest } from '../../src/credentials/keyed-digest.js'
import { createPurposeBox } from '../../src/credentials/purpose-box.js'
import { rotateRingFile } from '../../src/credentials/ring-rotation.js'
import { createSessionCredentials } from '../../src/credentials/sealed-credentials.js'
import { testClock, type TestClock } from '../support/clock.js'
import { freshKey } from '../support/key-ring.js'
import { typicalSession } from '../support/session-arbitrary.js'
import { keptLog } from '../support/silent-log.js'
import { until } from '../support/until.js'

let folder: string
let file: string
let clock: TestClock
let log: ReturnType<typeof keptLog>
let opened: LiveKeyRing[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rolegate-live-keys-'))
  file = join(folder, 'keys.json')
  clock = testClock()
  log = keptLog()
  opened = []
})
afterEach(async () => {
  for (const ring of opened) ring.close()
  await rm(folder, { recursive: true, force: true })
})

/** `never`: looks only when it is told to. */
async function open(
  source: KeyRingSource = { file },
  look: 'often' | 'never' = 'never',
): Promise<LiveKeyRing> {
  const lookEveryMs = look === 'often' ? 10 : 2 ** 31 - 1
  const ring = await openKeyRing({ ...source, random: randomBytes, now: clock.now, log, lookEveryMs })
  opened.push(ring)
  return ring
}

async function rotate(force = false): Promise<void> {
  clock.advance(60)
  const { outcome } = await rotateRingFile(file, { now: clock.now, random: randomBytes, force })
  expect(outcome).toBe('rotated')
}

const credentialsOf = (ring: LiveKeyRing) => createSessionCredentials(ring, { random: randomBytes })
const eventsOf = () => log.lines.map(({ event }) => event)

describe('TOK-08: rotation under a running server', () => {
  it('is picked up without being told', async () => {
    const ring = await open({ file }, 'often')
    const before = ring.current()
    await rotate()
    const after = await until(() => ring.current() !== before && ring.current())
    expect(after.active.id).toBe(before.keys[1]!.id)
    expect(after.keys).toHaveLength(3)
    expect(eventsOf()).toEqual(['keys.changed'])
    expect(JSON.stringify(log.lines)).not.toContain(
      (JSON.parse(await readFile(file, 'utf8')) as { keys: { secret: string }[] }).keys[0]!.secret,
    )
  })

  it('never makes a token that a server without the new file cannot open', async () => {
    const [early, late] = [await open(), await open()]
    await rotate()
    await early.reload()
    expect(early.current().active.id).not.toBe(late.current().active.id)
    const [one, other] = [credentialsOf(early), credentialsOf(late)]
    const issued = one.issue(typicalSession)
    expect(other.open(issued.accessKeyId, issued.sessionToken)?.secretAccessKey).toBe(issued.secretAccessKey)
    const old = other.issue(typicalSession)
    expect(one.open(old.accessKeyId, old.sessionToken)?.secretAccessKey).toBe(old.secretAccessKey)
  })

  it('lets a retired key open until the longest lifetime is over, to the second, and not longer', async () => {
    const ring = await open()
    const credentials = credentialsOf(ring)
    const issued = credentials.issue(typicalSession)
    await rotate()
    await ring.reload()
    const opens = () => credentials.open(issued.accessKeyId, issued.sessionToken) !== undefined
    expect(opens()).toBe(true)
    clock.advance(129_600 + 3_600 - 1)
    expect(opens()).toBe(true)
    clock.advance(1)
    expect(opens()).toBe(false)
    expect(ring.current().keys).toHaveLength(2)
    // The file still lists it: reading it again does not bring it back, and is no change.
    await ring.reload()
    expect(opens()).toBe(false)
    expect(eventsOf()).toEqual(['keys.changed'])
    expect((await open()).current().keys).toHaveLength(2)
  })

  it('seals under the new key at once, in everything that follows the ring', async () => {
    const ring = await open()
    const box = createPurposeBox(ring, 'sign-in-session')
    const digest = createKeyedDigest(ring, 'user-name')
    const [sealed, name] = [box.seal('ada'), digest('ada')]
    expect(box.renew(sealed)).toBe(sealed)
    await rotate()
    await ring.reload()
    const keyOf = (text: string) => Buffer.from(text, 'base64url').toString('hex', 1, 9)
    expect(keyOf(box.seal('ada'))).toBe(ring.current().active.id)
    expect(box.open(sealed)).toBe('ada')
    expect(digest('ada')).not.toBe(name)
    const renewed = box.renew(sealed)!
    expect(keyOf(renewed)).toBe(ring.current().active.id)
    expect(box.open(renewed)).toBe('ada')
    expect(box.renew(`${sealed}A`)).toBeUndefined()
    clock.advance(129_600 + 3_600)
    expect(box.renew(sealed)).toBeUndefined()
    expect(box.open(renewed)).toBe('ada')
  })

  it('tells who wants to know, until he does not', async () => {
    const ring = await open()
    const told: string[] = []
    const stop = ring.onChange(({ active }) => told.push(active.id))
    await rotate()
    await ring.reload()
    await ring.reload()
    expect(told).toEqual([ring.current().active.id])
    stop()
    await rotate()
    await ring.reload()
    expect(told).toHaveLength(1)
  })

  it('of a text is picked up when the configuration is loaded again', async () => {
    const [old, fresh] = [freshKey(), freshKey()]
    let text = `${old},${fresh}`
    const ring = await open({ text: () => text, installation: 'x' })
    const before = ring.current()
    await ring.reload()
    expect(ring.current()).toBe(before)
    text = `${fresh},${old}`
    await ring.reload()
    expect(ring.current().active.id).toBe(before.keys[1]!.id)
    text = 'hunter2'
    await ring.reload()
    expect(ring.current().active.id).toBe(before.keys[1]!.id)
    expect(ring.trouble()).toMatch(/^last good, reload refused at 2026-/)
    expect(JSON.stringify(log.lines)).not.toContain('hunter2')
  })
})

describe('a key id that is not in the ring', () => {
  it('makes the server look at the file soon, once, and never before it has answered', async () => {
    const [early, late] = [await open(), await open()]
    // Two rotations, of which the late one saw none: not even the next key is known to it.
    await rotate()
    await rotate()
    await early.reload()
    const issued = credentialsOf(early).issue(typicalSession)
    const credentials = credentialsOf(late)
    const opens = () => credentials.open(issued.accessKeyId, issued.sessionToken) !== undefined
    const before = late.current()
    for (let count = 0; count < 1_000; count += 1) expect(opens()).toBe(false)
    expect(late.current()).toBe(before)
    await until(opens)
    expect(eventsOf().filter((event) => event === 'keys.changed')).toHaveLength(2)
  })

  it('costs no look when the one before was less than a second ago', async () => {
    const ring = await open()
    const { open: opened } = createPurposeBox(ring, 'sign-in-session')
    const stranger = createPurposeBox(await open({ text: freshKey, installation: 'x' }), 'sign-in-session')
    await writeFile(file, 'broken', { mode: 0o600 })
    opened(stranger.seal('x'))
    await until(() => ring.trouble())
    expect(eventsOf()).toEqual(['keys.reloadRefused'])
    await writeFile(file, 'broken otherwise, {', { mode: 0o600 })
    await chmod(file, 0o644)
    opened(stranger.seal('x'))
    await new Promise((resolve) => setImmediate(resolve))
    await new Promise((resolve) => setImmediate(resolve))
    expect(eventsOf()).toEqual(['keys.reloadRefused'])
  })
})

describe('a ring file that becomes unusable', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['broken', () => writeFile(file, '{', { mode: 0o600 })],
    ['readable by others', () => chmod(file, 0o644)],
    ['gone', () => rm(file)],
    ['weak', () => rewrite((text) => text.replace(/"secret": "[^"]+"/, `"secret": "${'A'.repeat(43)}="`))],
    [
      'another installation’s',
      () => rewrite((text) => text.replace(/"installation": "\w+"/, '"installation": "other"')),
    ],
  ])(
    '(%s) leaves the last good one in force, is logged once, and is seen until it is mended',
    async (_, spoil) => {
      const ring = await open({ file }, 'often')
      const before = ring.current()
      const text = await readFile(file, 'utf8')
      await spoil()
      const trouble = await until(() => ring.trouble())
      expect(trouble).toBe('last good, reload refused at 2026-01-02T03:04:05.000Z')
      expect(ring.current()).toBe(before)
      await new Promise((resolve) => setTimeout(resolve, 100))
      expect(eventsOf()).toEqual(['keys.reloadRefused'])
      await writeFile(join(folder, 'mended'), text, { mode: 0o600 })
      await rename(join(folder, 'mended'), file)
      await until(() => ring.trouble() === undefined)
      expect(ring.current()).toBe(before)
    },
  )

  it('does not come to life when the server starts with it', async () => {
    await writeFile(file, '{', { mode: 0o600 })
    await expect(open()).rejects.toThrow(/not JSON/)
  })

  it('is not followed any more once closed', async () => {
    const ring = await open({ file }, 'often')
    const before = ring.current()
    ring.close()
    await rotate()
    ring.missedKey()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(ring.current()).toBe(before)
  })
})

async function rewrite(edit: (text: string) => string): Promise<void> {
  const text = await readFile(file, 'utf8')
  const edited = edit(text)
  expect(edited).not.toBe(text)
  await writeFile(file, edited, { mode: 0o600 })
}
