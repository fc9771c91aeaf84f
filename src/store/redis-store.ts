/**
 * The store on Redis 6.2 or later, for brokers on more than one machine. Owns connecting, what is logged of it and
 * closing; the keys are in `redis-expiring-store.ts`, `redis-records.ts` and `redis-feed.ts`.
 *
 * Nothing here relies on the package for time: every operation has its own deadline, and how many may be under way is
 * bounded. What fails may still have taken effect; for single use that errs on the side of refusing.
 *
 * Durable means as durable as the server is set to be (`appendonly`, `appendfsync`). Redis acknowledges before a
 * replica has the write: after a fail-over the last writes may be missing, unless the servers are set to
 * `min-replicas-to-write`.
 *
 * An ACL user needs `~<key prefix>*` and these rights, and `+select` for another database than the first:
 * - everywhere +set +get +getdel +del +exists +hget +hset +hdel +hscan +xadd +xrange +xdel +eval +info +ping
 * - behind sentinels +wait
 * - in a cluster +cluster|slots
 */
import { Fault, type Clock } from '../fault.js'
import type { Log } from '../operation/log.js'
import { inTime, unavailable } from './deadline.js'
import { createRedisAccess } from './redis-access.js'
import {
  createRedisConnection,
  refusesUs,
  type RedisConnection,
  type RedisSettings,
} from './redis-connection.js'
import { createRedisExpiringStore } from './redis-expiring-store.js'
import { createRedisFeed } from './redis-feed.js'
import { requireFitServer } from './redis-fitness.js'
import { createRedisRecords } from './redis-records.js'
import { createSettledPast } from './settled-past.js'
import type { Store } from './store.js'

export interface RedisStoreDeps {
  readonly log: Log
  readonly now?: Clock
  /** Milliseconds on a clock that nobody sets. */
  readonly monotonic?: () => number
  /** How long to keep trying for the first connection. */
  readonly startTimeoutMs?: number
}

const START_TIMEOUT_MS = 30_000
const START_RETRY_MS = 500
/** A lost connection makes an error several times a second; one line a while is enough. */
const LOG_INTERVAL_MS = 10_000

/**
 * @throws {Fault} `StoreUnavailable` when no connection could be made in time, when the server refuses the
 * credentials, or when it would not keep what it is given.
 */
export async function createRedisStore(settings: RedisSettings, deps: RedisStoreDeps): Promise<Store> {
  const { log, now = () => new Date(), startTimeoutMs = START_TIMEOUT_MS } = deps
  const { monotonic = () => performance.now() } = deps
  const connection = await connect(settings, log, startTimeoutMs)
  const access = createRedisAccess(connection, settings)
  return {
    ...createRedisExpiringStore(access, now),
    records: createRedisRecords(access),
    feed: createRedisFeed(access, now, createSettledPast({ now, monotonic })),
    async ping() {
      await access.ask(connection.ping)
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
