import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { createWorkerMetrics } from '../../src/operation/prometheus-metrics.js'
import type { WorkerEvents } from '../../src/workers/cluster-fork.js'
import type { ToWorker } from '../../src/workers/messages.js'
import { createWorkerGroup } from '../../src/workers/worker-group.js'
import { keptLog } from '../support/silent-log.js'

/** A process as the group sees it; the test decides what it says and when it ends. */
interface Seen extends WorkerEvents {
  readonly told: ToWorker['type'][]
  killed: boolean
}

const start = {
  type: 'start',
  input: {
    configDirectory: '/c',
    dataDirectory: '/d',
    certificatesDirectory: '/k',
    environment: {},
    listen: undefined,
  },
  fixed: {} as never,
} as const satisfies ToWorker

async function groupOf(count: number) {
  const seen: Seen[] = []
  const log = keptLog()
  const metrics = await createWorkerMetrics()
  const group = createWorkerGroup({
    count,
    fork(events) {
      const one: Seen = { ...events, told: [], killed: false }
      seen.push(one)
      return {
        pid: seen.length,
        send: ({ type }) => void one.told.push(type),
        kill: () => void (one.killed = true),
      }
    },
    start,
    shutdownMs: 3_000,
    metrics,
    log,
    monotonicMs: () => Date.now(),
  })
  return { group, seen, log, metrics }
}

async function running(count: number) {
  const house = await groupOf(count)
  const started = house.group.start()
  for (const one of house.seen) one.message({ type: 'listening' })
  expect(await started).toBeUndefined()
  return house
}

beforeEach(() => void jest.useFakeTimers())
afterEach(() => void jest.useRealTimers())

describe('a group of workers', () => {
  it('tells each worker how to start when it is there, and is ready when all listen', async () => {
    const { group, seen } = await groupOf(2)
    let ready = false
    const started = group.start().then((failure) => (ready = failure === undefined))
    seen[0]?.message({ type: 'there' })
    seen[0]?.message({ type: 'listening' })
    await jest.advanceTimersByTimeAsync(60_000)
    expect(ready).toBe(false)
    seen[1]?.message({ type: 'there' })
    seen[1]?.message({ type: 'listening' })
    expect(await started).toBe(true)
    expect(seen.map(({ told }) => told)).toEqual([['start'], ['start']])
  })

  it('does not start with a worker that cannot, and gives its reason, once', async () => {
    const { group, seen, log } = await groupOf(2)
    const started = group.start()
    for (const one of seen) {
      one.message({ type: 'failed', exitCode: 78, reason: 'no store', cause: new Error('x') })
    }
    seen[0]?.exit(78, null)
    seen[1]?.exit(78, null)
    expect(await started).toMatchObject({ exitCode: 78, reason: 'no store' })
    await group.stop()
    expect(log.lines.filter(({ event }) => event === 'server.stopped')).toHaveLength(1)
    expect(seen).toHaveLength(2)
  })

  it('does not start with a worker that ends without a word, and has the others stop', async () => {
    const { group, seen } = await groupOf(2)
    const started = group.start()
    seen[0]?.exit(null, 'SIGSEGV')
    expect(await started).toEqual({
      exitCode: 1,
      reason: 'rolegate: a worker ended before it served (SIGSEGV)',
    })
    const stopped = group.stop()
    expect(seen[1]?.told).toEqual(['stop'])
    seen[1]?.exit(0, null)
    await stopped
  })

  it('replaces a worker after a second, after longer when it dies again and again, at most half a minute', async () => {
    const { seen } = await running(1)
    const waits: number[] = []
    for (let death = 0; death < 7; death++) {
      seen.at(-1)?.exit(null, 'SIGKILL')
      const [count, from] = [seen.length, Date.now()]
      while (seen.length === count) await jest.advanceTimersByTimeAsync(500)
      waits.push(Date.now() - from)
      seen.at(-1)?.message({ type: 'listening' })
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
    await jest.advanceTimersByTimeAsync(60_000)
    seen.at(-1)?.exit(1, null)
    await jest.advanceTimersByTimeAsync(1_000)
    expect(seen).toHaveLength(9)
  })

  it('replaces no worker once it is told to stop', async () => {
    const { group, seen } = await running(2)
    seen[0]?.exit(1, null)
    const stopped = group.stop()
    seen[1]?.exit(0, null)
    await stopped
    await jest.advanceTimersByTimeAsync(120_000)
    expect(seen).toHaveLength(2)
  })

  it('waits for workers as long as they may take, and ends those that take longer', async () => {
    const { group, seen } = await running(2)
    const stopped = group.stop()
    seen[0]?.message({ type: 'stopping', withinMs: 20_000 })
    await jest.advanceTimersByTimeAsync(29_000)
    expect(seen.map(({ killed }) => killed)).toEqual([false, false])
    seen[1]?.exit(0, null)
    await jest.advanceTimersByTimeAsync(2_000)
    expect(seen.map(({ killed }) => killed)).toEqual([true, false])
    seen[0]?.exit(null, 'SIGKILL')
    await stopped
  })

  it('passes a reload on to every worker', async () => {
    const { group, seen } = await running(3)
    group.reload()
    expect(seen.map(({ told }) => told)).toEqual([['reload'], ['reload'], ['reload']])
  })
})

describe('what workers count', () => {
  const issued = (count: number) => [
    {
      name: 'rolegate_credentials_issued_total',
      help: 'x',
      type: 'counter',
      aggregator: 'sum',
      values: [{ value: count, labels: { event: 'AssumeRole' } }],
    },
    { name: 'age', help: 'x', type: 'gauge', aggregator: 'max', values: [{ value: count, labels: {} }] },
  ]
  const line = /^rolegate_credentials_issued_total\{event="AssumeRole"\} (\d+)$/m

  async function scrape(
    { group, metrics, seen }: Awaited<ReturnType<typeof running>>,
    counts: readonly (number | undefined)[],
    question: number,
  ) {
    const asked = group.snapshots(500)
    for (const [n, count] of counts.entries()) {
      const answer = { type: 'counted', question: question + n, snapshot: issued(count ?? 0) } as const
      if (count !== undefined) seen[n]?.message(answer)
    }
    await jest.advanceTimersByTimeAsync(1_000)
    return metrics.render(await asked)
  }

  it('is one sum, in which a worker that is busy has its last numbers', async () => {
    const house = await running(2)
    expect(line.exec(await scrape(house, [3, 4], 1))?.[1]).toBe('7')
    expect(line.exec(await scrape(house, [undefined, 5], 3))?.[1]).toBe('8')
  })

  it('stays counted when a worker dies, so that no sum falls; what it was is forgotten', async () => {
    const house = await running(2)
    await scrape(house, [3, 4], 1)
    house.seen[1]?.exit(null, 'SIGKILL')
    await jest.advanceTimersByTimeAsync(1_000)
    house.seen[2]?.message({ type: 'listening' })
    const text = await scrape(house, [3, undefined], 3)
    expect(line.exec(text)?.[1]).toBe('7')
    expect(text).toMatch(/^age 3$/m)
    expect(text).toMatch(/^rolegate_workers 2$/m)
    expect(text).toMatch(/^rolegate_worker_ends_total 1$/m)
  })
})
