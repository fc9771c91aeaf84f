import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from '@jest/globals'
import { Command } from 'commander'
import { addRingCommands } from '../../src/cli/ring-commands.js'
import type { Terminal } from '../../src/cli/terminal.js'
import { createRingFile } from '../../src/credentials/ring-file.js'
import { testClock, type TestClock } from '../support/clock.js'
import { configFolder } from '../support/config-folder.js'
import { freshKey } from '../support/key-ring.js'

interface Run {
  readonly exitCode: number
  readonly out: string
  readonly err: string
}

let config: string
let data: string
let file: string
let clock: TestClock

beforeEach(async () => {
  config = await configFolder({})
  data = join(config, 'data')
  file = join(data, 'keys.json')
  clock = testClock()
  await createRingFile(file, { random: randomBytes, now: clock.now })
})

async function run(...parameters: readonly string[]): Promise<Run> {
  const said = { out: '', err: '', exitCode: 0 }
  const terminal: Terminal = {
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += `${text}\n`),
    environment: {},
    home: homedir(),
    now: clock.now,
    fetch,
    openBrowser: () => Promise.resolve(false),
    wait: () => Promise.resolve(),
  }
  const program = new Command('rolegate').exitOverride()
  addRingCommands(program.command('keys'), {
    terminal,
    defaults: { config, data, certs: join(config, 'certs') },
    exit: (code) => void (said.exitCode = code),
  })
  await program.parseAsync(['keys', ...parameters], { from: 'user' })
  return said
}

const refusal = (...parameters: readonly string[]) =>
  run(...parameters).then(
    () => '',
    (cause: Error) => cause.message,
  )
const columnsOf = ({ out }: Run) =>
  out
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'))
async function secretsIn(path: string): Promise<readonly string[]> {
  const { keys } = JSON.parse(await readFile(path, 'utf8')) as { keys: { secret: string }[] }
  return keys.map(({ secret }) => secret)
}

describe('keys ring', () => {
  it('lists ids, states and ages', async () => {
    clock.advance(3 * 3_600)
    const shown = await run('ring')
    expect(shown.exitCode).toBe(0)
    expect(columnsOf(shown)).toEqual([
      [expect.stringMatching(/^[0-9a-f]{16}$/), 'active', '3h'],
      [expect.stringMatching(/^[0-9a-f]{16}$/), 'next', '3h'],
    ])
  })

  it('says so when there is none yet', async () => {
    expect(await refusal('ring', '--data', config)).toMatch(/there is no such file; a server makes it/)
  })
})

describe('keys rotate', () => {
  it('says which keys there are now, and shows no key', async () => {
    const before = columnsOf(await run('ring'))
    clock.advance(60)
    const rotated = await run('rotate')
    expect(rotated.exitCode).toBe(0)
    const after = columnsOf(rotated)
    expect(after.map(([, state]) => state)).toEqual(['active', 'next', 'retired'])
    expect(after[0]![0]).toBe(before[1]![0])
    expect(after[2]).toEqual([
      before[0]![0],
      'retired',
      '60s',
      'opens until 2026-01-03T16:05:05.000Z',
      'registrations until 2026-04-03T03:05:05.000Z',
    ])
    expect(rotated.err).toMatch(/Rotated `.*keys\.json`/)
    for (const secret of await secretsIn(file)) expect(rotated.out + rotated.err).not.toContain(secret)
    clock.advance(91 * 86_400)
    expect(columnsOf(await run('rotate')).at(-1)).toEqual([before[0]![0], 'removed'])
  })

  it('fails, and says when to come back, while the next key is too new; --force warns instead', async () => {
    const early = await run('rotate')
    expect(early.exitCode).toBe(1)
    expect(early.err).toMatch(/not rotated.*so new/)
    expect(early.err).toContain('after 2026-01-02T03:05:05.000Z')
    const forced = await run('rotate', '--force')
    expect(forced.exitCode).toBe(0)
    expect(forced.err).toContain('rolegate keys adopt')
    clock.advance(60)
    expect((await run('rotate', '--force')).err).not.toContain('adopt')
  })

  it('gives a ring of version 1 a next key first', async () => {
    const keys = [{ secret: freshKey(), createdAt: '2025-12-01T00:00:00Z' }]
    await writeFile(file, JSON.stringify({ version: 1, installation: 'x', keys }))
    const prepared = await run('rotate')
    expect(prepared.exitCode).toBe(1)
    expect(prepared.err).toMatch(/not rotated.*had no next key/)
    expect(columnsOf(prepared).map((columns) => columns.slice(1))).toEqual([
      ['active', '32d'],
      ['next', '0s'],
    ])
  })

  it('rotates a ring file elsewhere, whatever the configuration says', async () => {
    const elsewhere = join(config, 'ring', 'copy.json')
    await mkdir(join(config, 'ring'))
    await createRingFile(elsewhere, { random: randomBytes, now: clock.now })
    await writeFile(join(config, 'rolegate.yaml'), 'keyRing: ${env:RING}\n')
    clock.advance(60)
    const untouched = await secretsIn(file)
    expect((await run('rotate', '--file', elsewhere)).exitCode).toBe(0)
    expect(await secretsIn(elsewhere)).toHaveLength(3)
    expect(await secretsIn(file)).toEqual(untouched)
  })

  it.each([
    [
      'bare keys in the environment',
      '${env:RING}',
      [/three steps/, /openssl rand -base64 32/, /and restart it/, /37 hours/, /91 days/],
    ],
    ['bare keys in a file', '${file:bare}', [/three steps/, /which follows by itself/]],
    ['a ring file', '${file:ring.json}', [/--file \S+ring\.json/, /copy/]],
    ['a file that is not here', '${file:/nowhere/ring}', [/three steps/]],
  ])('says what to do when the configuration has %s', async (_, reference, words) => {
    await writeFile(join(config, 'rolegate.yaml'), `keyRing: ${reference}\n`)
    await writeFile(join(config, 'bare'), freshKey())
    await writeFile(join(config, 'ring.json'), await readFile(file, 'utf8'))
    clock.advance(60)
    const before = await secretsIn(file)
    for (const command of ['rotate', 'ring']) {
      const message = await refusal(command)
      expect(message).toContain(`keyRing: ${reference}`)
      for (const word of words) expect(message).toMatch(word)
    }
    expect(await secretsIn(file)).toEqual(before)
  })

  it('never shows keys that somebody wrote into the configuration itself', async () => {
    for (const written of [`"${freshKey()}"`, `["${freshKey()}"]`, `{ key: "${freshKey()}" }`]) {
      await writeFile(join(config, 'rolegate.yaml'), `keyRing: ${written}\n`)
      for (const options of [['rotate'], ['ring'], ['rotate', '--compromised']] as const) {
        const message = await refusal(...options)
        expect(message).toMatch(/never written here.*env:NAME.*file:PATH/)
        expect(message).not.toContain(/[\w+/=]{40,}/.exec(written)![0])
      }
    }
  })

  it('does not guess when the configuration cannot be read', async () => {
    await writeFile(join(config, 'rolegate.yaml'), 'keyRing: [\n')
    expect(await refusal('rotate')).toMatch(/cannot be read.*rolegate check.*--file/)
  })
})

describe('keys rotate with options that do not go together', () => {
  it.each([
    [['--compromised', '--force'], /--force is for a rotation of the key ring/],
    [['--signing-keys', '--force'], /--force is for a rotation of the key ring/],
    [['--signing-keys', '--file', 'x'], /sealed under the ring of the configuration: leave out --file/],
    [['--compromised', '--file', 'x'], /four steps:.*keys rotate --force --file.*keys reseal/],
  ])('%j changes nothing', async (options, words) => {
    clock.advance(60)
    const before = await secretsIn(file)
    expect(await refusal('rotate', ...options)).toMatch(words)
    expect(await secretsIn(file)).toEqual(before)
  })

  it('says how all keys are replaced where the ring is given by reference', async () => {
    await writeFile(join(config, 'rolegate.yaml'), 'keyRing: ${env:RING}\n')
    const message = await refusal('rotate', '--compromised')
    expect(message).toContain('keyRing: ${env:RING}')
    expect(message).toMatch(
      /two new keys in front.*keys adopt.*keys reseal.*rotate --signing-keys --compromised/,
    )
  })
})
