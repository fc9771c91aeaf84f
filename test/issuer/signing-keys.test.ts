/** The keys of an issuer over real stores: the embedded one, and one redis-server with two replicas. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { LiveKeyRing } from '../../src/credentials/key-ring-live.js'
import { Fault } from '../../src/fault.js'
import { rotateSigningKeys } from '../../src/issuer/key-rotation.js'
import { createEmbeddedStore } from '../../src/store/embedded-store.js'
import { createRedisStore } from '../../src/store/redis-store.js'
import type { Store } from '../../src/store/store.js'
import { testClock, type TestClock } from '../support/clock.js'
import { freshKey, ringOf } from '../support/key-ring.js'
import { freePort, startRedis, type RedisServer } from '../support/redis.js'
import { keptLog } from '../support/silent-log.js'
import { account, otherAccount, replicaOf, type Replica } from './issuer-house.js'

const recordKey = `web-identity-keys:${account}`
const day = 86_400
let folder: string
let store: Store
let clock: TestClock
let ring: LiveKeyRing
let replicas: Replica[]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rolegate-issuer-'))
  store = await createEmbeddedStore({ directory: folder, now: () => new Date() })
})
afterAll(async () => {
  await store.close()
  await rm(folder, { recursive: true, force: true })
})
beforeEach(async () => {
  for (const { key, value } of await store.records.list(''))
    await store.records.replace(key, value, undefined)
  clock = testClock()
  ring = await ringOf()
  replicas = []
})
afterEach(() => {
  for (const { keys } of replicas) keys.close()
  ring.close()
})

function replica(overrides: Partial<Parameters<typeof replicaOf>[0]> = {}): Replica {
  const made = replicaOf({ store: store.records, ring, clock, ...overrides })
  replicas.push(made)
  return made
}

describe('the first keys', () => {
  it('are one of each algorithm, of each account its own, and kept sealed', async () => {
    const one = replica()
    const keys = await one.keys.of(account)
    expect(keys.map(({ algorithm }) => algorithm).toSorted()).toEqual(['ES384', 'RS256'])
    const rsa = keys.find(({ algorithm }) => algorithm === 'RS256')
    expect(rsa?.privateKey.asymmetricKeyDetails?.modulusLength).toBe(2048)
    expect(await one.published(otherAccount)).not.toEqual(await one.published())
    const kept = (await store.records.get(recordKey)) ?? ''
    for (const { id, privateKey } of keys) {
      expect(kept).not.toContain(id)
      expect(kept).not.toContain(privateKey.export({ format: 'jwk' }).d)
    }
  })

  it('are the same at two replicas that begin at once, and after a restart', async () => {
    const both = [replica(), replica()]
    const [one, other] = await Promise.all(both.map((each) => each.published()))
    expect(one).toHaveLength(2)
    expect(other).toEqual(one)
    expect(await replica().published()).toEqual(one)
  })

  it('are made once, however many ask', async () => {
    const one = replica()
    await Promise.all(Array.from({ length: 20 }, () => one.published()))
    expect(one.log.lines.filter(({ event }) => event === 'issuer.keys-made')).toHaveLength(1)
  })

  it('let the event loop go on while they are made', async () => {
    let turns = 0
    const counting = setInterval(() => (turns += 1), 1)
    await replica().published()
    clearInterval(counting)
    expect(turns).toBeGreaterThan(3)
  })

  it.each(['foreign', 'unknown'] as const)(
    'are not made by a replica whose key ring is %s',
    async (state) => {
      await expect(replica({ ringState: () => state }).published()).rejects.toMatchObject({
        code: 'StoreUnavailable',
        reason: `issuer:ring-${state}`,
      })
      expect(await store.records.list('')).toEqual([])
    },
  )

  it('of one account are worthless as those of another', async () => {
    const one = replica()
    await one.published()
    const sealed = await store.records.get(recordKey)
    await store.records.replace(`web-identity-keys:${otherAccount}`, undefined, sealed)
    await expect(one.published(otherAccount)).rejects.toMatchObject({ reason: 'issuer:keys-unreadable' })
  })
})

describe('rotation', () => {
  it('publishes the next keys for an hour, then signs with them, and forgets the old ones after their last token', async () => {
    const one = replica()
    const first = (await one.token()).keyId
    clock.advance(30 * day - 3600)
    expect((await one.token()).keyId).toBe(first)
    const published = await one.published()
    expect(published).toHaveLength(4)
    clock.advance(3599)
    expect((await one.token()).keyId).toBe(first)
    clock.advance(1)
    const second = (await one.token()).keyId
    expect(second).not.toBe(first)
    expect(published).toContain(second)
    clock.advance(3600 + day - 1)
    expect(await one.published()).toContain(first)
    clock.advance(1)
    expect(await one.published()).not.toContain(first)
    clock.advance(60)
    expect(await one.published()).toHaveLength(2)
    expect((await one.token()).keyId).toBe(second)
  })

  it('is noticed by the other replicas within a minute, before the new key signs', async () => {
    const one = replica()
    const other = replica()
    await Promise.all([one.published(), other.published()])
    const rotated = await rotateSigningKeys({ ...other, now: clock.now })
    expect(rotated).toEqual([
      { account, keyIds: expect.any(Array), signsFrom: new Date(clock.now().getTime() + 3_600_000) },
    ])
    clock.advance(60)
    expect(await one.published()).toEqual(expect.arrayContaining([...rotated[0]!.keyIds]))
    clock.advance(3540)
    expect(rotated[0]!.keyIds).toContain((await one.token()).keyId)
  })

  it('takes compromised keys out of the key set, and signs with new ones at once', async () => {
    const one = replica()
    const before = await one.published()
    const [rotated] = await rotateSigningKeys({ ...one, now: clock.now }, { compromised: true })
    clock.advance(60)
    expect(await one.published()).toEqual(rotated?.keyIds)
    expect(rotated?.keyIds).toHaveLength(2)
    expect(before).not.toEqual(expect.arrayContaining([...rotated!.keyIds]))
    expect(rotated?.keyIds).toContain((await one.token()).keyId)
  })

  it('of nothing is nothing', async () => {
    expect(await rotateSigningKeys({ ...replica(), now: clock.now })).toEqual([])
  })
})

describe('a change of the key ring', () => {
  const [old, fresh] = [freshKey(), freshKey()]

  it('seals the keys anew, so that they outlast the retired key', async () => {
    const before = replica({ ring: await ringOf({ keys: [old] }) })
    const ids = await before.published()
    await replica({ ring: await ringOf({ keys: [fresh, old] }) }).keys.refresh()
    expect(await replica({ ring: await ringOf({ keys: [fresh] }) }).published()).toEqual(ids)
  })

  it('that lost the old key makes new signing keys, when it has waited for the ring and agrees with the others', async () => {
    await replica({ ring: await ringOf({ keys: [old] }) }).published()
    let state: 'agreed' | 'behind' = 'behind'
    const lost = replica({ ring: await ringOf({ keys: [fresh] }), ringState: () => state })
    const refused = () =>
      expect(lost.published()).rejects.toMatchObject({
        code: 'StoreUnavailable',
        reason: 'issuer:keys-unreadable',
      })
    await refused()
    clock.advance(61)
    await refused()
    state = 'agreed'
    expect(await lost.published()).toHaveLength(2)
    await expect(rotateSigningKeys({ ...replica(), now: clock.now })).rejects.toThrow('do not open')
  })
})

describe('two replicas on one redis-server', () => {
  let redis: RedisServer
  const open = async () =>
    createRedisStore(
      {
        type: 'redis',
        mode: 'single',
        nodes: [{ host: '127.0.0.1', port: redis.port }],
        tls: false,
        database: 0,
        keyPrefix: 'rolegate:',
        timeoutMs: 300,
      },
      { log: keptLog() },
    )
  let stores: Store[]

  beforeEach(async () => {
    redis = await startRedis()
    stores = [await open(), await open()]
  })
  afterEach(async () => {
    await Promise.all(stores.map((each) => each.close()))
    await redis.stop()
  })

  it('begin at once with the same keys', async () => {
    const both = stores.map(({ records }) => replica({ store: records }))
    const [one, other] = await Promise.all(both.map((each) => each.published()))
    expect(one).toHaveLength(2)
    expect(other).toEqual(one)
  })

  it('give back to a store that was emptied what they know', async () => {
    const [one, other] = stores.map(({ records }) => replica({ store: records }))
    const ids = await one!.published()
    await redis.command('FLUSHALL')
    clock.advance(60)
    expect(await one!.published()).toEqual(ids)
    expect(await other!.published()).toEqual(ids)
  })

  it('go on issuing while it is down with what they know, and refuse what they do not', async () => {
    const [one, other] = stores.map(({ records }) => replica({ store: records }))
    const ids = await one!.published()
    await redis.kill()
    clock.advance(3600)
    expect(ids).toContain((await one!.token()).keyId)
    expect(await one!.issuer.keySet(account)).toHaveLength(2)
    expect(one!.log.lines.map(({ event }) => event)).toContain('issuer.keys-unreachable')
    const refusal = await other!.token().catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(Fault)
    expect(refusal).toMatchObject({ code: 'StoreUnavailable' })
    const answer = await other!.room.handle({
      method: 'GET',
      rawPath: `/tokens/${account}/.well-known/jwks.json`,
      rawQuery: '',
      headers: [],
      body: Buffer.alloc(0),
      origin: { requestId: 'r', sourceIp: '192.0.2.1', userAgent: '', secure: true },
    })
    expect(answer).toMatchObject({
      status: 503,
      headers: { 'retry-after': '5', 'cache-control': 'no-store' },
    })
  })

  it('know at start what others have made', async () => {
    const [one, other] = stores.map(({ records }) => replica({ store: records }))
    const ids = await one!.published()
    await other!.keys.refresh()
    await redis.kill()
    expect(await other!.published()).toEqual(ids)
  })
})

it('refreshes without complaint when there is no store to ask', async () => {
  const port = await freePort()
  const gone = { get: () => Promise.reject(new Fault('StoreUnavailable', `nobody at ${port}`)) }
  const down = { ...store.records, ...gone, list: gone.get }
  await expect(replica({ store: down }).keys.refresh()).resolves.toBeUndefined()
})
