/**
 * The workers of one server: started together, replaced when they die, stopped together. Owns who is there and who is
 * missing; serves nothing itself, and knows processes only by a port.
 */
import type { Log } from '../operation/log.js'
import type { MetricsSnapshot, WorkerMetrics } from '../operation/prometheus-metrics.js'
import type { ForkWorker, WorkerProcess } from './cluster-fork.js'
import type { FromWorker, ToWorker } from './messages.js'
import { createReplacementDelay } from './replacement-delay.js'
import type { StartFailure } from './start-failure.js'

export interface WorkerGroup {
  /** Resolves when all listen, or with why one of them cannot: then the server does not start. */
  start(): Promise<StartFailure | undefined>
  reload(): void
  /** Has all finish what is under way. Resolves when the last one is gone. */
  stop(): Promise<void>
  /** At once. */
  kill(): void
  /** Of every worker that serves, the last one known where none comes within `deadlineMs`; what the dead counted too. */
  snapshots(deadlineMs: number): Promise<readonly MetricsSnapshot[]>
}

export interface WorkerGroupDeps {
  readonly count: number
  readonly fork: ForkWorker
  readonly start: ToWorker & { readonly type: 'start' }
  /** How long a stopping worker that says nothing may take. */
  readonly shutdownMs: number
  readonly metrics: Pick<WorkerMetrics, 'workersListening' | 'workerEnded' | 'countsOf'>
  readonly log: Log
  readonly monotonicMs?: () => number
}

interface Place {
  readonly delay: ReturnType<typeof createReplacementDelay>
  process: WorkerProcess | undefined
  /** On the monotonic clock. */
  listeningSince: number | undefined
  failure: (StartFailure & { readonly cause: unknown }) | undefined
  snapshot: MetricsSnapshot | undefined
  replacement: NodeJS.Timeout | undefined
}

/** Beyond the time for requests under way: records, the store and the rest are closed as well. */
const closingMs = 10_000

export function createWorkerGroup(deps: WorkerGroupDeps): WorkerGroup {
  const { log, metrics } = deps
  const monotonicMs = deps.monotonicMs ?? (() => performance.now())
  const places = Array.from({ length: deps.count }, (): Place => {
    const delay = createReplacementDelay()
    const nothing = undefined
    return {
      delay,
      process: nothing,
      listeningSince: nothing,
      failure: nothing,
      snapshot: nothing,
      replacement: nothing,
    }
  })
  const answered = new Map<number, () => void>()
  let lastQuestion = 0
  let ofTheDead: Promise<MetricsSnapshot> = Promise.resolve([])
  let state: 'starting' | 'running' | 'stopping' = 'starting'
  let started = (_failure?: StartFailure): void => undefined
  let emptied = (): void => undefined
  let patience: NodeJS.Timeout | undefined

  const alive = (): readonly Place[] => places.filter(({ process }) => process !== undefined)
  const listening = (): readonly Place[] =>
    places.filter(({ listeningSince }) => listeningSince !== undefined)

  function fill(place: Place): void {
    place.replacement = undefined
    place.failure = undefined
    place.process = deps.fork({
      message: (message) => hear(place, message),
      exit: (code, signal) => ended(place, code, signal),
    })
  }

  function hear(place: Place, message: FromWorker): void {
    switch (message.type) {
      case 'there':
        place.process?.send(deps.start)
        return
      case 'listening':
        place.listeningSince = monotonicMs()
        metrics.workersListening(listening().length)
        log.info('workers.listening', { worker: place.process?.pid })
        if (state === 'starting' && listening().length === places.length) {
          state = 'running'
          started()
        }
        return
      case 'failed':
        place.failure = message
        return
      case 'stopping':
        if (state === 'stopping') waitFor(message.withinMs)
        return
      case 'counted':
        place.snapshot = message.snapshot
        answered.get(message.question)?.()
        return
      default:
        message satisfies never
    }
  }

  function ended(place: Place, code: number | null, signal: string | null): void {
    const { failure, listeningSince, snapshot, process: gone } = place
    place.process = place.listeningSince = place.snapshot = undefined
    metrics.workersListening(listening().length)
    const how = { worker: gone?.pid, exitCode: code, signal }
    if (state === 'stopping') {
      if (alive().length === 0) emptied()
    } else if (state === 'starting') {
      state = 'stopping'
      const cause = failure?.cause
      if (cause !== undefined) log.error('server.stopped', { cause })
      started(
        failure ?? { exitCode: 1, reason: `rolegate: a worker ended before it served (${code ?? signal})` },
      )
    } else {
      const servedMs = listeningSince === undefined ? 0 : monotonicMs() - listeningSince
      const againInMs = place.delay.afterDeath(servedMs)
      metrics.workerEnded()
      const why = failure === undefined ? {} : { reason: failure.reason, cause: failure.cause }
      log.error('workers.ended', { ...how, ...why, againInMs })
      place.replacement = setTimeout(() => fill(place), againInMs)
    }
    // What it counted stays counted: a sum that falls would look like a restart of everything.
    if (snapshot !== undefined) ofTheDead = ofTheDead.then((before) => metrics.countsOf([before, snapshot]))
  }

  /** Whoever takes longer than all of them may is stuck. */
  let longestMs = 0
  function waitFor(withinMs: number): void {
    if (withinMs <= longestMs) return
    longestMs = withinMs
    clearTimeout(patience)
    patience = setTimeout(() => {
      log.warn('workers.stuck', { workers: alive().map(({ process }) => process?.pid) })
      killAll()
    }, withinMs + closingMs)
  }

  function killAll(): void {
    for (const { process } of alive()) process?.kill()
  }

  /** Has the place's snapshot be a new one, if one comes in time. */
  function ask(place: Place, deadlineMs: number): Promise<void> {
    const question = (lastQuestion += 1)
    return new Promise((resolve) => {
      const settle = (): void => {
        clearTimeout(late)
        answered.delete(question)
        resolve()
      }
      const late = setTimeout(settle, deadlineMs)
      answered.set(question, settle)
      place.process?.send({ type: 'count', question })
    })
  }

  return {
    start() {
      return new Promise((resolve) => {
        started = resolve
        for (const place of places) fill(place)
      })
    },
    reload() {
      for (const { process } of alive()) process?.send({ type: 'reload' })
    },
    async stop() {
      state = 'stopping'
      for (const place of places) clearTimeout(place.replacement)
      if (alive().length > 0) {
        waitFor(deps.shutdownMs)
        for (const { process } of alive()) process?.send({ type: 'stop' })
        await new Promise<void>((resolve) => (emptied = resolve))
      }
      clearTimeout(patience)
    },
    kill: killAll,
    async snapshots(deadlineMs) {
      await Promise.all(listening().map((place) => ask(place, deadlineMs)))
      // Looked at in one moment: whoever dies now is on one side of the sum or on the other.
      const living = listening().flatMap(({ snapshot }) => (snapshot === undefined ? [] : [snapshot]))
      return [await ofTheDead, ...living]
    },
  }
}
