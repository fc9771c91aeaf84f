/**
 * Connections to Redis of the three kinds (one server, a Sentinel group, a Cluster) behind one shape. The only
 * importer of redis.
 *
 * Owns everything about connections: credentials, TLS, reconnecting, noticing a silent server, and listening to
 * errors. Leaves to its caller how long an operation may take and what is asked.
 */
import type { ServerConfig } from '../config/config.js'
import { unavailable } from './deadline.js'
import { createReplicaWait } from './redis-replica-wait.js'

export type RedisSettings = Extract<ServerConfig['store'], { readonly type: 'redis' }>

/** What the store asks of a server, the same for the three kinds of client. */
export interface RedisCommands {
  /** @returns null when `NX` was given and the key is there. */
  set(key: string, value: string, options: { readonly PX: number; readonly NX?: true }): Promise<unknown>
  get(key: string): Promise<string | null>
  getDel(key: string): Promise<string | null>
  del(key: string): Promise<number>
  exists(key: string): Promise<number>
  hGet(key: string, field: string): Promise<string | null>
  hScan(
    key: string,
    cursor: string,
    options: { readonly MATCH: string; readonly COUNT: number },
  ): Promise<{
    readonly cursor: string
    readonly entries: readonly { readonly field: string; readonly value: string }[]
  }>
  /** The whole script is sent each time, so a server that was restarted or flushed of scripts needs no second try. */
  eval(script: string, options: { readonly keys: string[]; readonly arguments: string[] }): Promise<unknown>
}

export interface RedisConnection {
  readonly commands: RedisCommands
  /**
   * Behind sentinels, gives a replica a moment to have what was written before, so that an ordinary fail-over keeps
   * it. In a cluster and for a single server it does nothing: the wait would hold up every other command there.
   */
  readonly replicated: () => Promise<void>
  /** Keeps trying until there is a connection, except when the server refuses our credentials. */
  readonly open: () => Promise<unknown>
  /** Resolves when every server that takes writes has answered. */
  readonly ping: () => Promise<unknown>
  /** The reply to `INFO` of every server that takes writes. */
  readonly info: () => Promise<readonly string[]>
  /** Drops the connection, whatever is under way. */
  readonly close: () => Promise<void>
}

type OnError = (error: unknown) => void

interface Watch {
  readonly onError: OnError
  readonly isOpen: () => boolean
}

/** Every error of every connection goes to `onError`: an emitter without a listener would end the process. */
export async function createRedisConnection(
  settings: RedisSettings,
  onError: OnError,
): Promise<RedisConnection> {
  const kinds = { single, sentinel, cluster }
  let isOpen = false
  const connection = await kinds[settings.mode](settings, { onError, isOpen: () => isOpen })
  return {
    ...connection,
    open: async () => {
      await connection.open()
      isOpen = true
    },
    close: async () => {
      // The package throws at closing what was never opened or gave up by itself.
      await Promise.resolve()
        .then(connection.close)
        .catch(() => undefined)
    },
  }
}

async function single(settings: RedisSettings, { onError, isOpen }: Watch): Promise<RedisConnection> {
  const { createClient } = await import('redis')
  const [node] = settings.nodes
  if (node === undefined) throw unavailable('no address')
  const options = clientOptions(settings, isOpen)
  const client = createClient({
    ...options,
    database: settings.database,
    socket: { ...options.socket, ...node },
  })
  client.on('error', onError)
  return {
    commands: client,
    replicated: async () => undefined,
    open: () => client.connect(),
    ping: () => client.ping(),
    info: async () => [await client.info()],
    close: async () => client.destroy(),
  }
}

/** The sentinels themselves are asked without credentials. */
async function sentinel(settings: RedisSettings, { onError, isOpen }: Watch): Promise<RedisConnection> {
  const { createSentinel } = await import('redis')
  const { username: _username, password: _password, ...anonymous } = clientOptions(settings, isOpen)
  const group = createSentinel({
    name: settings.sentinelName ?? 'mymaster',
    sentinelRootNodes: settings.nodes.map((node) => ({ ...node })),
    nodeClientOptions: { ...clientOptions(settings, isOpen), database: settings.database },
    sentinelClientOptions: anonymous,
    // All commands share one connection; without this, simultaneous ones take connections from the pool that are
    // never given back. The second is for `use`: what waits for a replica holds up only its like.
    reserveClient: true,
    masterPoolSize: 2,
    maxCommandRediscovers: 3,
  })
  group.on('error', onError).on('client-error', onError)
  return {
    commands: group,
    replicated: createReplicaWait(settings.timeoutMs, (timeoutMs) =>
      group.use(async (master) => {
        // The server waits for what this connection wrote, and for whatever came before that.
        await master.set(`${settings.keyPrefix}{replicated}`, '', { PX: REPLICATION_MARK_MS })
        return master.wait(1, timeoutMs)
      }),
    ),
    open: () => group.connect(),
    ping: () => group.ping(),
    info: async () => [await group.use((master) => master.info())],
    close: () => group.destroy(),
  }
}

async function cluster(settings: RedisSettings, { onError, isOpen }: Watch): Promise<RedisConnection> {
  const { createCluster } = await import('redis')
  const nodes = createCluster({
    rootNodes: settings.nodes.map((node) => ({ socket: { ...node } })),
    defaults: clientOptions(settings, isOpen),
    topologyRefreshOnReconnectionAttemptStrategy: 1_000,
  })
  nodes.on('error', onError).on('node-error', onError)
  const masters = () => Promise.all(nodes.masters.map((node) => nodes.nodeClient(node)))
  return {
    commands: nodes,
    replicated: async () => undefined,
    open: () => nodes.connect(),
    ping: async () => Promise.all((await masters()).map((node) => node.ping())),
    info: async () => Promise.all((await masters()).map((node) => node.info())),
    close: async () => nodes.destroy(),
  }
}

const REPLICATION_MARK_MS = 60_000
const CONNECT_TIMEOUT_MS = 2_000
const RECONNECT_MAX_MS = 500
/** A connection that says nothing for this long is dead; pings keep an idle one talking. */
const SILENCE_MS = 3_000
const PING_INTERVAL_MS = 1_000

function clientOptions(settings: RedisSettings, isOpen: () => boolean) {
  return {
    ...(settings.username === undefined ? {} : { username: settings.username }),
    ...(settings.password === undefined ? {} : { password: settings.password }),
    // Otherwise commands would wait for a lost connection without limit.
    disableOfflineQueue: true,
    pingInterval: PING_INTERVAL_MS,
    maintNotifications: 'disabled' as const,
    disableClientInfo: true,
    socket: {
      ...(settings.tls ? { tls: true as const } : {}),
      ...(settings.ca === undefined ? {} : { ca: settings.ca }),
      connectTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: SILENCE_MS,
      // A refusal is final at the start only: later it may be a password that is just being changed.
      reconnectStrategy: (retries: number, cause: Error) =>
        refusesUs(cause) && !isOpen() ? cause : Math.min(20 * 2 ** Math.min(retries, 10), RECONNECT_MAX_MS),
    },
  }
}

/** Whether the server answered and will not have us, so that waiting does not help. */
export function refusesUs(error: unknown): boolean {
  return (
    error instanceof Error &&
    /^(WRONGPASS|NOAUTH|NOPERM|ERR AUTH|ERR invalid password|ERR DB index)/.test(error.message)
  )
}
