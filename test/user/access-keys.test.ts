import { randomBytes } from 'node:crypto'
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { accountOf, newAccessKeyId } from '../../src/credentials/access-key-id.js'
import type { LiveKeyRing } from '../../src/credentials/key-ring-live.js'
import { createEmbeddedStore } from '../../src/store/embedded-store.js'
import { createRedisStore } from '../../src/store/redis-store.js'
import type { Store } from '../../src/store/store.js'
import { buildChild } from '../support/child.js'
import { freshKey, ringOf } from '../support/key-ring.js'
import { startRedis, type RedisServer } from '../support/redis.js'
import { keptLog } from '../support/silent-log.js'
import { until } from '../support/until.js'
import { account, keyRecordsOn, replicaOn, userOf } from './house.js'

const now = () => new Date()
const ringKey = freshKey()
let folder: string
let ring: LiveKeyRing
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rolegate-keys-'))
  ring = await ringOf({ keys: [ringKey] })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

let redis: RedisServer
const openRedis = () =>
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

const engines: Readonly<
  Record<string, () => Promise<{ store: Store; other: Store; stop(): Promise<void> }>>
> = {
  lmdb: async () => {
    const directory = join(folder, 'engine')
    const store = await createEmbeddedStore({ directory, now })
    const other = await createEmbeddedStore({ directory, now })
    return { store, other, stop: async () => void (await Promise.all([store.close(), other.close()])) }
  },
  redis: async () => {
    redis = await startRedis()
    const [store, other] = [await openRedis(), await openRedis()]
    return {
      store,
      other,
      async stop() {
        await Promise.all([store.close(), other.close()])
        await redis.stop()
      },
    }
  },
}

describe.each(Object.keys(engines))("users' access keys on %s", (engine) => {
  let stores: { store: Store; other: Store; stop(): Promise<void> }
  const closing: { close(): Promise<void> }[] = []
  beforeAll(async () => {
    stores = await engines[engine]!()
  })
  afterEach(async () => {
    for (const one of closing.splice(0)) await one.close()
  })
  afterAll(() => stores.stop())

  const here = () => keyRecordsOn(stores.store, ring, now)
  const there = () => keyRecordsOn(stores.other, ring, now)
  const replica = async (on: Store, options: { readAgainMs?: number; intervalMs?: number } = {}) => {
    const opened = await replicaOn(on, ring, { now, ...options })
    closing.push(opened)
    return opened
  }
  let serial = 0
  const anybody = () => userOf(`user${++serial}`, { path: '/a+b=c,d@e/' })

  it('have the form of AWS, and a secret that only who made them sees', async () => {
    const user = anybody()
    const made = await here().create(user)
    expect(made).toMatchObject({ userArn: user.arn, userId: user.id, active: true })
    expect(made?.accessKeyId).toMatch(/^AKIA[A-Z2-7]{16}$/)
    expect(accountOf(made?.accessKeyId ?? '')).toBe(account)
    expect(made?.secretAccessKey).toMatch(/^[A-Za-z0-9+/]{40}$/)
    for (const { value } of await stores.store.records.list('')) {
      expect(value).not.toContain(made?.secretAccessKey)
      expect(value).not.toContain(
        Buffer.from(made?.secretAccessKey ?? '')
          .toString('base64url')
          .slice(0, 40),
      )
    }
    expect(await there().of(user.arn)).toMatchObject([{ key: made }])
  })

  it('are two at most, however many are asked for at once', async () => {
    const user = anybody()
    const made = await Promise.all(
      Array.from({ length: 50 }, (_, n) => (n % 2 ? here() : there()).create(user)),
    )
    const got = made.filter((key) => key !== undefined)
    expect(got).toHaveLength(2)
    const stored = await here().of(user.arn)
    expect(stored.map(({ accessKeyId }) => accessKeyId).toSorted()).toEqual(
      got.map(({ accessKeyId }) => accessKeyId).toSorted(),
    )
    expect(await there().create(user)).toBeUndefined()
    expect(await here().setActive(user.arn, got[0]!.accessKeyId, false)).toMatchObject({ active: false })
    expect(await there().create(user)).toBeUndefined()
    expect(await there().delete(user.arn, got[0]!.accessKeyId)).toBe(true)
    expect(await here().delete(user.arn, got[0]!.accessKeyId)).toBe(false)
    expect(await there().create(user)).toBeDefined()
  })

  it('lose nothing when different keys of one user are changed at once', async () => {
    const user = anybody()
    const keys = [await here().create(user), await here().create(user)].map((key) => key!.accessKeyId)
    await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        (n % 2 ? here() : there()).setActive(user.arn, keys[n % 2]!, false),
      ),
    )
    expect((await here().of(user.arn)).map(({ key }) => key?.active)).toEqual([false, false])
  })

  it('are known to every replica when they are made, changed and deleted', async () => {
    const user = anybody()
    const one = await replica(stores.store)
    const two = await replica(stores.other)
    const key = await one.records.create(user)
    const id = key!.accessKeyId
    expect(await two.keys.find(id)).toEqual(key)
    expect(await one.keys.find(id)).toEqual(key)
    await one.records.setActive(user.arn, id, false)
    await until(async () => (await two.keys.find(id))?.active === false)
    await two.records.setActive(user.arn, id, true)
    await until(async () => (await one.keys.find(id))?.active === true)
    await one.records.delete(user.arn, id)
    await until(async () => (await two.keys.find(id)) === undefined)
    await until(async () => (await one.keys.find(id)) === undefined)
  })

  it('stay the same object while they stay the same, so that signing keys are kept by it', async () => {
    const user = anybody()
    const one = await replica(stores.store, { readAgainMs: 20 })
    const id = (await one.records.create(user))!.accessKeyId
    const first = await one.keys.find(id)
    expect(one.keys.find(id)).toBe(first)
    await one.records.create(user)
    await until(() => one.follower.catchUp().then(() => true))
    await new Promise((done) => setTimeout(done, 100))
    expect(one.keys.find(id)).toBe(first)
  })

  it('that nobody has cost one look at the feed together, and what cannot be one of ours costs none', async () => {
    const one = await replica(stores.store, { intervalMs: 60_000 })
    let looks = 0
    const { feed } = stores.store
    const { after } = feed
    Object.assign(feed, {
      after: (...given: Parameters<typeof after>) => {
        looks += 1
        return after.apply(feed, given)
      },
    })
    try {
      const strangers = Array.from({ length: 500 }, () => newAccessKeyId(account, randomBytes, 'AKIA'))
      expect(await Promise.all(strangers.map(async (id) => one.keys.find(id)))).toEqual(
        strangers.map(() => undefined),
      )
      expect(looks).toBeLessThanOrEqual(2)
      looks = 0
      for (const id of [
        '',
        'AKIA',
        '__proto__',
        'AKIAIOSFODNN7EXAMPLE',
        newAccessKeyId('999988887777', randomBytes, 'AKIA'),
        newAccessKeyId(account, randomBytes),
        `${newAccessKeyId(account, randomBytes, 'AKIA')}\r\n`,
        'A'.repeat(10_000),
      ])
        expect(one.keys.find(id)).toBeUndefined()
      expect(looks).toBe(0)
    } finally {
      Object.assign(feed, { after })
    }
  })

  it('that were changed by somebody who ended before telling are found all the same', async () => {
    const user = anybody()
    const one = await replica(stores.store, { readAgainMs: 50 })
    const id = (await one.records.create(user))!.accessKeyId
    expect(await one.keys.find(id)).toMatchObject({ active: true })
    const silent = { append: () => Promise.reject(new Error('gone')), after: stores.other.feed.after }
    const broken = keyRecordsOn({ ...stores.other, feed: silent }, ring, now)
    await expect(broken.setActive(user.arn, id, false)).rejects.toThrow('gone')
    await until(async () => (await one.keys.find(id))?.active === false)
  })

  it('cannot be changed, swapped or given to others in the store', async () => {
    const [ann, bob] = [anybody(), anybody()]
    const mine = (await here().create(ann))!
    const other = (await here().create(ann))!
    await here().create(bob)
    const { records } = stores.store
    const find = async (arn: string) =>
      (await records.list('user.keys:')).find(({ value }) => JSON.parse(value).user === arn)!
    const rewrite = async (arn: string, edit: (document: { user: string; items: unknown }) => unknown) => {
      const { key, value } = await find(arn)
      const changed = JSON.parse(value)
      edit(changed)
      expect(await records.replace(key, value, JSON.stringify(changed))).toBe(true)
    }
    const items = JSON.parse((await find(ann.arn)).value).items as { id: string; sealed: string }[]

    await rewrite(bob.arn, (document) => (document.items = items))
    expect((await here().of(bob.arn)).map(({ key }) => key)).toEqual([undefined, undefined])
    await rewrite(ann.arn, (document) => {
      document.items = [
        { id: mine.accessKeyId, sealed: items[1]!.sealed },
        { id: other.accessKeyId, sealed: items[0]!.sealed },
      ]
    })
    expect((await here().of(ann.arn)).map(({ key }) => key)).toEqual([undefined, undefined])
    await rewrite(ann.arn, (document) => (document.user = bob.arn))
    expect(await here().of(ann.arn)).toEqual([])
    const { key, value } = (await records.list('user.keys:')).find(({ value: text }) =>
      text.includes(mine.accessKeyId),
    )!
    await records.replace(key, value, '{"user":')
    expect(await here().of(ann.arn)).toEqual([])
    expect((await here().all()).length).toBeGreaterThan(0)
  })

  it('are sealed anew under the active key of the ring, at several servers at once', async () => {
    const user = anybody()
    const key = (await here().create(user))!
    const rotated = await ringOf({ keys: [freshKey(), ringKey] })
    const keys = rotated.current().keys
    expect(keys).toHaveLength(2)
    const [one, two] = [keyRecordsOn(stores.store, rotated, now), keyRecordsOn(stores.other, rotated, now)]
    await Promise.all([one.reseal(), two.reseal()])
    expect((await one.reseal()).resealed).toBe(0)
    const active = rotated.current().active
    const head = Buffer.concat([Buffer.of(1), Buffer.from(active.id, 'hex')])
      .toString('base64url')
      .slice(0, 11)
    const document = (await stores.store.records.list('user.keys:')).find(({ value }) =>
      value.includes(key.accessKeyId),
    )!
    expect(JSON.parse(document.value).items[0].sealed.slice(0, 11)).toBe(head)
    expect(await two.of(user.arn)).toMatchObject([{ key }])
    expect((await here().of(user.arn))[0]?.key).toBeUndefined()
    const stranger = keyRecordsOn(stores.store, await ringOf(), now)
    expect(await stranger.reseal()).toMatchObject({ resealed: 0 })
    expect((await stranger.reseal()).unreadable).toBeGreaterThan(0)
    expect(await stranger.setActive(user.arn, key.accessKeyId, false)).toBeUndefined()
    expect(await stranger.delete(user.arn, key.accessKeyId)).toBe(true)
  })
})

describe('while the store is down', () => {
  let store: Store
  beforeAll(async () => {
    redis = await startRedis()
    store = await openRedis()
  })
  afterAll(async () => {
    await store.close()
    await redis.stop()
  })

  it('known keys go on working, an unknown one is a retryable failure, and all is heard again afterwards', async () => {
    const one = await replicaOn(store, ring, { now })
    try {
      const user = userOf('outage')
      const known = (await one.records.create(user))!
      expect(await one.keys.find(known.accessKeyId)).toEqual(known)
      redis.freeze()
      const unknown = newAccessKeyId(account, randomBytes, 'AKIA')
      await expect(one.keys.find(unknown)).rejects.toMatchObject({ code: 'StoreUnavailable' })
      expect(one.keys.find(known.accessKeyId)).toEqual(known)
      await expect(one.records.create(user)).rejects.toMatchObject({ code: 'StoreUnavailable' })
      redis.thaw()
      await until(() => one.log.lines.some(({ event }) => event === 'feed.heardAgain'))
      await one.records.setActive(user.arn, known.accessKeyId, false)
      await until(async () => (await one.keys.find(known.accessKeyId))?.active === false)
      expect(await one.keys.find(unknown)).toBeUndefined()

      await redis.kill()
      await redis.restart()
      await until(async () => {
        const found = await Promise.resolve(one.keys.find(known.accessKeyId)).catch(() => 'later')
        return found === undefined
      })
      expect(one.log.lines.map(({ event }) => event)).toContain('feed.beganAnew')
    } finally {
      await one.close()
    }
  })

  it('a server starts, and knows the keys as soon as the store answers', async () => {
    const writer = keyRecordsOn(store, ring, now)
    const key = (await writer.create(userOf('early')))!
    redis.freeze()
    const one = await replicaOn(store, ring, { now })
    try {
      await expect(one.keys.find(key.accessKeyId)).rejects.toMatchObject({ code: 'StoreUnavailable' })
      redis.thaw()
      await until(async () => {
        const found = await Promise.resolve(one.keys.find(key.accessKeyId)).catch(() => undefined)
        return found !== undefined
      })
    } finally {
      redis.thaw()
      await one.close()
    }
  })
})

describe('two processes on one embedded store', () => {
  it('share the limit, and one hears what the other changed', async () => {
    const directory = join(folder, 'processes')
    const user = userOf('shared')
    const child = buildChild(folder, 'maker', {
      entry: 'test/user/house.ts',
      imports: ['keyRecordsOn'],
      script: `
        import { createEmbeddedStore } from './src/store/embedded-store.ts'
        import { ringOf } from './test/support/key-ring.ts'
        const now = () => new Date()
        const store = await createEmbeddedStore({ directory: process.env.STORE, now })
        const ring = await ringOf({ keys: [process.env.RING] })
        const records = keyRecordsOn(store, ring, now)
        const user = JSON.parse(process.env.SUBJECT)
        const made = await Promise.all(Array.from({ length: 25 }, () => records.create(user)))
        const ids = made.filter(Boolean).map(({ accessKeyId }) => accessKeyId)
        for (const id of ids) await records.setActive(user.arn, id, false)
        console.log(JSON.stringify(ids))
        await store.close()
        process.exit(0)
      `,
    })
    const store = await createEmbeddedStore({ directory, now })
    const one = await replicaOn(store, ring, { now })
    try {
      const [program, ...args] = child.command
      const running = spawn(program, args, {
        env: {
          ...process.env,
          STORE: directory,
          RING: ringKey,
          SUBJECT: JSON.stringify({ arn: user.arn, id: user.id, account }),
        },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let output = ''
      running.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
      const ended = new Promise((done) => running.once('close', done))
      const mine = await Promise.all(Array.from({ length: 25 }, () => one.records.create(user)))
      await ended
      const theirs = JSON.parse(output) as readonly string[]
      const ours = mine.filter((key) => key !== undefined).map(({ accessKeyId }) => accessKeyId)
      expect(ours.length + theirs.length).toBe(2)
      for (const id of theirs) await until(async () => (await one.keys.find(id))?.active === false)
      for (const id of ours) expect(await one.keys.find(id)).toMatchObject({ active: true })
    } finally {
      await one.close()
      await store.close()
    }
  })
})
