/** One use of a signature among replicas: two connections to one real redis-server, one per replica. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createReplayGuard } from '../../src/signature/store-replay-guard.js'
import type { ReplayGuard } from '../../src/signature/replay-guard.js'
import { createRedisStore } from '../../src/store/redis-store.js'
import type { Store } from '../../src/store/store.js'
import { presign, sign } from '../support/aws-signer.js'
import { startRedis, type RedisServer } from '../support/redis.js'
import { keptLog } from '../support/silent-log.js'
import { codeOf, stsHouse, type StsHouse } from '../support/sts-house.js'

const whoAmI = 'Action=GetCallerIdentity&Version=2011-06-15'
const now = () => new Date()
let redis: RedisServer
let stores: readonly [Store, Store]
let guards: readonly [ReplayGuard, ReplayGuard]
let house: StsHouse

const open = () =>
  createRedisStore(
    {
      type: 'redis',
      mode: 'single',
      nodes: [{ host: '127.0.0.1', port: redis.port }],
      tls: false,
      database: 0,
      keyPrefix: 'rolegate:',
      timeoutMs: 500,
    },
    { log: keptLog(), startTimeoutMs: 10_000 },
  )

beforeAll(async () => {
  redis = await startRedis()
  stores = [await open(), await open()]
  guards = [createReplayGuard(stores[0]), createReplayGuard(stores[1])]
}, 30_000)
afterAll(async () => {
  await Promise.all(stores.map((store) => store.close()))
  await redis.stop()
})
beforeEach(async () => {
  house = await stsHouse({ clock: { now, advance: () => undefined } })
})

const secondsLeft = async (key: string) => Number((await redis.command('TTL', key)).replace(/\D/g, ''))

describe('with replay protection', () => {
  it('SIGV4-01: a signature is used once, at whatever replica the second use arrives', async () => {
    const request = await sign(house.session(), { body: whoAmI }, now())
    house.replay = guards[0]
    expect((await house.send(request)).status).toBe(200)
    for (const guard of guards) {
      house.replay = guard
      const again = await house.send(request)
      expect([again.status, codeOf(again)]).toEqual([403, 'SignatureDoesNotMatch'])
    }
    expect(house.events.map((event) => event.additionalEventData?.['reason'])).toEqual([
      undefined,
      'sts:replay',
      'sts:replay',
    ])
    expect(house.events[1]).toMatchObject({ userIdentity: { type: 'AssumedRole' } })
  })

  it('a presigned request is used once, too, and what was refused uses nothing up', async () => {
    house.replay = guards[1]
    const query = { Action: 'GetCallerIdentity', Version: '2011-06-15' }
    const request = await presign(house.session(), { query }, now())
    expect((await house.send({ ...request, method: 'POST' })).status).toBe(403)
    expect((await house.send(request)).status).toBe(200)
    expect((await house.send(request)).status).toBe(403)
  })

  it('of two uses at the same time one is refused', async () => {
    const request = await sign(house.session(), { body: whoAmI }, now())
    const statuses = await Promise.all(
      Array.from({ length: 10 }, (_, index) => {
        house.replay = guards[index % 2]
        return house.send(request).then(({ status }) => status)
      }),
    )
    expect(statuses.sort((one, other) => one - other)).toEqual([200, ...Array<number>(9).fill(403)])
  })

  it('keeps a hash until the signature is too old, and never the signature', async () => {
    house.replay = guards[0]
    const request = await sign(house.session(), { body: whoAmI }, now())
    await redis.command('FLUSHALL')
    await house.send(request)
    const keys = await redis.command('KEYS', '*')
    const key = /rolegate:signature\.used:[\w-]{43}/.exec(keys)?.[0] ?? ''
    expect(key).not.toBe('')
    const signature = /Signature=([0-9a-f]{64})/.exec(JSON.stringify(request.headers))?.[1] ?? ''
    expect(keys).not.toContain(signature)
    const left = await secondsLeft(key)
    expect(left).toBeGreaterThan(900)
    expect(left).toBeLessThanOrEqual(960)
  })

  it('outlasts the signature where the clock of another replica is behind, which takes it for so much longer', async () => {
    house.replay = guards[0]
    const query = { Action: 'GetCallerIdentity', Version: '2011-06-15' }
    const almostOver = new Date(now().getTime() - 880_000)
    const request = await presign(house.session(), { query }, almostOver, 900)
    await redis.command('FLUSHALL')
    expect((await house.send(request)).status).toBe(200)
    const key = /rolegate:signature\.used:[\w-]{43}/.exec(await redis.command('KEYS', '*'))?.[0] ?? ''
    expect(await secondsLeft(key)).toBeGreaterThan(60)
  })

  it('refuses with an error that clients try again for while the store cannot be asked', async () => {
    house.replay = guards[0]
    redis.freeze()
    try {
      const response = await house.send(await sign(house.session(), { body: whoAmI }, now()))
      expect([response.status, codeOf(response)]).toEqual([503, 'ServiceUnavailable'])
      expect(house.events[0]).toMatchObject({ errorCode: 'ServiceUnavailable', responseElements: null })
    } finally {
      redis.thaw()
    }
  })
})

describe('without it', () => {
  it('the same request is answered twice, since stock clients sign two equal calls of one second alike', async () => {
    const request = await sign(house.session(), { body: whoAmI }, now())
    expect((await house.send(request)).status).toBe(200)
    expect((await house.send(request)).status).toBe(200)
  })
})
