import { spawn, type ChildProcess } from 'node:child_process'
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { createEmbeddedStore } from '../../src/store/embedded-store.js'
import type { Store } from '../../src/store/store.js'
import { buildChild, type ChildScript } from '../support/child.js'
import { waitUntil } from '../support/redis.js'
import { storeSuite } from './suite.js'

let time = Date.parse('2026-01-02T03:04:05Z')
const now = () => new Date(time)
const later = () => new Date(time + 3_600_000)
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rolegate-store-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

storeSuite('lmdb', async () => {
  const directory = join(folder, 'suite.d')
  const store = await createEmbeddedStore({ directory, now })
  const other = await createEmbeddedStore({ directory, now })
  return {
    store,
    other,
    soon: () => new Date(time + 60_000),
    later,
    elapse: async () => {
      time += 60_000
    },
    stop: async () => {
      await store.close()
      await other.close()
    },
  }
})

describe('the embedded store', () => {
  const opened: Store[] = []
  const open = async (directory: string) => {
    const store = await createEmbeddedStore({ directory, now })
    opened.push(store)
    return store
  }
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close()
  })

  it('keeps its directory to its owner, also one that was there before', async () => {
    const directory = join(folder, 'private.d', 'store')
    await mkdir(directory, { recursive: true, mode: 0o755 })
    await open(directory)
    expect((await stat(directory)).mode & 0o777).toBe(0o700)
  })

  it('has everything again after it was closed', async () => {
    const directory = join(folder, 'again')
    const before = await open(directory)
    await before.put('key', 'value', later())
    await before.close()
    const after = await open(directory)
    expect(await after.add('key', 'other', later())).toBe(false)
    expect(await after.take('key')).toBe('value')
  })

  it('has its records and its feed again after it was closed, under the same epoch', async () => {
    const directory = join(folder, 'feed-again')
    const before = await open(directory)
    await before.records.replace('key', undefined, 'value')
    const position = await before.feed.append('entry', later())
    const seen = await before.feed.after(undefined, 10)
    await before.close()
    const after = await open(directory)
    expect(await after.records.list('')).toEqual([{ key: 'key', value: 'value' }])
    expect(await after.feed.after(undefined, 10)).toEqual(seen)
    const next = await after.feed.append('next', later())
    expect((await after.feed.after(position, 10)).entries.map((entry) => entry.position)).toEqual([next])
  })

  it('has another epoch in another directory', async () => {
    const [one, two] = [await open(join(folder, 'epoch-1')), await open(join(folder, 'epoch-2'))]
    const [first, second] = [await one.feed.after(undefined, 1), await two.feed.after(undefined, 1)]
    expect(first.epoch).not.toBe(second.epoch)
  })

  it('says that it is unavailable when it is closed or its directory cannot be used', async () => {
    const store = await open(join(folder, 'closed'))
    await store.close()
    const attempts = [
      store.put('k', 'v', later()),
      store.add('k', 'v', later()),
      store.get('k'),
      store.take('k'),
      store.ping(),
      store.records.get('k'),
      store.records.replace('k', undefined, 'v'),
      store.records.list(''),
      store.feed.append('entry', later()),
      store.feed.after(undefined, 10),
      open('/dev/null/store'),
    ]
    for (const attempt of attempts) await expect(attempt).rejects.toMatchObject({ code: 'StoreUnavailable' })
  })
})

describe('the embedded store in several processes', () => {
  let child: ChildScript
  const running: ChildProcess[] = []
  beforeAll(() => {
    child = buildChild(folder, 'store', {
      entry: 'src/store/embedded-store.ts',
      imports: ['createEmbeddedStore'],
      script: `
        const [directory, job, name] = process.argv.slice(2)
        const store = await createEmbeddedStore({ directory, now: () => new Date() })
        const later = new Date(Date.now() + 3_600_000)
        const jobs = {
          // Beside the store, to which expired entries are absent before they are gone.
          count: async () => {
            const { open } = await import('lmdb')
            const root = open({ path: directory, noSubdir: false, encoding: 'string', overlappingSync: false })
            process.stdout.write(String(root.openDB('entries', { encoding: 'string' }).getCount()))
            await root.close()
            await store.close()
          },
          // Everybody wants the same keys.
          race: async () => {
            const won = { added: [], taken: [] }
            for (let round = 0; round < 50; round++) {
              const keys = Array.from({ length: 8 }, (_, n) => round + ':' + n)
              await Promise.all(keys.map(async (key) => {
                if (await store.add('add:' + key, name, later)) won.added.push(key)
                if ((await store.take('take:' + key)) !== undefined) won.taken.push(key)
              }))
            }
            process.stdout.write(JSON.stringify(won))
            await store.close()
          },
          // Says each key after it was acknowledged, until it is killed.
          write: async () => {
            for (let n = 0; ; n++) {
              const keys = Array.from({ length: 1 + (n % 7) }, (_, m) => name + ':' + n + ':' + m)
              await Promise.all(keys.map((key) => store.put(key, key + 'x'.repeat(n % 900), later)))
              if ((await store.take(keys[0])) === undefined) throw new Error('lost')
              process.stdout.write(keys.slice(1).map((key) => key + '\\n').join('') + 'taken ' + keys[0] + '\\n')
            }
          },
        }
        await jobs[job]()
      `,
    })
  })
  afterEach(() => {
    for (const process of running.splice(0)) process.kill('SIGKILL')
  })

  const run = (...args: readonly string[]) => {
    const [program, ...first] = child.command
    const started = spawn(program, [...first, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
    running.push(started)
    let text = ''
    started.stdout.on('data', (part: Buffer) => (text += part.toString()))
    const ended = new Promise<void>((resolve) => started.once('close', () => resolve()))
    return { started, text: () => text, ended }
  }

  const entriesIn = async (directory: string) => {
    const counting = run(directory, 'count')
    await counting.ended
    return Number(counting.text())
  }

  it('gives the space of expired entries back and leaves the others', async () => {
    const directory = join(folder, 'sweep')
    const store = await createEmbeddedStore({ directory, now, sweepIntervalMs: 5 })
    const value = 'x'.repeat(2_000)
    const soon = new Date(time + 60_000)
    await Promise.all(Array.from({ length: 1_200 }, (_, n) => store.put(`short:${n}`, value, soon)))
    // Written twice, so that an old mark of expiry points at an entry that lives on.
    await store.put('short:0', value, later())
    await store.put('long', value, later())
    time += 60_000
    await waitUntil(async () => (await entriesIn(directory)) === 2, 'the sweep')
    expect(await store.get('short:0')).toBe(value)
    expect(await store.get('long')).toBe(value)
    const { size } = await stat(join(directory, 'data.mdb'))
    await Promise.all(Array.from({ length: 1_200 }, (_, n) => store.put(`next:${n}`, value, later())))
    expect((await stat(join(directory, 'data.mdb'))).size).toBeLessThan(size * 1.2)
    await store.close()
  })

  it('lets exactly one process add and one take each key', async () => {
    const directory = join(folder, 'race')
    const store = await createEmbeddedStore({ directory, now: () => new Date() })
    const keys = Array.from({ length: 400 }, (_, n) => `${Math.floor(n / 8)}:${n % 8}`)
    const expiry = new Date(Date.now() + 3_600_000)
    await Promise.all(keys.map((key) => store.put(`take:${key}`, key, expiry)))
    const racers = ['a', 'b', 'c'].map((name) => run(directory, 'race', name))
    await Promise.all(racers.map(({ ended }) => ended))
    const won = racers.map(({ text }) => JSON.parse(text()) as { added: string[]; taken: string[] })
    expect(won.flatMap(({ added }) => added).toSorted()).toEqual(keys.toSorted())
    expect(won.flatMap(({ taken }) => taken).toSorted()).toEqual(keys.toSorted())
    for (const key of keys) expect(await store.get(`add:${key}`)).toMatch(/^[abc]$/)
    await store.close()
  })

  it('loses nothing that was acknowledged when writers are killed, and goes on without repair', async () => {
    const directory = join(folder, 'killed')
    const store = await createEmbeddedStore({ directory, now: () => new Date() })
    for (let round = 0; round < 8; round++) {
      const writers = ['a', 'b'].map((name) => run(directory, 'write', `${name}${round}`))
      await waitUntil(
        async () => writers.every(({ text }) => text().length > 300 * (1 + (round % 3))),
        'some writes',
      )
      for (const { started } of writers) started.kill('SIGKILL')
      await Promise.all(writers.map(({ ended }) => ended))
      expect(await store.add(`after:${round}`, 'alive', new Date(Date.now() + 3_600_000))).toBe(true)
      for (const { text } of writers) {
        const lines = text().split('\n').slice(0, -1)
        for (const line of lines) {
          const taken = line.startsWith('taken ')
          const value = await store.get(taken ? line.slice('taken '.length) : line)
          if (taken) expect(value).toBeUndefined()
          else expect(value?.startsWith(line)).toBe(true)
        }
      }
    }
    await store.close()
  })
})
