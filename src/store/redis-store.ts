/**
 * The expiring store on Redis 6.2 or later, for brokers on more than one machine.
 *
 * Nothing here relies on the package for time: every operation has its own deadline, and how many may be under way is
 * bounded. What fails may still have taken effect; for single use that errs on the side of refusing.
 *
 * Redis acknowledges before a replica has the write: after a fail-over the last writes may be missing, unless the
 * servers are set to `min-replicas-to-write`.
 */
import { Fault, type Clock } from '../fault.js'
import type { Log } from '../operation/log.js'
import { inTime, unavailable } from './deadline.js'
import type { ExpiringStore } from './expiring-store.js'
import { requireKey } from './key.js'
import {
  createRedisConnection,
  refusesUs,
  type RedisConnection,
  type RedisSettings,
} from './redis-connection.js'
import { requireFitServer } from './redis-fitness.js'

export interface RedisStoreDeps {
  readonly log: Log
  readonly now?: Clock
  /** How long to keep trying for the first connection. */
  readonly startTimeoutMs?: number
}

const START_TIMEOUT_MS = 30_000
const START_RETRY_MS = 500
/** Beyond this many unanswered operations the next one fails at once: a server that hangs must not fill the memory. */
const MAX_PENDING = 2_000
/** A lost connection makes an error several times a second; one line a while is enough. */
const LOG_INTERVAL_MS = 10_000

/**
 * @throws {Fault} `StoreUnavailable` when no connection could be made in time, when the server refuses the
 * credentials, or when it would not keep what it is given.
 */
export async function createRedisStore(
  settings: RedisSettings,
  deps: RedisStoreDeps,
): Promise<ExpiringStore> {
  const { log, now = () => new Date(), startTimeoutMs = START_TIMEOUT_MS } = deps
  const connection = await connect(settings, log, startTimeoutMs)
  const { commands } = connection

  const named = (key: string) => {
    requireKey(key)
    return settings.keyPrefix + key
  }
  const lifetime = (expiresAt: Date) => expiresAt.getTime() - now().getTime()
  let pending = 0
  const ask = <T>(command: () => Promise<T>): Promise<T> => {
    if (pending >= MAX_PENDING) return Promise.reject(unavailable('too many unanswered operations'))
    return inTime(settings.timeoutMs, async () => {
      pending++
      try {
        return await command()
      } finally {
        pending--
      }
    })
  }

  return {
    async put(key, value, expiresAt) {
      const name = named(key)
      const milliseconds = lifetime(expiresAt)
      await ask<unknown>(() =>
        milliseconds > 0 ? commands.set(name, value, { PX: milliseconds }) : commands.del(name),
      )
    },
    async add(key, value, expiresAt) {
      const name = named(key)
      const milliseconds = lifetime(expiresAt)
      // Already over: nothing to keep, only the question whether somebody else holds the key.
      if (milliseconds <= 0) return (await ask(() => commands.exists(name))) === 0
      return (await ask(() => commands.set(name, value, { NX: true, PX: milliseconds }))) !== null
    },
    async get(key) {
      const name = named(key)
      return (await ask(() => commands.get(name))) ?? undefined
    },
    async take(key) {
      const name = named(key)
      return (await ask(() => commands.getDel(name))) ?? undefined
    },
    async ping() {
      await ask(connection.ping)
    },
    close: connection.close,
  }
}

async function connect(settings: RedisSettings, log: Log, timeoutMs: number): Promise<RedisConnection> {
  const deadline = performance.now() + timeoutMs
  const onError = connectionLog(log)
  for (;;) {
    const connection = await createRedisConnection(settings, onError)
    const left = Math.max(1, deadline - performance.now())
    try {
      await inTime(left, connection.open)
      for (const info of await inTime(settings.timeoutMs * 4, connection.info)) requireFitServer(info)
      return connection
    } catch (error) {
      await connection.close()
      const cause = error instanceof Fault ? (error.cause ?? error) : error
      if (error instanceof Fault && error.reason === 'store:unfit') throw error
      if (refusesUs(cause) || performance.now() + START_RETRY_MS > deadline)
        throw unavailable('connect', cause)
      onError(cause)
      await new Promise((resolve) => setTimeout(resolve, START_RETRY_MS))
    }
  }
}

function connectionLog(log: Log): (error: unknown) => void {
  let quietUntil = 0
  return (error) => {
    if (performance.now() < quietUntil) return
    quietUntil = performance.now() + LOG_INTERVAL_MS
    log.warn('store.connection', { error: describe(error) })
  }
}

function describe(error: unknown): string {
  // Sentinel says it in an event with the error inside, several refused addresses at once come as an aggregate.
  if (error instanceof AggregateError) return error.errors.map(describe).join(', ')
  if (error instanceof Error) return error.message
  if (typeof error === 'object' && error !== null && 'error' in error) return describe(error.error)
  return String(error)
}
