import { spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmod,
  chown,
  lutimes,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { RingContent, WrittenKey } from '../../src/credentials/ring-content.js'
import { createRingFile, readRingFile } from '../../src/credentials/ring-file.js'
import { rotated, rotateRingFile, writtenKeyId } from '../../src/credentials/ring-rotation.js'
import { buildChild } from '../support/child.js'
import { testClock, type TestClock } from '../support/clock.js'
import { freshKey } from '../support/key-ring.js'

let folder: string
let file: string
let clock: TestClock
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rolegate-rotation-'))
  file = join(folder, 'keys.json')
  clock = testClock()
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const rotate = (force = false) => rotateRingFile(file, { now: clock.now, random: randomBytes, force })
const make = () => createRingFile(file, { random: randomBytes, now: clock.now })
const read = async () => (await readRingFile(file))!
const states = ({ keys }: RingContent) => keys.map((key) => `${key.state} ${writtenKeyId(key)}`)
const idOf = ({ keys }: RingContent, state: string) => writtenKeyId(keys.find((key) => key.state === state)!)

describe('a rotation', () => {
  it('makes the next key active, retires the active one, and makes a new next one', async () => {
    await make()
    const before = await read()
    clock.advance(60)
    expect((await rotate()).outcome).toBe('rotated')
    const after = await read()
    expect(after.installation).toBe(before.installation)
    expect(states(after)).toEqual([
      `active ${idOf(before, 'next')}`,
      `next ${idOf(after, 'next')}`,
      `retired ${idOf(before, 'active')}`,
    ])
    expect(states(before)).not.toContain(`next ${idOf(after, 'next')}`)
    expect(after.keys[2]).toMatchObject({ retiredAt: clock.now() })
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await readdir(folder)).toEqual(['keys.json'])
  })

  it('waits until running servers know the next key, unless it is forced', async () => {
    await make()
    const before = await readFile(file, 'utf8')
    clock.advance(59)
    const early = await rotate()
    expect(early).toMatchObject({ outcome: 'tooEarly', readyAt: new Date('2026-01-02T03:05:05Z') })
    expect(await readFile(file, 'utf8')).toBe(before)
    // A next key from the future is one that nobody can be sure of.
    clock.advance(-3_600)
    expect((await rotate()).outcome).toBe('tooEarly')
    expect((await rotate(true)).outcome).toBe('rotated')
    clock.advance(3_600 + 59)
    expect((await rotate()).outcome).toBe('rotated')
  })

  it('removes retired keys when nothing that they sealed can be valid any more', async () => {
    await make()
    const first = await read()
    clock.advance(60)
    await rotate()
    // A registration that was made right before lives for 90 days; a server may have been late by a day.
    clock.advance(91 * 86_400 - 1)
    await rotate()
    expect((await read()).keys).toHaveLength(4)
    clock.advance(1)
    const third = await rotate(true)
    expect(third.outcome === 'rotated' && third.removed.map(writtenKeyId)).toEqual([idOf(first, 'active')])
    expect((await read()).keys).toHaveLength(4)
  })

  it('keeps when each key was retired, however often', async () => {
    await make()
    clock.advance(60)
    await rotate()
    const { retiredAt } = (await read()).keys[2] as WrittenKey & { retiredAt: Date }
    clock.advance(60)
    await rotate()
    expect((await read()).keys[3]).toMatchObject({ state: 'retired', retiredAt })
  })

  it('of a ring of version 1 makes a next key first, and rotates a minute later', async () => {
    const createdAt = '2025-01-01T00:00:00.000Z'
    const [active, older] = [freshKey(), freshKey()]
    const keys = [active, older].map((secret) => ({ secret, createdAt }))
    await writeFile(file, JSON.stringify({ version: 1, installation: 'x', keys }), { mode: 0o600 })
    expect((await rotate()).outcome).toBe('prepared')
    const prepared = await read()
    expect(prepared.installation).toBe('x')
    expect(prepared.keys.map(({ state, secret }) => [state, secret])).toEqual([
      ['active', active],
      ['next', expect.any(String)],
      ['retired', older],
    ])
    expect(prepared.keys[2]).toMatchObject({ retiredAt: clock.now(), createdAt: new Date(createdAt) })
    expect((await rotate()).outcome).toBe('tooEarly')
    clock.advance(60)
    expect((await rotate()).outcome).toBe('rotated')
    expect(idOf(await read(), 'active')).toBe(idOf(prepared, 'next'))
  })

  it('that is forced where there is no next key makes a wholly new one active', () => {
    const content: RingContent = {
      installation: 'x',
      keys: [{ secret: freshKey(), createdAt: clock.now(), state: 'active' }],
    }
    const rotation = rotated(content, { now: clock.now, random: randomBytes, force: true })
    expect(rotation.content.keys.map(({ state }) => state)).toEqual(['active', 'next', 'retired'])
    expect(new Set(rotation.content.keys.map(({ secret }) => secret)).size).toBe(3)
  })

  it('changes what a link points at, and leaves it a link', async () => {
    await make()
    const link = join(folder, 'link.json')
    await symlink(file, link)
    clock.advance(60)
    const before = await read()
    await rotateRingFile(link, { now: clock.now, random: randomBytes, force: false })
    expect(idOf(await read(), 'active')).toBe(idOf(before, 'next'))
    expect(await readlink(link)).toBe(file)
  })

  const asRoot = process.getuid?.() === 0 ? it : it.skip
  asRoot('by root leaves the file to the server that is not root', async () => {
    await make()
    await chown(file, 4_321, 1_234)
    clock.advance(60)
    await rotate()
    expect(await stat(file)).toMatchObject({ uid: 4_321, gid: 1_234 })
    expect((await stat(file)).mode & 0o777).toBe(0o600)
  })

  it.each<[string, () => Promise<unknown>, RegExp]>([
    ['is not there', () => rm(file), /there is no such file/],
    ['is broken', () => writeFile(file, '{'), /not JSON/],
    ['others may read', () => chmod(file, 0o644), /others may read it/],
    [
      'a server would refuse',
      async () => writeFile(file, (await readFile(file, 'utf8')).replace(/"secret": "..../, '"secret": "')),
      /too short/,
    ],
  ])('is refused for a ring that %s, and leaves no lock', async (_, spoil, problem) => {
    await make()
    clock.advance(60)
    await spoil()
    await expect(rotate()).rejects.toThrow(problem)
    expect((await readdir(folder)).filter((name) => name !== 'keys.json')).toEqual([])
  })
})

describe('rotations at once', () => {
  async function leaveLock(holder: string): Promise<void> {
    await symlink(holder, `${file}.lock`)
    await lutimes(`${file}.lock`, clock.now(), clock.now())
  }

  it('are one rotation', async () => {
    await make()
    clock.advance(60)
    const before = await read()
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => rotate()))
    const done = outcomes.filter((one) => one.status === 'fulfilled' && one.value.outcome === 'rotated')
    expect(done).toHaveLength(1)
    for (const one of outcomes)
      if (one.status === 'rejected') expect(String(one.reason)).toMatch(/another rotation is under way/)
    expect(idOf(await read(), 'active')).toBe(idOf(before, 'next'))
    expect(await readdir(folder)).toEqual(['keys.json'])
  })

  it('are refused while a living process holds the lock, whoever it is', async () => {
    await make()
    clock.advance(60)
    for (const holder of [`${process.pid} ${hostname()} 00`, '1 another-host 00', 'nonsense']) {
      await leaveLock(holder)
      await expect(rotate()).rejects.toThrow(/another rotation is under way/)
      expect(await readlink(`${file}.lock`)).toBe(holder)
      await rm(`${file}.lock`)
    }
    expect((await read()).keys).toHaveLength(2)
  })

  it('take over from a process that is gone, or from a lock older than any rotation', async () => {
    await make()
    const gone = spawnSync(process.execPath, ['-e', '']).pid
    await leaveLock(`${gone} ${hostname()} 00`)
    clock.advance(60)
    expect((await rotate()).outcome).toBe('rotated')
    await leaveLock('1 another-host 00')
    clock.advance(61)
    expect((await rotate()).outcome).toBe('rotated')
    expect(await readdir(folder)).toEqual(['keys.json'])
  })
})

describe('a rotation that is killed', () => {
  it('at any point leaves a usable ring, and the next rotation cleans up', async () => {
    await make()
    const installation = (await read()).installation
    const { command } = buildChild(folder, 'rotate', {
      entry: 'src/credentials/ring-rotation.ts',
      imports: ['rotateRingFile'],
      script: `
        import { randomBytes } from 'node:crypto'
        for (;;) {
          await rotateRingFile(process.argv[2], { now: () => new Date(), random: randomBytes, force: true })
          console.log('rotated')
        }
      `,
    })
    const [program, ...args] = command
    const seen = new Set<string>()
    for (let count = 0; count < 12; count += 1) {
      const child = spawn(program, [...args, file], { stdio: ['ignore', 'pipe', 'ignore'] })
      const ended = new Promise((resolve) => child.once('exit', resolve))
      await new Promise((resolve) => child.stdout.once('data', resolve))
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 40))
      child.kill('SIGKILL')
      await ended
      const content = await read()
      expect(content.installation).toBe(installation)
      seen.add(idOf(content, 'active'))
    }
    expect(seen.size).toBe(12)
    await rotateRingFile(file, { now: () => new Date(), random: randomBytes, force: true })
    const left = (await readdir(folder)).filter((name) => name.includes('keys.json'))
    expect(left).toEqual(['keys.json'])
  }, 60_000)
})
