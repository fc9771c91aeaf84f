import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { ExpiringStore } from '../../src/store/expiring-store.js'
import type { RedisSettings } from '../../src/store/redis-connection.js'
import { createRedisStore } from '../../src/store/redis-store.js'
import {
  freePort,
  startRedis,
  startRedisCluster,
  startSentinelGroup,
  waitUntil,
  type RedisCluster,
  type RedisServer,
  type SentinelGroup,
} from '../support/redis.js'
import { storeSuite } from './suite.js'

const silent = { debug() {}, info() {}, warn() {}, error() {} }
const later = () => new Date(Date.now() + 3_600_000)

function settings(overrides: Partial<RedisSettings> & Pick<RedisSettings, 'nodes'>): RedisSettings {
  return {
    type: 'redis',
    mode: 'single',
    tls: false,
    database: 0,
    keyPrefix: 'rolegate:',
    timeoutMs: 1_000,
    ...overrides,
  }
}
const local = (...ports: readonly number[]) => ports.map((port) => ({ host: '127.0.0.1', port }))
const open = (chosen: RedisSettings) => createRedisStore(chosen, { log: silent, startTimeoutMs: 10_000 })

/** Two handles and short real lifetimes: Redis keeps its own time. */
async function underTest(chosen: RedisSettings, stop?: () => Promise<void>) {
  const store = await open(chosen)
  const other = await open(chosen)
  return {
    store,
    other,
    soon: () => new Date(Date.now() + 300),
    later,
    elapse: () => new Promise<void>((resolve) => setTimeout(resolve, 500)),
    stop: async () => {
      await store.close()
      await other.close()
      await stop?.()
    },
  }
}

storeSuite('one redis-server', async () => {
  const server = await startRedis()
  return underTest(settings({ nodes: local(server.port) }), server.stop)
})

describe('the redis store', () => {
  const opened: ExpiringStore[] = []
  const servers: RedisServer[] = []
  const server = async (options: readonly string[] = []) => {
    const started = await startRedis(options)
    servers.push(started)
    return started
  }
  const store = async (chosen: RedisSettings) => {
    const created = await open(chosen)
    opened.push(created)
    return created
  }
  afterEach(async () => {
    for (const one of opened.splice(0)) await one.close()
    for (const one of servers.splice(0)) await one.stop()
  })

  it('fails at once while the server is gone and works again when it is back', async () => {
    const redis = await server()
    const subject = await store(settings({ nodes: local(redis.port) }))
    await subject.put('before', 'value', later())
    await redis.kill()
    await waitUntil(async () => (await codeOf(subject.get('before'))) === 'StoreUnavailable', 'the failure')
    for (const attempt of [
      subject.put('k', 'v', later()),
      subject.add('k', 'v', later()),
      subject.take('k'),
    ]) {
      expect(await codeOf(attempt)).toBe('StoreUnavailable')
    }
    expect(await codeOf(subject.ping())).toBe('StoreUnavailable')
    await redis.restart()
    await waitUntil(async () => (await codeOf(subject.ping())) === 'ok', 'the reconnect')
    expect(await subject.add('before', 'new', later())).toBe(true)
  })

  it('does not wait for a server that is connected and silent, and recovers from it', async () => {
    const redis = await server()
    const subject = await store(settings({ nodes: local(redis.port), timeoutMs: 250 }))
    redis.freeze()
    const attempts = Array.from({ length: 3_000 }, (_, n) => codeOf(subject.get(`k${n}`)))
    expect(new Set(await Promise.all(attempts))).toEqual(new Set(['StoreUnavailable']))
    redis.thaw()
    await waitUntil(async () => (await codeOf(subject.ping())) === 'ok', 'the recovery')
    expect(await subject.add('after', 'value', later())).toBe(true)
  })

  it('stays connected while nothing is asked for longer than the silence it tolerates', async () => {
    const redis = await server()
    const warnings: string[] = []
    const log = { ...silent, warn: (event: string) => warnings.push(event) }
    const subject = await createRedisStore(settings({ nodes: local(redis.port) }), { log })
    opened.push(subject)
    await new Promise((resolve) => setTimeout(resolve, 4_000))
    expect(await codeOf(subject.ping())).toBe('ok')
    expect(warnings).toEqual([])
  })

  it('keeps its keys under the prefix and lets them expire by themselves', async () => {
    const redis = await server()
    const subject = await store(settings({ nodes: local(redis.port), keyPrefix: 'a:', database: 3 }))
    await subject.put('key', 'value', later())
    expect(await redis.command('INFO', 'keyspace')).toContain('db3:keys=1,expires=1')
    const neighbour = await store(settings({ nodes: local(redis.port), keyPrefix: 'b:', database: 3 }))
    expect(await neighbour.get('key')).toBeUndefined()
  })

  it('counts lifetimes by the clock it was given, not by the server’s', async () => {
    const redis = await server()
    const now = () => new Date('2031-01-01T00:00:00Z')
    const subject = await createRedisStore(settings({ nodes: local(redis.port) }), { log: silent, now })
    opened.push(subject)
    await subject.put('future', 'value', new Date('2031-01-01T01:00:00Z'))
    await subject.put('past', 'value', new Date('2030-12-31T23:59:59Z'))
    expect(await subject.get('future')).toBe('value')
    expect(await subject.get('past')).toBeUndefined()
  })

  it('signs in with a password, and refuses to start with a wrong one without retrying', async () => {
    const redis = await server(['--requirepass', 'right'])
    const subject = await store(settings({ nodes: local(redis.port), password: 'right' }))
    expect(await subject.add('key', 'value', later())).toBe(true)
    for (const password of ['wrong', undefined]) {
      const wrong = settings({ nodes: local(redis.port), ...(password === undefined ? {} : { password }) })
      const failure = createRedisStore(wrong, { log: silent, startTimeoutMs: 3_600_000 })
      expect(await codeOf(failure)).toBe('StoreUnavailable')
    }
  })

  it('gives up when no server appears within the start time', async () => {
    const nowhere = settings({ nodes: local(await freePort()) })
    for (const mode of ['single', 'sentinel', 'cluster'] as const) {
      const failure = createRedisStore({ ...nowhere, mode }, { log: silent, startTimeoutMs: 700 })
      expect(await codeOf(failure)).toBe('StoreUnavailable')
    }
  })

  it('refuses a server that would evict keys, unless it has no memory limit', async () => {
    const evicting = await server(['--maxmemory', '100mb', '--maxmemory-policy', 'allkeys-lru'])
    const failure = open(settings({ nodes: local(evicting.port) }))
    await expect(failure).rejects.toMatchObject({ code: 'StoreUnavailable', reason: 'store:unfit' })
    const unlimited = await server(['--maxmemory', '0', '--maxmemory-policy', 'allkeys-lru'])
    expect(await codeOf(store(settings({ nodes: local(unlimited.port) })))).toBe('ok')
  })

  it('refuses writes and goes on reading when the server is full', async () => {
    const redis = await server(['--maxmemory-policy', 'noeviction'])
    const subject = await store(settings({ nodes: local(redis.port) }))
    await subject.put('kept', 'value', later())
    await redis.command('CONFIG', 'SET', 'maxmemory', '1')
    expect(await codeOf(subject.put('k', 'v', later()))).toBe('StoreUnavailable')
    expect(await codeOf(subject.add('k', 'v', later()))).toBe('StoreUnavailable')
    expect(await subject.get('kept')).toBe('value')
    await redis.command('CONFIG', 'SET', 'maxmemory', '0')
    expect(await subject.add('k', 'v', later())).toBe(true)
  })
})

describe('the redis store behind sentinels', () => {
  let group: SentinelGroup
  beforeAll(async () => {
    group = await startSentinelGroup()
  })
  afterAll(() => group.stop())
  const chosen = () => settings({ mode: 'sentinel', sentinelName: group.name, nodes: group.sentinels })

  storeSuite('a sentinel group', () => underTest(chosen()))

  it('follows the fail-over to the replica', async () => {
    const subject = await open(chosen())
    const [master, replica] = group.servers
    await subject.put('kept', 'value', later())
    await waitUntil(
      async () => (await replica.command('EXISTS', 'rolegate:kept')).startsWith(':1'),
      'the copy',
    )
    await group.watchClosely()
    await master.kill()
    await waitUntil(
      async () => (await codeOf(subject.put('probe', 'v', later()))) === 'ok',
      'the fail-over',
      25_000,
    )
    expect(await subject.take('kept')).toBe('value')
    expect(await subject.add('new', 'value', later())).toBe(true)
    expect(await replica.command('EXISTS', 'rolegate:new')).toContain(':1')
    await subject.close()
  })
})

describe('the redis store on a cluster', () => {
  let cluster: RedisCluster
  beforeAll(async () => {
    cluster = await startRedisCluster()
  })
  afterAll(() => cluster.stop())
  const chosen = () => settings({ mode: 'cluster', nodes: local(...cluster.masters.map(({ port }) => port)) })

  storeSuite('a redis cluster', () => underTest(chosen()))

  it('spreads its keys, loses one node without losing the others, and follows the promotion', async () => {
    const subject = await open(chosen())
    const keys = Array.from({ length: 60 }, (_, n) => `spread:${n}`)
    for (const key of keys) await subject.put(key, key, later())
    const sizes = await Promise.all(cluster.masters.map((master) => master.command('DBSIZE')))
    expect(sizes.every((size) => !size.startsWith(':0'))).toBe(true)
    const [first] = cluster.masters
    await waitUntil(async () => (await cluster.replica.command('DBSIZE')) === sizes[0], 'the copy')
    await first?.kill()
    const codes = () => Promise.all(keys.map((key) => codeOf(subject.put(key, `again ${key}`, later()))))
    expect(await codes()).toContain('ok')
    await waitUntil(async () => (await codes()).every((code) => code === 'ok'), 'the promotion', 25_000)
    for (const key of keys) expect(await subject.take(key)).toBe(`again ${key}`)
    await subject.close()
  })
})

async function codeOf(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt
    return 'ok'
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  }
}
