import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { loadKeyRing } from '../../src/credentials/key-ring.js'
import { freshKey, ringOf } from '../support/key-ring.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rolegate-keys-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const now = () => new Date('2026-01-02T03:04:05Z')
const load = (file: string) => loadKeyRing({ file, random: randomBytes, now })

describe('a key ring in a file', () => {
  it('is made on first use, for its owner only, and read ever after', async () => {
    const file = join(folder, 'first', 'keys.json')
    const made = await load(file)
    const again = await load(file)
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(again.active.id).toBe(made.active.id)
    expect(again.installation).toBe(made.installation)
    expect(again.active.derive('x', 32).equals(made.active.derive('x', 32))).toBe(true)
    expect(await readdir(join(folder, 'first'))).toEqual(['keys.json'])
  })

  it('is one and the same for processes that start at once', async () => {
    const file = join(folder, 'race', 'keys.json')
    const rings = await Promise.all(Array.from({ length: 8 }, () => load(file)))
    expect(new Set(rings.map((ring) => ring.active.id)).size).toBe(1)
  })

  it('is refused when others may read it', async () => {
    const file = join(folder, 'open', 'keys.json')
    await load(file)
    await chmod(file, 0o640)
    await expect(load(file)).rejects.toThrow(/others may read it \(mode 640\)/)
  })

  it.each([
    ['no JSON', 'hello', /not JSON/],
    ['another version', '{"version":2,"installation":"x","keys":[]}', /version 1/],
    ['no keys', '{"version":1,"installation":"x","keys":[]}', /no key/],
    ['no installation', '{"version":1,"installation":"","keys":[]}', /version 1/],
  ])('is refused with %s', async (name, text, problem) => {
    const file = join(folder, `${name}.json`)
    await writeFile(file, text, { mode: 0o600 })
    await expect(load(file)).rejects.toThrow(problem)
  })

  it('keeps older keys behind the active one', async () => {
    const file = join(folder, 'rotated', 'keys.json')
    const before = await load(file)
    const content = JSON.parse(await readFile(file, 'utf8')) as { keys: unknown[] }
    content.keys.unshift({ secret: freshKey(), createdAt: now().toISOString() })
    await writeFile(file, JSON.stringify(content), { mode: 0o600 })
    const after = await load(file)
    expect(after.keys).toHaveLength(2)
    expect(after.active.id).not.toBe(before.active.id)
    expect(after.keys[1]?.id).toBe(before.active.id)
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
  ])('%s', async (_name, text, problem) => {
    await expect(loadKeyRing({ text, installation: 'x', random: randomBytes, now })).rejects.toThrow(problem)
  })

  it('the same key twice', async () => {
    const key = freshKey()
    await expect(ringOf({ keys: [key, key] })).rejects.toThrow(/twice/)
  })
})

describe('a key', () => {
  it('gives each purpose bytes of its own, and its id gives none of them away', async () => {
    const { active } = await ringOf()
    const one = active.derive('one', 32).export()
    const other = active.derive('other', 32).export()
    expect(one.equals(other)).toBe(false)
    expect(active.id).toMatch(/^[0-9a-f]{16}$/)
    expect(active.derive('key-id', 8).export().toString('hex')).toBe(active.id)
  })
})
