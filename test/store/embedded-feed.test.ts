/** The embedded feed and records among several processes, of which some are killed. */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { createEmbeddedStore } from '../../src/store/embedded-store.js'
import { buildChild, type ChildScript } from '../support/child.js'
import { waitUntil } from '../support/redis.js'
import { follow } from './feed-suite.js'

let folder: string
let child: ChildScript
const running: ChildProcess[] = []
const later = () => new Date(Date.now() + 3_600_000)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rolegate-feed-'))
  child = buildChild(folder, 'feed', {
    entry: 'src/store/embedded-store.ts',
    imports: ['createEmbeddedStore'],
    script: `
      const [directory, job, name] = process.argv.slice(2)
      const store = await createEmbeddedStore({ directory, now: () => new Date() })
      const later = new Date(Date.now() + 3_600_000)
      const jobs = {
        // Says each entry with its position after it was acknowledged, until it is killed.
        append: async () => {
          for (let n = 0; ; n++) {
            const texts = Array.from({ length: 1 + (n % 5) }, (_, m) => name + ':' + n + ':' + m)
            const positions = await Promise.all(texts.map((text) => store.feed.append(text, later)))
            process.stdout.write(texts.map((text, m) => positions[m] + ' ' + text + '\\n').join(''))
          }
        },
        // Says each entry with its position once, as it comes, until the last one.
        follow: async () => {
          for (let at; ; ) {
            const page = await store.feed.after(at, 3)
            for (const { position, entry } of page.entries) {
              process.stdout.write(position + ' ' + entry + '\\n')
              if (entry === 'the end') return store.close()
            }
            if (page.position === at) await new Promise((resolve) => setTimeout(resolve, 1))
            at = page.position
          }
        },
        // Counts to 100 in steps of one, in a record that others count in too.
        count: async () => {
          for (let counted = 0; counted < 100; ) {
            const before = await store.records.get('count')
            if (await store.records.replace('count', before, String(Number(before ?? 0) + 1))) counted++
          }
          await store.close()
        },
        // Beside the store, to which expired entries are absent before they are gone.
        rows: async () => {
          const { open } = await import('lmdb')
          const root = open({ path: directory, noSubdir: false, encoding: 'string', overlappingSync: false })
          const sizes = ['feed', 'feed-expiries'].map((table) => root.openDB(table, { encoding: 'string' }).getCount())
          process.stdout.write(sizes.join())
          await root.close()
          await store.close()
        },
      }
      await jobs[job]()
    `,
  })
})
afterAll(() => rm(folder, { recursive: true, force: true }))
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
  return { started, text: () => text, lines: () => text.split('\n').slice(0, -1), ended }
}

describe('the embedded feed in several processes', () => {
  it('misses nothing for a process that follows while others append and are killed', async () => {
    const directory = join(folder, 'followed')
    const store = await createEmbeddedStore({ directory, now: () => new Date() })
    const { epoch } = await store.feed.after(undefined, 1)
    const follower = run(directory, 'follow')
    const acknowledged: string[] = []
    for (let round = 0; round < 5; round++) {
      const writers = ['a', 'b'].map((name) => run(directory, 'append', `${name}${round}`))
      const enough = 20 * (1 + (round % 3))
      await waitUntil(async () => writers.every(({ lines }) => lines().length > enough), 'some entries')
      for (const { started } of writers) started.kill('SIGKILL')
      await Promise.all(writers.map(({ ended }) => ended))
      acknowledged.push(...writers.flatMap(({ lines }) => lines()))
    }
    const last = await store.feed.append('the end', later())
    await follower.ended
    const { entries, ...end } = await follow(store.feed)
    expect(end).toEqual({ position: last, epoch })
    // What was seen as it came is what is there now, in the same order: nothing appeared behind the follower.
    const followed = follower.lines()
    expect(followed).toEqual(entries.map(({ position, entry }) => `${position} ${entry}`))
    expect(acknowledged.filter((line) => !followed.includes(line))).toEqual([])
    const positions = entries.map(({ position }) => position)
    expect(positions).toEqual([...new Set(positions)].toSorted())
    await store.close()
  }, 60_000)

  it('counts right in a record that several processes compare and swap', async () => {
    const directory = join(folder, 'counted')
    const store = await createEmbeddedStore({ directory, now: () => new Date() })
    await Promise.all(['a', 'b', 'c'].map((name) => run(directory, 'count', name).ended))
    expect(await store.records.get('count')).toBe('300')
    await store.close()
  }, 60_000)

  it('gives the space of expired entries back and never gives a position twice', async () => {
    const directory = join(folder, 'swept')
    let time = Date.now()
    let passed = 0
    const clocks = { now: () => new Date(time), monotonic: () => passed }
    const open = async () => createEmbeddedStore({ directory, ...clocks, sweepIntervalMs: 5 })
    const store = await open()
    const soon = new Date(time + 60_000)
    const positions = await Promise.all(Array.from({ length: 1_200 }, () => store.feed.append('short', soon)))
    const before = await follow(store.feed)
    expect(before.entries).toHaveLength(1_200)
    time += 60_000
    expect((await store.feed.after(undefined, 10)).entries).toEqual([])
    const rows = async () => {
      const counting = run(directory, 'rows')
      await counting.ended
      return counting.text()
    }
    // Expired at one look, which a wrong clock may have been the reason of.
    expect(await rows()).toBe('1200,1200')
    // As often as the wait looks, since the store may have begun to look at any time before.
    await waitUntil(async () => {
      passed += 600_000
      return (await rows()) === '0,0'
    }, 'the sweep')
    expect(await store.feed.after(before.position, 10)).toEqual({ ...before, entries: [] })
    await store.close()
    const again = await open()
    const next = await again.feed.append('next', later())
    expect(positions).not.toContain(next)
    expect((await again.feed.after(before.position, 10)).entries.map(({ entry }) => entry)).toEqual(['next'])
    await again.close()
  }, 60_000)
})
