import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { LiveKeyRing } from '../../src/credentials/key-ring-live.js'
import { createEmbeddedStore } from '../../src/store/embedded-store.js'
import { createRedisStore } from '../../src/store/redis-store.js'
import type { Store } from '../../src/store/store.js'
import { codeAt, stepAt } from '../../src/user/totp.js'
import type { User } from '../../src/user/user.js'
import { buildChild } from '../support/child.js'
import { testClock } from '../support/clock.js'
import { freshKey, ringOf } from '../support/key-ring.js'
import { startRedis, type RedisServer } from '../support/redis.js'
import { keptLog } from '../support/silent-log.js'
import { account, mfaOn, userOf } from './house.js'

// Redis keeps its own time, so the clock starts at the real one.
const clock = testClock(new Date().toISOString())
const { now } = clock
const ringKey = freshKey()
let folder: string
let ring: LiveKeyRing
let redis: RedisServer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rolegate-mfa-'))
  ring = await ringOf({ keys: [ringKey] })
  redis = await startRedis()
})
afterAll(async () => {
  await redis.stop()
  await rm(folder, { recursive: true, force: true })
})

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
const openEmbedded = () => createEmbeddedStore({ directory: join(folder, 'store'), now })

describe.each([
  ['lmdb', openEmbedded],
  ['redis', openRedis],
])("users' MFA devices on %s", (_, open) => {
  let store: Store
  let other: Store
  beforeAll(async () => {
    store = await open()
    other = await open()
  })
  afterAll(async () => void (await Promise.all([store.close(), other.close()])))

  const here = () => mfaOn(store, ring, now)
  const there = () => mfaOn(other, ring, now)
  const code = (secret: Buffer, steps = 0) => codeAt(secret, stepAt(now()) + steps)
  let serial = 0
  const anybody = (more: Partial<User> = {}) => userOf(`user${++serial}`, more)

  /** A device, and time enough for its first codes to be no trouble. */
  async function enrolled(user: User, name = '') {
    const enrolment = here().enrolment.begin(user, name)
    const { secret } = enrolment
    expect(await here().enrolment.confirm(user, enrolment, [code(secret, -1), code(secret)])).toBe('enabled')
    clock.advance(60)
    return enrolment
  }
  const wrong = (secret: Buffer) => {
    const right = [-1, 0, 1].map((steps) => code(secret, steps))
    return ['000000', '111111', '222222', '333333'].find((guess) => !right.includes(guess))!
  }

  it('are named after their user and, if there are several, themselves', async () => {
    const user = anybody({ path: '/team/ops/' })
    const serials = [await enrolled(user), await enrolled(user, 'phone')].map(
      ({ serialNumber }) => serialNumber,
    )
    expect(serials).toEqual([
      `arn:aws:iam::${account}:mfa/team/ops/${user.name}`,
      `arn:aws:iam::${account}:mfa/team/ops/${user.name}/phone`,
    ])
    expect((await there().devices.of(user.arn)).map(({ serialNumber }) => serialNumber)).toEqual(serials)
    for (const name of ['a b', 'ä', 'a/b', 'x'.repeat(65), 'a\n'])
      expect(() => here().enrolment.begin(user, name)).toThrow('is no name of an MFA device')
    const deep = anybody({ path: `/${'x'.repeat(250)}/` })
    expect(() => here().enrolment.begin(deep, '')).toThrow('256 characters')
  })

  it('are confirmed by two codes that follow one another, and by nothing else', async () => {
    const user = anybody()
    const enrolment = here().enrolment.begin(user, '')
    const { secret } = enrolment
    const confirm = (first: string, second: string) =>
      here().enrolment.confirm(user, enrolment, [first, second])
    expect(secret).toHaveLength(20)
    expect(await confirm(code(secret), code(secret))).toBe('wrong-codes')
    expect(await confirm(code(secret), code(secret, -1))).toBe('wrong-codes')
    expect(await confirm(code(secret, -3), code(secret, -2))).toBe('wrong-codes')
    expect(await confirm(code(secret, 1), code(secret, 2))).toBe('wrong-codes')
    expect(await confirm(code(secret, -1), code(secret, 1))).toBe('wrong-codes')
    expect(await confirm('', '')).toBe('wrong-codes')
    expect(await here().devices.of(user.arn)).toEqual([])
    expect(await confirm(code(secret, -1), code(secret))).toBe('enabled')
    for (const used of [-1, 0])
      expect(await there().verification.verify(user, enrolment.serialNumber, code(secret, used))).toBe(
        'wrong-code',
      )
    clock.advance(60)
    expect(await confirm(code(secret, -1), code(secret))).toBe('exists')
  })

  it('keep their secret sealed', async () => {
    const { secret } = await enrolled(anybody())
    for (const { value } of await store.records.list('')) {
      for (const encoding of ['base64', 'base64url', 'hex'] as const)
        expect(value).not.toContain(secret.toString(encoding).slice(0, 20))
    }
  })

  it('are eight at most', async () => {
    const user = anybody()
    for (let n = 0; n < 8; n += 1) await enrolled(user, `d${n}`)
    const ninth = here().enrolment.begin(user, 'ninth')
    const { secret } = ninth
    expect(await here().enrolment.confirm(user, ninth, [code(secret, -1), code(secret)])).toBe('full')
    expect(await here().devices.remove(user.arn, `arn:aws:iam::${account}:mfa/${user.name}/d3`)).toBe(true)
    clock.advance(60)
    expect(await here().enrolment.confirm(user, ninth, [code(secret, -1), code(secret)])).toBe('enabled')
  })

  it('accept a code one step early and one step late, and no other', async () => {
    const user = anybody()
    const { secret, serialNumber } = await enrolled(user)
    const verify = (given: string) => there().verification.verify(user, serialNumber, given)
    for (const steps of [-2, 2]) expect(await verify(code(secret, steps))).toBe('wrong-code')
    for (const steps of [-1, 0, 1]) expect(await verify(code(secret, steps))).toBe('accepted')
    clock.advance(30)
    expect(await verify(code(secret))).toBe('wrong-code')
  })

  it('accept one code once, at whatever server and however many try at once', async () => {
    const user = anybody()
    const { secret, serialNumber } = await enrolled(user)
    const outcomes = await Promise.all(
      Array.from({ length: 5 }, (__, n) =>
        (n % 2 ? here() : there()).verification.verify(user, serialNumber, code(secret)),
      ),
    )
    expect(outcomes.filter((outcome) => outcome === 'accepted')).toHaveLength(1)
  })

  it('accept one code once, although an app was enrolled for two devices or two users', async () => {
    const [user, another] = [anybody(), anybody()]
    const { serialNumber, secret } = await enrolled(user)
    const twins = [here().enrolment.begin(user, 'twin', secret), here().enrolment.begin(another, '', secret)]
    for (const [index, twin] of twins.entries()) {
      const owner = [user, another][index]!
      expect(await here().enrolment.confirm(owner, twin, [code(secret, -1), code(secret)])).toBe('enabled')
      clock.advance(60)
    }
    const given = code(secret)
    expect(await here().verification.verify(user, serialNumber, given)).toBe('accepted')
    expect(await there().verification.verify(user, twins[0]!.serialNumber, given)).toBe('wrong-code')
    expect(await there().verification.verify(another, twins[1]!.serialNumber, given)).toBe('wrong-code')
  })

  it('lock after five wrong codes, wherever they were tried, for this device and for a time', async () => {
    const user = anybody()
    const phone = await enrolled(user, 'phone')
    const token = await enrolled(user, 'token')
    const bystander = anybody()
    const theirs = await enrolled(bystander)
    const guesses = await Promise.all(
      Array.from({ length: 20 }, (__, n) =>
        (n % 2 ? here() : there()).verification.verify(user, phone.serialNumber, wrong(phone.secret)),
      ),
    )
    expect(guesses.filter((outcome) => outcome === 'wrong-code')).toHaveLength(5)
    expect(guesses.filter((outcome) => outcome === 'locked')).toHaveLength(15)
    const { verification } = here()
    expect(await verification.verify(user, phone.serialNumber, code(phone.secret))).toBe('locked')
    expect(await verification.verify(user, token.serialNumber, code(token.secret))).toBe('accepted')
    expect(await verification.verify(bystander, theirs.serialNumber, code(theirs.secret))).toBe('accepted')
  })

  it('forget wrong codes after a right one', async () => {
    const user = anybody()
    const { secret, serialNumber } = await enrolled(user)
    const verify = (given: string) => here().verification.verify(user, serialNumber, given)
    for (let round = 0; round < 3; round += 1) {
      for (let n = 0; n < 4; n += 1) expect(await verify(wrong(secret))).toBe('wrong-code')
      expect(await verify(code(secret))).toBe('accepted')
      clock.advance(30)
    }
  })

  it('are nobody else’s, and not those of who was declared anew under the name', async () => {
    const user = anybody()
    const { secret, serialNumber } = await enrolled(user)
    const verify = (who: User, given: string) => here().verification.verify(who, given, code(secret))
    expect(await verify(anybody(), serialNumber)).toBe('unknown-device')
    expect(await verify(user, serialNumber.toUpperCase())).toBe('unknown-device')
    expect(await verify(user, '')).toBe('unknown-device')
    const namesake = { ...user, id: 'AIDAANOTHERXXXXXXXXXX' }
    expect(await verify(namesake, serialNumber)).toBe('unknown-device')
    const again = here().enrolment.begin(namesake, '')
    const codes = [code(again.secret, -1), code(again.secret)] as const
    expect(await here().enrolment.confirm(namesake, again, codes)).toBe('enabled')
    expect(await verify(user, serialNumber)).toBe('unknown-device')
  })

  it('are gone everywhere when they are removed, and cannot be moved to another user', async () => {
    const [ann, bob] = [anybody(), anybody()]
    const mine = await enrolled(ann)
    await enrolled(bob)
    const find = async (arn: string) =>
      (await store.records.list('user.mfa:')).find(({ value }) => JSON.parse(value).user === arn)!
    const [from, to] = [await find(ann.arn), await find(bob.arn)]
    const moved = JSON.stringify({ ...JSON.parse(to.value), items: JSON.parse(from.value).items })
    expect(await store.records.replace(to.key, to.value, moved)).toBe(true)
    expect(await here().verification.verify(bob, mine.serialNumber, code(mine.secret))).toBe('unknown-device')
    expect(await there().devices.remove(ann.arn, mine.serialNumber)).toBe(true)
    expect(await there().devices.remove(ann.arn, mine.serialNumber)).toBe(false)
    expect(await here().verification.verify(ann, mine.serialNumber, code(mine.secret))).toBe('unknown-device')
  })
})

it('no code is accepted while the store is down', async () => {
  const store = await openRedis()
  try {
    const { enrolment, verification } = mfaOn(store, ring, now)
    const user = userOf('outage')
    const device = enrolment.begin(user, '')
    const step = stepAt(now())
    const codes = [codeAt(device.secret, step - 1), codeAt(device.secret, step)] as const
    redis.freeze()
    await expect(enrolment.confirm(user, device, codes)).rejects.toMatchObject({ code: 'StoreUnavailable' })
    await expect(
      verification.verify(user, device.serialNumber, codeAt(device.secret, step + 1)),
    ).rejects.toMatchObject({ code: 'StoreUnavailable' })
  } finally {
    redis.thaw()
    await store.close()
  }
})

it('of two processes one accepts a code', async () => {
  const directory = join(folder, 'processes')
  const real = () => new Date()
  const store = await createEmbeddedStore({ directory, now: real })
  try {
    const { enrolment, devices } = mfaOn(store, ring, real)
    const user = userOf('shared')
    const device = enrolment.begin(user, '')
    await devices.add({ ...device, userArn: user.arn, userId: user.id, enabledAt: real() })
    const child = buildChild(folder, 'verifier', {
      entry: 'test/user/house.ts',
      imports: ['mfaOn'],
      script: `
        import { createEmbeddedStore } from './src/store/embedded-store.ts'
        import { ringOf } from './test/support/key-ring.ts'
        const now = () => new Date()
        const store = await createEmbeddedStore({ directory: process.env.STORE, now })
        const { verification } = mfaOn(store, await ringOf({ keys: [process.env.RING] }), now)
        const [user, serial, code] = JSON.parse(process.env.ATTEMPT)
        process.stdout.write(await verification.verify(user, serial, code))
        await store.close()
        process.exit(0)
      `,
    })
    const attempt = JSON.stringify([
      { arn: user.arn, id: user.id },
      device.serialNumber,
      codeAt(device.secret, stepAt(real())),
    ])
    const run = async () => {
      const [program, ...args] = child.command
      const running = spawn(program, args, {
        env: { ...process.env, STORE: directory, RING: ringKey, ATTEMPT: attempt },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let output = ''
      running.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
      await new Promise((done) => running.once('close', done))
      return output
    }
    expect((await Promise.all([run(), run(), run()])).toSorted()).toEqual([
      'accepted',
      'wrong-code',
      'wrong-code',
    ])
  } finally {
    await store.close()
  }
})
