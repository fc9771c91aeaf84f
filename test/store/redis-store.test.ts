import { readFile } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { RedisSettings } from '../../src/store/redis-connection.js'
import { createRedisStore } from '../../src/store/redis-store.js'
import { settledAfterMs } from '../../src/store/settled-past.js'
import type { Store } from '../../src/store/store.js'
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
import { follow } from './feed-suite.js'
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
  const opened: Store[] = []
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
      subject.records.get('k'),
      subject.records.replace('k', undefined, 'v'),
      subject.records.list(''),
      subject.feed.append('entry', later()),
      subject.feed.after(undefined, 10),
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
    for (const attempt of [
      subject.records.get('k'),
      subject.records.replace('k', undefined, 'v'),
      subject.records.list(''),
      subject.feed.append('entry', later()),
      subject.feed.after(undefined, 10),
    ]) {
      expect(await codeOf(attempt)).toBe('StoreUnavailable')
    }
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

  it('needs no more rights than its header lists', async () => {
    const redis = await server()
    await allowBroker(redis)
    const subject = await store(settings({ nodes: local(redis.port), ...broker }))
    await subject.put('key', 'value', later())
    await subject.put('key', 'value', new Date(0))
    expect(await subject.add('key', 'value', later())).toBe(true)
    expect(await subject.add('key', 'value', new Date(0))).toBe(false)
    expect(await subject.get('key')).toBe('value')
    expect(await subject.take('key')).toBe('value')
    expect(await subject.records.replace('key', undefined, 'value')).toBe(true)
    expect(await subject.records.list('')).toEqual([{ key: 'key', value: 'value' }])
    expect(await subject.records.replace('key', 'value', undefined)).toBe(true)
    await subject.feed.append('over', new Date(0))
    await subject.feed.append('entry', later())
    expect((await follow(subject.feed)).entries).toHaveLength(1)
    await subject.ping()
    expect(await redis.command('ACL', 'LOG')).toBe('*0\r\n')
  })

  it('says by a new epoch that its feed was flushed, and goes on with an empty one', async () => {
    const redis = await server()
    const subject = await store(settings({ nodes: local(redis.port) }))
    const other = await store(settings({ nodes: local(redis.port) }))
    const last = await subject.feed.append('entry', later())
    const before = await follow(other.feed)
    await redis.command('FLUSHALL')
    const lost = await other.feed.after(last, 10)
    expect(lost.entries).toEqual([])
    expect(lost.epoch).not.toBe(before.epoch)
    await subject.feed.append('again', later())
    const after = await follow(other.feed)
    expect(after.entries.map(({ entry }) => entry)).toEqual(['again'])
    expect(after.epoch).toBe(lost.epoch)
  })

  it('says by a new epoch that the feed may have been lost at a restart, when all is there and when nothing is', async () => {
    for (const appendOnly of ['yes', 'no']) {
      const redis = await server(['--appendonly', appendOnly, '--appendfsync', 'always'])
      const subject = await store(settings({ nodes: local(redis.port) }))
      await subject.records.replace('record', undefined, 'value')
      for (let n = 0; n < 10; n++) await subject.feed.append(`entry ${n}`, later())
      const before = await follow(subject.feed)
      await redis.restart()
      await waitUntil(async () => (await codeOf(subject.ping())) === 'ok', 'the reconnect')
      const after = await follow(subject.feed)
      expect(after.epoch).not.toBe(before.epoch)
      const kept = appendOnly === 'yes'
      expect(after.entries).toEqual(kept ? before.entries : [])
      expect(await subject.records.get('record')).toBe(kept ? 'value' : undefined)
      const next = await subject.feed.append('next', later())
      expect((await follow(subject.feed, after.position)).entries.map(({ position }) => position)).toEqual([
        next,
      ])
      expect(before.entries.map(({ position }) => position)).not.toContain(next)
    }
  })

  it('loses no acknowledged entry and skips none when the server is killed again and again', async () => {
    const redis = await server(['--appendonly', 'yes', '--appendfsync', 'always'])
    const subject = await store(settings({ nodes: local(redis.port) }))
    const acknowledged: string[] = []
    const writing = new AbortController()
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let n = 0; !writing.signal.aborted; n++) {
        if ((await codeOf(subject.feed.append(`${writer}:${n}`, later()))) === 'ok')
          acknowledged.push(`${writer}:${n}`)
        else await new Promise((resolve) => setTimeout(resolve, 20))
      }
    })
    for (let round = 1; round <= 3; round++) {
      const enough = acknowledged.length + 50
      await waitUntil(async () => acknowledged.length > enough, 'some entries')
      await redis.restart()
    }
    writing.abort()
    await Promise.all(writers)
    await waitUntil(async () => (await codeOf(subject.ping())) === 'ok', 'the reconnect')
    const { entries } = await follow(subject.feed)
    const texts = entries.map(({ entry }) => entry)
    expect(acknowledged.filter((text) => !texts.includes(text))).toEqual([])
    for (const limit of [1, 3])
      expect((await follow(subject.feed, undefined, limit)).entries).toEqual(entries)
  })

  it('gives the space of expired entries of the feed back as others are appended', async () => {
    const redis = await server()
    let passed = 0
    const subject = await createRedisStore(settings({ nodes: local(redis.port) }), {
      log: silent,
      monotonic: () => passed,
    })
    const first = await subject.feed.append('kept', later())
    for (let n = 0; n < 100; n++) await subject.feed.append(`short ${n}`, new Date(Date.now() + 1_000))
    await waitUntil(async () => (await follow(subject.feed)).entries.length === 1, 'the expiry')
    // Past by one look of the clock only, which may be wrong.
    await subject.feed.append('long', later())
    expect(await redis.command('XLEN', 'rolegate:{feed}')).toBe(':103\r\n')
    for (let look = 0; look < 2; look++) {
      passed += settledAfterMs
      await subject.feed.append(`look ${look}`, later())
    }
    for (let n = 0; n < 6; n++) await subject.feed.append(`long ${n}`, later())
    // The stream's name, and what is alive.
    expect(await redis.command('XLEN', 'rolegate:{feed}')).toBe(':11\r\n')
    const { entries } = await follow(subject.feed)
    expect(entries).toHaveLength(10)
    expect(entries[0]?.position).toBe(first)
    await subject.close()
  })

  it('leaves out what somebody else put into the feed, and answers in time when it is none', async () => {
    const redis = await server()
    const subject = await store(settings({ nodes: local(redis.port) }))
    await subject.feed.append('first', later())
    await redis.command('XADD', 'rolegate:{feed}', '*', 'entry', 'forged')
    await redis.command('XADD', 'rolegate:{feed}', '*', 'entry', 'forged', 'expires', 'never')
    await redis.command('XADD', 'rolegate:{feed}', '*', 'entry', 'forged', 'expires', '9'.repeat(30))
    await subject.feed.append('last', later())
    expect((await follow(subject.feed)).entries.map(({ entry }) => entry)).toEqual(['first', 'last'])
    for (const name of ['{feed}', '{records}']) await redis.command('SET', `rolegate:${name}`, 'text')
    for (const attempt of [
      subject.feed.append('entry', later()),
      subject.feed.after(undefined, 10),
      subject.records.get('k'),
      subject.records.replace('k', undefined, 'v'),
      subject.records.list(''),
    ]) {
      expect(await codeOf(attempt)).toBe('StoreUnavailable')
    }
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

  it('needs no more rights than its header lists', async () => {
    for (const one of group.servers) await allowBroker(one, 'behind sentinels')
    const subject = await open({ ...chosen(), ...broker })
    expect(await subject.add('key', 'value', later())).toBe(true)
    expect(await subject.records.replace('key', undefined, 'value')).toBe(true)
    await subject.feed.append('entry', later())
    expect((await follow(subject.feed)).entries).toHaveLength(1)
    await subject.close()
    for (const one of group.servers) expect(await one.command('ACL', 'LOG')).toBe('*0\r\n')
  })

  it('waits for a replica to have a record or an entry, but fails neither for one that hangs', async () => {
    const subject = await open(chosen())
    const [master, replica] = group.servers
    const waits = async () => {
      const calls = /cmdstat_wait:calls=(\d+)/.exec(await master.command('INFO', 'commandstats'))
      return Number(calls?.[1] ?? 0)
    }
    const before = await waits()
    await subject.records.replace('waited', undefined, 'value')
    expect(await waits()).toBeGreaterThan(before)
    replica.freeze()
    const attempts = Array.from({ length: 50 }, (_, n) =>
      subject.records.replace('waited', 'value', String(n)),
    )
    expect((await Promise.all(attempts)).filter(Boolean)).toHaveLength(1)
    const position = await subject.feed.append('entry', later())
    replica.thaw()
    expect((await follow(subject.feed)).position).toBe(position)
    await subject.close()
  })

  it('follows the fail-over to the replica', async () => {
    const subject = await open(chosen())
    const [master, replica] = group.servers
    await subject.put('kept', 'value', later())
    await subject.records.replace('record', undefined, 'value')
    await subject.feed.append('entry', later())
    const before = await follow(subject.feed)
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
    const after = await follow(subject.feed)
    expect(after.entries).toEqual(before.entries)
    expect(after.epoch).not.toBe(before.epoch)
    expect(await subject.records.replace('record', 'value', 'new')).toBe(true)
    await subject.feed.append('next', later())
    expect((await follow(subject.feed, after.position)).entries).toHaveLength(1)
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

  it('needs no more rights than its header lists', async () => {
    for (const one of [...cluster.masters, cluster.replica]) await allowBroker(one, 'in a cluster')
    const subject = await open({ ...chosen(), ...broker })
    expect(await subject.add('key', 'value', later())).toBe(true)
    expect(await subject.records.replace('key', undefined, 'value')).toBe(true)
    await subject.feed.append('entry', later())
    expect((await follow(subject.feed)).entries).toHaveLength(1)
    await subject.close()
    for (const one of cluster.masters) expect(await one.command('ACL', 'LOG')).toBe('*0\r\n')
  })

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
    expect(await codeOf(subject.records.list(''))).toBe('ok')
    expect(await codeOf(subject.feed.append('entry', later()))).toBe('ok')
    await subject.close()
  })
})

const broker = { username: 'broker', password: 'secret', keyPrefix: 'a:' }

/** Gives the user `broker` the rights that the store's header lists, and no other. */
async function allowBroker(server: RedisServer, more?: 'behind sentinels' | 'in a cluster'): Promise<void> {
  const header = await readFile(new URL('../../src/store/redis-store.ts', import.meta.url), 'utf8')
  const rights = ['everywhere', ...(more === undefined ? [] : [more])].flatMap((where) => {
    const line = header.split('\n').find((one) => one.startsWith(` * - ${where}`))
    return line?.match(/\+[a-z|]+/g) ?? [`nothing is listed ${where}`]
  })
  const reply = await server.command('ACL', 'SETUSER', 'broker', 'on', '>secret', '~a:*', ...rights)
  expect(reply).toBe('+OK\r\n')
}

async function codeOf(attempt: Promise<unknown>): Promise<string> {
  try {
    await attempt
    return 'ok'
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  }
}
