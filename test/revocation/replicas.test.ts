import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { Fault } from '../../src/fault.js'
import { createEmbeddedStore } from '../../src/store/embedded-store.js'
import type { Feed } from '../../src/store/feed.js'
import { createRedisStore } from '../../src/store/redis-store.js'
import type { Store } from '../../src/store/store.js'
import { assertionOf } from '../support/assertion.js'
import { startRedis, type RedisServer } from '../support/redis.js'
import { roleSessionOf } from '../support/sessions.js'
import { keptLog } from '../support/silent-log.js'
import { until } from '../support/until.js'
import { replicaOn, type Replica } from './replica.js'

/** What every server of an installation has to enforce one second after the answer. */
const bound = 1_000
const session = (accessKeyId: string, more: Parameters<typeof roleSessionOf>[0] = {}) =>
  roleSessionOf({ issuedAt: new Date(), accessKeyId, ...more })
let serial = 0
const keyId = (prefix = 'ASIA') => `${prefix}${String(++serial).padStart(16, 'A')}`

const running: Replica[] = []
afterEach(async () => {
  for (const replica of running.splice(0)) await replica.close()
})
async function replica(...parameters: Parameters<typeof replicaOn>): Promise<Replica> {
  const started = await replicaOn(...parameters)
  running.push(started)
  return started
}

function openRedis(server: RedisServer): Promise<Store> {
  const nodes = [{ host: '127.0.0.1', port: server.port }]
  return createRedisStore(
    { type: 'redis', mode: 'single', tls: false, database: 0, keyPrefix: 'rolegate:', timeoutMs: 500, nodes },
    { log: keptLog(), startTimeoutMs: 10_000 },
  )
}

const engines: readonly (readonly [
  string,
  () => Promise<{ stores: readonly [Store, Store]; stop(): Promise<void> }>,
])[] = [
  // prettier-ignore
  [
    'one LMDB directory',
    async () => {
      const directory = await mkdtemp(join(tmpdir(), 'rolegate-revocation-'))
      const open = () => createEmbeddedStore({ directory, now: () => new Date() })
      const stores = [await open(), await open()] as const
      return { stores, stop: () => rm(directory, { recursive: true, force: true }) }
    },
  ],
  [
    'one redis-server',
    async () => {
      const server = await startRedis()
      const stores = [await openRedis(server), await openRedis(server)] as const
      return { stores, stop: server.stop }
    },
  ],
]

describe.each(engines)('two replicas on %s', (_name, start) => {
  let one: Store
  let other: Store
  let stop: () => Promise<void>
  beforeAll(async () => {
    const started = await start()
    ;[one, other] = started.stores
    stop = started.stop
  })
  afterAll(async () => {
    await one.close()
    await other.close()
    await stop()
  })

  it('agree within a second on each kind of revocation, and the one that revoked does so at once', async () => {
    const [here, there] = [await replica(one.feed), await replica(other.feed)]
    const ids = { session: keyId(), key: keyId('AKIA') }
    const role = { type: 'role', roleArn: 'arn:r', roleId: keyId('AROA') } as const
    const person = { type: 'person', issuer: 'https://issuer.test', subject: keyId('person') } as const
    const sid = { type: 'provider-session', issuer: 'https://issuer.test', providerSession: keyId('sid') } as const // prettier-ignore
    const cases = [
      [{ type: 'session', accessKeyId: ids.session }, session(ids.session)],
      [{ type: 'session', accessKeyId: ids.session }, session(keyId(), { chain: [{ accessKeyId: ids.session, issuedAt: new Date() }] })], // prettier-ignore
      [{ type: 'key', accessKeyId: ids.key }, session(keyId(), { chain: [{ accessKeyId: ids.key }] })],
      [role, session(keyId(), { roleId: role.roleId })],
      [person, session(keyId(), { origin: { issuer: person.issuer, subject: person.subject } })],
      [sid, session(keyId(), { origin: { issuer: sid.issuer, providerSession: sid.providerSession } })],
    ] as const
    for (const [, ended] of cases) {
      expect([here.revocations.ends(ended), there.revocations.ends(ended)]).toEqual([false, false])
    }
    for (const [target, ended] of cases) {
      await here.revocations.revoke(target, 'a test')
      expect(here.revocations.ends(ended)).toBe(true)
    }
    const told = performance.now()
    await until(() => cases.every(([, ended]) => there.revocations.ends(ended)))
    expect(performance.now() - told).toBeLessThan(bound)
    expect(there.revocations.endsKey(ids.key)).toBe(true)
    expect(there.revocations.endsSignIn(assertionOf({ issuer: person.issuer, subject: person.subject }))).toBe(true) // prettier-ignore
    expect(here.told.revoked).toContain('provider-session')
    const shown = there.revocations.inForce().map(({ target }) => target)
    expect(shown).toEqual(expect.arrayContaining([role, person, sid]))
  }, 10_000)

  it('leave no gap for what is made elsewhere while the word is on its way', async () => {
    const [here, there] = [await replica(one.feed), await replica(other.feed)]
    const [parent, roleId, subject] = [keyId(), keyId('AROA'), keyId('person')]
    const issuer = 'https://issuer.test'
    const made: ReturnType<typeof session>[] = []
    const signedInAt = new Date()
    let heard = false
    const minting = (async () => {
      while (!heard) {
        const chain = [{ accessKeyId: parent, roleId, issuedAt: signedInAt }]
        const origin = { issuer, subject, startedAt: signedInAt }
        const minted = session(keyId(), { chain, origin })
        heard = there.revocations.ends(minted)
        if (!heard) made.push(minted)
        await new Promise((done) => setTimeout(done, 1))
      }
    })()
    await until(() => made.length > 5)
    await here.revocations.revoke({ type: 'person', issuer, subject }, 'a test')
    await minting
    expect(made.filter((minted) => !there.revocations.ends(minted))).toEqual([])
    expect(made.filter((minted) => !here.revocations.ends(minted))).toEqual([])
  }, 10_000)

  it('tell a third one that starts later', async () => {
    const here = await replica(one.feed)
    const accessKeyId = keyId()
    await here.revocations.revoke({ type: 'session', accessKeyId }, 'a test')
    expect((await replica(other.feed)).revocations.ends(session(accessKeyId))).toBe(true)
  })

  it('step over entries of the topic that they do not understand, and say so', async () => {
    const here = await replica(one.feed)
    const accessKeyId = keyId()
    await other.feed.append('revoke:{"target":{"type":"planet"}}', new Date(Date.now() + 60_000))
    await (await replica(other.feed)).revocations.revoke({ type: 'session', accessKeyId }, 'a test')
    await until(() => here.revocations.ends(session(accessKeyId)))
    expect(here.events()).toContain('revocation.notUnderstood')
  })
})

/** Real storage behind a switch, for what a store does that cannot be asked. */
function switched(feed: Feed): Feed & { down: boolean } {
  const through = {
    down: false,
    append: (...given: Parameters<Feed['append']>) => refuse() ?? feed.append(...given),
    after: (...given: Parameters<Feed['after']>) => refuse() ?? feed.after(...given),
  }
  const refuse = () => (through.down ? Promise.reject(new Fault('StoreUnavailable', 'down')) : undefined)
  return through
}

describe('a replica whose store is gone', () => {
  let server: RedisServer
  let store: Store
  beforeAll(async () => {
    server = await startRedis()
    store = await openRedis(server)
  })
  afterAll(async () => {
    await store.close()
    await server.stop()
  })

  it('says so, goes on with what it knows or refuses when strict, and recovers', async () => {
    const tolerant = await replica(store.feed)
    const strict = await replica(store.feed, { strict: true })
    const accessKeyId = keyId()
    await tolerant.revocations.revoke({ type: 'session', accessKeyId }, 'a test')
    await until(() => strict.revocations.ends(session(accessKeyId)))
    expect([tolerant.told.lost, await tolerant.revocations.works()]).toEqual([false, undefined])

    server.freeze()
    await until(() => tolerant.told.lost && strict.told.lost)
    expect(tolerant.told.ageSeconds).toBeGreaterThan(1)
    expect(tolerant.revocations.ends(session(accessKeyId))).toBe(true)
    expect(tolerant.revocations.ends(session(keyId()))).toBe(false)
    await expect(tolerant.revocations.works()).resolves.toBe('lost')
    for (const asked of [
      () => strict.revocations.ends(session(keyId())),
      () => strict.revocations.endsKey(keyId('AKIA')),
      () => strict.revocations.endsSignIn(assertionOf()),
    ]) {
      expect(asked).toThrow(expect.objectContaining({ code: 'StoreUnavailable' }))
    }
    await expect(strict.revocations.works()).rejects.toThrow()
    await until(() => strict.told.ageSeconds > 2)
    expect(strict.events().filter((event) => event === 'revocation.feedLost')).toHaveLength(1)

    server.thaw()
    await until(() => !tolerant.told.lost && !strict.told.lost)
    expect(strict.revocations.ends(session(accessKeyId))).toBe(true)
    expect(strict.revocations.ends(session(keyId()))).toBe(false)
    expect(strict.events()).toContain('revocation.feedHeardAgain')
  }, 30_000)

  it('tells again what a store that lost everything has forgotten', async () => {
    const [here, there] = [await replica(store.feed), await replica(store.feed)]
    const [first, second] = [keyId(), keyId()]
    await here.revocations.revoke({ type: 'session', accessKeyId: first }, 'a test')
    await there.revocations.revoke({ type: 'session', accessKeyId: second }, 'a test')
    await until(() => here.revocations.ends(session(second)) && there.revocations.ends(session(first)))
    await server.restart()
    await until(() => here.told.historiesLost > 0 && there.told.historiesLost > 0)
    expect(here.revocations.ends(session(first))).toBe(true)
    const newcomer = await replica(store.feed)
    await until(() => [first, second].every((id) => newcomer.revocations.ends(session(id))))
    expect(here.events()).toContain('revocation.historyLost')
  }, 30_000)
})

describe('a replica that cannot tell', () => {
  let directory: string
  let store: Store
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rolegate-revocation-'))
    store = await createEmbeddedStore({ directory, now: () => new Date() })
  })
  afterAll(async () => {
    await store.close()
    await rm(directory, { recursive: true, force: true })
  })

  it('enforces the revocation itself, admits that nobody else does, and tells as soon as it can', async () => {
    const feed = switched(store.feed)
    const [here, there] = [await replica(feed), await replica(store.feed)]
    const accessKeyId = keyId()
    feed.down = true
    await expect(here.revocations.revoke({ type: 'session', accessKeyId }, 'a test')).rejects.toMatchObject({
      code: 'StoreUnavailable',
    })
    expect(here.revocations.ends(session(accessKeyId))).toBe(true)
    expect(there.revocations.ends(session(accessKeyId))).toBe(false)
    expect(here.events()).toContain('revocation.untold')
    feed.down = false
    await until(() => there.revocations.ends(session(accessKeyId)))
    expect(here.events()).toContain('revocation.toldLate')
  }, 10_000)

  it('and has never heard the list refuses everything, strict or not, until it has', async () => {
    const feed = switched(store.feed)
    feed.down = true
    const started = await replica(feed)
    expect(() => started.revocations.ends(session(keyId()))).toThrow(
      expect.objectContaining({ code: 'StoreUnavailable', reason: 'sts:revocation-feed' }),
    )
    expect(started.told.lost).toBe(true)
    await expect(started.revocations.works()).rejects.toThrow()
    feed.down = false
    await until(() => !started.told.lost)
    expect(started.revocations.ends(session(keyId()))).toBe(false)
  }, 10_000)

  it('takes a clock that was set back for silence, not for news from the future', async () => {
    const feed = switched(store.feed)
    let offset = 0
    const started = await replica(feed, { strict: true, now: () => new Date(Date.now() + offset) })
    feed.down = true
    offset = -3_600_000
    await until(() => started.told.lost)
    expect(() => started.revocations.ends(session(keyId()))).toThrow(Fault)
  }, 10_000)
})

describe('a clock that jumps ahead and comes back', () => {
  const hours = 3_600_000
  let directory: string
  let store: Store
  let passed = 0
  let aheadMs = 0
  const now = () => new Date(Date.now() + passed + aheadMs)
  const monotonic = () => performance.now() + passed
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rolegate-revocation-'))
    store = await createEmbeddedStore({ directory, now, monotonic, sweepIntervalMs: 20 })
  })
  afterAll(async () => {
    await store.close()
    await rm(directory, { recursive: true, force: true })
  })
  const looks = async ({ told }: Replica) => {
    const before = told.looks
    await until(() => told.looks >= before + 2)
  }

  it('has nothing forgotten that is alive, here or at a server that starts meanwhile', async () => {
    const [first, second] = [keyId(), keyId()]
    const here = await replica(store.feed, { now, monotonic })
    await here.revocations.revoke({ type: 'session', accessKeyId: first }, 'a test')
    passed += 11 * 60_000
    await looks(here)
    aheadMs = 40 * hours
    const started = await replica(store.feed, { now, monotonic })
    passed += 2 * 60_000
    await looks(here)
    aheadMs = 0
    await looks(here)
    await here.revocations.revoke({ type: 'session', accessKeyId: second }, 'a test')
    for (const one of [here, started, await replica(store.feed, { now, monotonic })]) {
      await until(() => one.revocations.ends(session(second)))
      expect(one.revocations.ends(session(first))).toBe(true)
      expect(one.revocations.inForce()).toHaveLength(2)
    }
    expect(started.events()).toContain('feed.clockSetBack')
  }, 20_000)

  it('and time that has really passed has it forgotten', async () => {
    const accessKeyId = keyId()
    const here = await replica(store.feed, { now, monotonic })
    await here.revocations.revoke({ type: 'session', accessKeyId }, 'a test')
    passed += 40 * hours
    await looks(here)
    passed += 11 * 60_000
    await until(() => !here.revocations.ends(session(accessKeyId)))
  }, 20_000)
})
