import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { openKeyRing } from '../../src/credentials/key-ring-live.js'
import { freshKey, ringOf } from '../support/key-ring.js'
import { keptLog } from '../support/silent-log.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rolegate-keys-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const now = () => new Date('2026-01-02T03:04:05Z')
async function load(file: string) {
  const live = await openKeyRing({ file, random: randomBytes, now, log: keptLog() })
  live.close()
  return live.current()
}
const ofText = (text: string) =>
  openKeyRing({ text: () => text, installation: 'x', random: randomBytes, now, log: keptLog() })
const key = (state: string, more: object = {}) => ({
  secret: freshKey(),
  createdAt: '2026-01-01T00:00:00Z',
  state,
  ...more,
})
const version2 = (...keys: object[]) => JSON.stringify({ version: 2, installation: 'x', keys })
const version1 = (...secrets: string[]) =>
  JSON.stringify({
    version: 1,
    installation: 'x',
    keys: secrets.map((secret) => ({ secret, createdAt: '2026-01-01T00:00:00Z' })),
  })

describe('a key ring in a file', () => {
  it('is made on first use, for its owner only, with an active and a next key, and read ever after', async () => {
    const file = join(folder, 'first', 'keys.json')
    const made = await load(file)
    const again = await load(file)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(again.active.id).toBe(made.active.id)
    expect(again.installation).toBe(made.installation)
    expect(again.active.derive('x', 32).equals(made.active.derive('x', 32))).toBe(true)
    expect(await readdir(join(folder, 'first'))).toEqual(['keys.json'])
    const { version, keys } = JSON.parse(await readFile(file, 'utf8')) as {
      readonly version: number
      readonly keys: readonly { readonly state: string }[]
    }
    expect([version, ...keys.map(({ state }) => state)]).toEqual([2, 'active', 'next'])
    expect(made.keys).toHaveLength(2)
  })

  it('is one and the same for processes that start at once', async () => {
    const file = join(folder, 'race', 'keys.json')
    const rings = await Promise.all(Array.from({ length: 8 }, () => load(file)))
    expect(new Set(rings.map((ring) => ring.active.id)).size).toBe(1)
    expect(await readdir(join(folder, 'race'))).toEqual(['keys.json'])
  })

  it('is refused when others may read it', async () => {
    const file = join(folder, 'open', 'keys.json')
    await load(file)
    await chmod(file, 0o640)
    await expect(load(file)).rejects.toThrow(/others may read it \(mode 640\)/)
  })

  it.each([
    ['no JSON', 'hello', /not JSON/],
    ['JSON of something else', 'null', /version 1 or 2/],
    ['another version', '{"version":3,"installation":"x","keys":[]}', /version 1 or 2/],
    ['no keys', '{"version":2,"installation":"x","keys":[]}', /no key/],
    ['no list of keys', '{"version":2,"installation":"x","keys":{}}', /no `keys`/],
    ['no installation', '{"version":1,"installation":"","keys":[]}', /no installation/],
    ['a key without a secret', version2({ state: 'active', createdAt: now() }), /key 1: it has no `secret`/],
    ['a key of no instant', version2({ ...key('active'), createdAt: 'soon' }), /`createdAt` is no instant/],
    ['a state of our own making', version2(key('active'), key('listed')), /key has no state/],
    ['an unknown state', version2(key('active'), key('spare')), /key 2: its state is none of/],
    ['no active key', version2(key('next')), /one key must be `active`, not 0/],
    ['two active keys', version2(key('active'), key('active')), /one key must be `active`, not 2/],
    ['two next keys', version2(key('active'), key('next'), key('next')), /more than one key is `next`/],
    ['a key retired at no time', version2(key('active'), key('retired')), /`retiredAt` is no instant/],
    ['a weak key', version2(key('active', { secret: Buffer.alloc(32).toString('base64') })), /all zeros/],
  ])('is refused with %s, quoting nothing of it', async (name, text, problem) => {
    const file = join(folder, `${name}.json`)
    await writeFile(file, text, { mode: 0o600 })
    const secrets = [...text.matchAll(/"secret":"([^"]+)"/g)].map(([, secret]) => secret!)
    await expect(load(file)).rejects.toThrow(problem)
    await load(file).catch((cause: Error) => {
      for (const secret of secrets) expect(cause.message).not.toContain(secret)
    })
  })

  it('of version 1 has its first key active, and opens with the others as long as they are listed', async () => {
    const file = join(folder, 'version-1.json')
    await writeFile(file, version1(freshKey(), freshKey()), { mode: 0o600 })
    const { active, keys } = await load(file)
    expect(keys).toHaveLength(2)
    expect(keys[0]).toBe(active)
    expect(keys[1]!.end).toBeUndefined()
  })

  it('has the active key first wherever it is written, and retired ones with their end', async () => {
    const file = join(folder, 'order.json')
    const retiredAt = '2026-01-02T00:00:00.000Z'
    await writeFile(file, version2(key('retired', { retiredAt }), key('next'), key('active')), {
      mode: 0o600,
    })
    const { active, keys } = await load(file)
    expect(keys[0]).toBe(active)
    // 36 hours and the hour that clocks may differ.
    expect(keys.map(({ end }) => end?.opensUntil.toISOString())).toEqual([
      undefined,
      '2026-01-03T13:00:00.000Z',
      undefined,
    ])
  })
})

describe('a key ring as text', () => {
  it('is bare keys, the first of them active', async () => {
    const [one, other] = [freshKey(), freshKey()]
    const spellings = [`${one},${other}`, `${one}\n${other}\n`, ` ${one} ,\t${other}`]
    const rings = await Promise.all(spellings.map((text) => ofText(text)))
    const alone = await ofText(one)
    for (const ring of rings) {
      expect(ring.current().active.id).toBe(alone.current().active.id)
      expect(ring.current().keys).toHaveLength(2)
    }
  })

  it('or what a ring file holds, with the installation that stands there', async () => {
    const file = join(folder, 'as-text', 'keys.json')
    const inFile = await load(file)
    const inText = (await ofText(await readFile(file, 'utf8'))).current()
    expect(inText.installation).toBe(inFile.installation)
    expect(inText.keys.map(({ id }) => id)).toEqual(inFile.keys.map(({ id }) => id))
  })

  it('needs an installation when it is bare keys', async () => {
    await expect(ringOf({ installation: '' })).rejects.toThrow(/no installation/)
  })
})

describe('TOK-16: keys that nobody should trust', () => {
  const base64 = (bytes: Buffer) => bytes.toString('base64')
  it.each([
    ['all zeros', base64(Buffer.alloc(32)), /all zeros/],
    ['one byte', base64(Buffer.alloc(32, 0xa5)), /repeats/],
    ['a repeated half', base64(Buffer.alloc(32, randomBytes(16))), /repeats/],
    ['a sequence', base64(Buffer.from(Array.from({ length: 32 }, (_, index) => index * 3))), /sequence/],
    ['a sentence', base64(Buffer.from('correct horse battery staple, hi')), /plain text/],
    ['16 bytes', base64(randomBytes(16)), /too short/],
    ['33 bytes', base64(randomBytes(33)), /too long/],
    ['no base64', '%%%', /not base64/],
    ['nothing', '', /no key/],
  ])('%s: refused as text and in a file', async (name, text, problem) => {
    await expect(ofText(text)).rejects.toThrow(problem)
    if (text === '') return
    await expect(ofText(`${freshKey()},${text}`)).rejects.toThrow(problem)
    await expect(ofText(version1(freshKey(), text))).rejects.toThrow(problem)
    const file = join(folder, `weak ${name}.json`)
    await writeFile(file, version2(key('active'), key('next', { secret: text })), { mode: 0o600 })
    await expect(load(file)).rejects.toThrow(problem)
  })

  it('the same key twice', async () => {
    const twice = freshKey()
    await expect(ringOf({ keys: [twice, twice] })).rejects.toThrow(/twice/)
    await expect(
      ofText(version2(key('active', { secret: twice }), key('next', { secret: twice }))),
    ).rejects.toThrow(/twice/)
  })
})

describe('a key', () => {
  it('TOK-13: gives each purpose bytes of its own, and its id gives none of them away', async () => {
    const { active } = (await ringOf()).current()
    const one = active.derive('one', 32).export()
    const other = active.derive('other', 32).export()
    expect(one.equals(other)).toBe(false)
    expect(active.id).toMatch(/^[0-9a-f]{16}$/)
    expect(active.derive('key-id', 8).export().toString('hex')).toBe(active.id)
    // Nothing of a ring that is printed, by mistake or in a record, is a secret.
    expect(JSON.stringify(active)).toBe(JSON.stringify({ id: active.id }))
  })
})
