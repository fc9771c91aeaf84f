/** Commands that seal anew what the store keeps, on real stores, beside a server that follows its ring. */
import { randomBytes } from 'node:crypto'
import { copyFile, mkdir, readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { main } from '../../src/cli/main.js'
import type { Terminal } from '../../src/cli/terminal.js'
import { openKeyRing, type LiveKeyRing } from '../../src/credentials/key-ring-live.js'
import { createPurposeBox } from '../../src/credentials/purpose-box.js'
import { createRingAgreement, type RingAgreement } from '../../src/credentials/ring-agreement.js'
import { createRingFile } from '../../src/credentials/ring-file.js'
import { renewRingFile } from '../../src/credentials/ring-replacement.js'
import { rotateRingFile } from '../../src/credentials/ring-rotation.js'
import { createSessionCredentials } from '../../src/credentials/sealed-credentials.js'
import { openIssuer, type OpenIssuer } from '../../src/issuer/open-issuer.js'
import { createEmbeddedStore } from '../../src/store/embedded-store.js'
import { createRedisStore } from '../../src/store/redis-store.js'
import type { Store } from '../../src/store/store.js'
import { testClock, type TestClock } from '../support/clock.js'
import { configFolder, temporaryDirectory } from '../support/config-folder.js'
import { startRedis, type RedisServer } from '../support/redis.js'
import { typicalSession } from '../support/session-arbitrary.js'
import { keptLog } from '../support/silent-log.js'
import { account, keyRecordsOn, mfaOn, userOf } from '../user/house.js'

const ann = userOf('ann')
const device = {
  userArn: ann.arn,
  userId: ann.id,
  serialNumber: `arn:aws:iam::${account}:mfa/ann`,
  enabledAt: new Date('2026-01-01T00:00:00Z'),
  secret: randomBytes(20),
}

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedis()
})
afterAll(() => redis.stop())

let count = 0
let config: string
/** Everything but the configuration. */
let places: string
let data: string
let file: string
let clock: TestClock
let store: Store
let closing: { close(): unknown }[]

async function setUp(engine: 'embedded' | 'redis'): Promise<void> {
  count += 1
  const keyPrefix = `ring-${String(count)}:`
  const address = `127.0.0.1:${String(redis.port)}`
  const settings =
    engine === 'redis' ? `store: { type: redis, nodes: ["${address}"], keyPrefix: "${keyPrefix}" }\n` : ''
  config = await configFolder({
    'rolegate.yaml': `server: { listen: "127.0.0.1:8080" }\naudit: { file: audit.jsonl }\n${settings}`,
    'organization.yaml': `id: o-a1b2c3d4e5\nname: Example\naccounts:\n  - { id: "${account}", name: Sandbox, alias: sandbox }\n`,
    'users.yaml': 'users:\n  - { account: sandbox, name: ann }\n',
  })
  places = await temporaryDirectory()
  data = join(places, 'data')
  file = join(data, 'keys.json')
  // Redis keeps its own time.
  clock = testClock(new Date().toISOString())
  await createRingFile(file, { random: randomBytes, now: clock.now })
  store =
    engine === 'redis'
      ? await createRedisStore(
          {
            type: 'redis',
            mode: 'single',
            nodes: [{ host: '127.0.0.1', port: redis.port }],
            tls: false,
            database: 0,
            keyPrefix,
            timeoutMs: 1_000,
          },
          { log: keptLog() },
        )
      : await createEmbeddedStore({ directory: join(data, 'store'), now: clock.now })
  closing = []
}
afterEach(async () => {
  for (const one of closing.toReversed()) await one.close()
  await store.close()
})

/** The ring of a running server; looks at its file only when told. */
async function ringAt(path = file): Promise<LiveKeyRing> {
  const ring = await openKeyRing({
    file: path,
    random: randomBytes,
    now: clock.now,
    log: keptLog(),
    lookEveryMs: 2 ** 31 - 1,
  })
  closing.push(ring)
  return ring
}

function agreementOf(ring: LiveKeyRing): RingAgreement {
  const agreement = createRingAgreement({
    ring,
    records: store.records,
    now: clock.now,
    log: keptLog(),
    checkEveryMs: 2 ** 31 - 1,
  })
  closing.push(agreement)
  return agreement
}

async function issuerOn(ring: LiveKeyRing): Promise<OpenIssuer> {
  const issuer = await openIssuer({
    records: store.records,
    ring,
    ringState: () => 'agreed',
    publicUrl: () => 'http://127.0.0.1:8080',
    settings: () => ({ enabled: true }),
    isAccount: (id) => id === account,
    now: clock.now,
    randomUuid: () => 'id',
    log: keptLog(),
  })
  closing.push(issuer)
  return issuer
}
const keyIdsOf = async (issuer: OpenIssuer) => (await issuer.tokens.keySet(account)).map(({ kid }) => kid)
const keysOn = (ring: LiveKeyRing) => keyRecordsOn(store, ring, clock.now)
const devicesOn = (ring: LiveKeyRing) => mfaOn(store, ring, clock.now).devices

interface Run {
  readonly exitCode: number
  readonly out: string
  readonly err: string
}

/** @param wait what happens while the command gives running servers time. */
async function run(parameters: readonly string[], wait = () => Promise.resolve()): Promise<Run> {
  const said = { out: '', err: '' }
  const terminal: Terminal = {
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += `${text}\n`),
    environment: {},
    home: homedir(),
    now: clock.now,
    fetch,
    openBrowser: () => Promise.resolve(false),
    wait,
  }
  const folders = ['--config', config, '--data', data, '--certs', join(places, 'certs')]
  const exitCode = await main(['keys', ...parameters, ...folders], terminal)
  return { ...said, exitCode }
}

async function rotate(): Promise<void> {
  clock.advance(60)
  await rotateRingFile(file, { now: clock.now, random: randomBytes, force: false })
}

const idsIn = (out: string, state: string) =>
  out
    .split('\n')
    .filter((line) => line.split('\t')[1] === state)
    .map((line) => line.split('\t')[0])

describe.each(['embedded', 'redis'] as const)('keys rotate --compromised, with the %s store', (engine) => {
  beforeEach(() => setUp(engine))

  it('ends every token and every old key at once, and loses nothing of the users’', async () => {
    const ring = await ringAt()
    const old = await ringAt()
    const credentials = createSessionCredentials(ring, { random: randomBytes })
    const issued = credentials.issue(typicalSession)
    const opens = () => credentials.open(issued.accessKeyId, issued.sessionToken) !== undefined
    const key = (await keysOn(ring).create(ann))!
    await devicesOn(ring).add(device)
    const issuer = await issuerOn(ring)
    const signed = await keyIdsOf(issuer)
    // A key that is retired already must go, too.
    await rotate()
    await ring.reload()
    const before = ring.current()

    const seen: unknown[] = []
    const replaced = await run(['rotate', '--compromised'], async () => {
      await ring.reload()
      // In the meantime nothing is missing.
      seen.push((await keysOn(ring).of(ann.arn))[0]?.key?.secretAccessKey, opens())
    })
    expect(replaced.exitCode).toBe(0)
    expect(seen).toEqual([key.secretAccessKey, true])

    await ring.reload()
    const after = ring.current()
    const oldIds = before.keys.map(({ id }) => id)
    expect(after.keys).toHaveLength(2)
    expect(after.older).toHaveLength(0)
    for (const { id } of after.keys) expect(oldIds).not.toContain(id)
    expect(opens()).toBe(false)
    expect(idsIn(replaced.out, 'active')).toEqual([after.active.id])
    // All but the former next key, which never sealed anything.
    expect(idsIn(replaced.out, 'removed')).toEqual([before.active.id, oldIds.at(-1)])
    const { keys } = JSON.parse(await readFile(file, 'utf8')) as { keys: { secret: string }[] }
    for (const { secret } of keys) expect(replaced.out + replaced.err).not.toContain(secret)

    expect((await keysOn(ring).of(ann.arn)).map((one) => one.key)).toEqual([key])
    expect((await devicesOn(ring).of(ann.arn))[0]?.device?.secret).toEqual(device.secret)
    const published = await keyIdsOf(await issuerOn(ring))
    expect(published).toHaveLength(2)
    for (const id of signed) expect(published).not.toContain(id)
    // Whoever has the old ring makes and reads nothing any more.
    const forged = createSessionCredentials(old, { random: randomBytes }).issue(typicalSession)
    expect(credentials.open(forged.accessKeyId, forged.sessionToken)).toBeUndefined()
    expect((await keysOn(old).of(ann.arn))[0]?.key).toBeUndefined()
    expect((await devicesOn(old).of(ann.arn))[0]?.device).toBeUndefined()
  })

  it('begins anew after it was interrupted, with nothing lost', async () => {
    const ring = await ringAt()
    const key = (await keysOn(ring).create(ann))!
    await renewRingFile(file, { now: clock.now, random: randomBytes })
    await expect(
      run(['rotate', '--compromised'], () => Promise.reject(new Error('killed here'))),
    ).resolves.toMatchObject({ exitCode: 1, err: expect.stringContaining('killed here') })
    await ring.reload()
    expect((await keysOn(ring).of(ann.arn)).map((one) => one.key)).toEqual([key])
    expect(ring.current().keys.length).toBeGreaterThan(2)
    expect((await run(['rotate', '--compromised'])).exitCode).toBe(0)
    await ring.reload()
    expect(ring.current().keys).toHaveLength(2)
    expect((await keysOn(ring).of(ann.arn)).map((one) => one.key)).toEqual([key])
  })

  it('drops nothing when somebody else rotates in between', async () => {
    const raced = await run(['rotate', '--compromised'], rotate)
    expect(raced).toMatchObject({ exitCode: 1, err: expect.stringContaining('run this again') })
    expect((await ringAt()).current().keys.length).toBeGreaterThan(2)
  })

  it('goes on, and says so, when something was lost before', async () => {
    const ring = await ringAt()
    await keysOn(ring).create(ann)
    const issuer = await issuerOn(ring)
    await keyIdsOf(issuer)
    const box = createPurposeBox(await strangerRing(), 'user-access-key')
    for (const { key, value } of await store.records.list('user.keys:')) {
      const { user, items } = JSON.parse(value) as { user: string; items: { id: string }[] }
      const spoilt = { user, items: items.map(({ id }) => ({ id, sealed: box.seal('x') })) }
      await store.records.replace(key, value, JSON.stringify(spoilt))
    }
    const signing = await store.records.get(`web-identity-keys:${account}`)
    await store.records.replace(`web-identity-keys:${account}`, signing, box.seal('x'))
    const resealed = await run(['reseal'])
    expect(resealed.exitCode).toBe(1)
    expect(resealed.err).toMatch(
      /1 access keys do not open.*\n.*signing keys of account 111122223333 do not open/,
    )
    const replaced = await run(['rotate', '--compromised'])
    expect(replaced.exitCode).toBe(0)
    expect(replaced.err).toMatch(/1 access keys do not open/)
    expect(replaced.err).toMatch(/servers make new ones/)
  })
})

/** Of another installation. */
async function strangerRing(): Promise<LiveKeyRing> {
  const path = join(places, 'stranger', 'keys.json')
  await createRingFile(path, { random: randomBytes, now: clock.now })
  return ringAt(path)
}

describe('keys rotate --compromised, where replicas have files of their own', () => {
  beforeEach(() => setUp('redis'))

  it('stops the others from issuing until they have the new ring', async () => {
    const ring = await ringAt()
    await mkdir(join(places, 'other'))
    const otherFile = join(places, 'other', 'keys.json')
    await copyFile(file, otherFile)
    const other = await ringAt(otherFile)
    const [here, there] = [agreementOf(ring), agreementOf(other)]
    await here.check()
    await there.check()
    const replaced = await run(['rotate', '--compromised'], async () => {
      await ring.reload()
      await here.check()
      expect(here.standing().state).toBe('agreed')
    })
    expect(replaced.err).toMatch(/Replicas that read another file accept the old credentials/)
    await ring.reload()
    await here.check()
    await there.check()
    expect([here.standing().state, there.standing().state]).toEqual(['agreed', 'foreign'])
    await copyFile(file, otherFile)
    await other.reload()
    await there.check()
    expect(there.standing().state).toBe('agreed')
    expect(other.current().keys).toHaveLength(2)
  })

  it('keeps the old keys when the store is lost in between', async () => {
    const ring = await ringAt()
    const key = (await keysOn(ring).create(ann))!
    const lost = await run(['rotate', '--compromised'], () => Promise.resolve(redis.freeze())).finally(() =>
      redis.thaw(),
    )
    expect(lost.exitCode).toBe(5)
    await ring.reload()
    expect(ring.current().keys).toHaveLength(3)
    expect((await run(['rotate', '--compromised'])).exitCode).toBe(0)
    await ring.reload()
    expect(ring.current().keys).toHaveLength(2)
    expect((await keysOn(ring).of(ann.arn)).map((one) => one.key)).toEqual([key])
  })
})

describe('keys rotate --signing-keys', () => {
  beforeEach(() => setUp('embedded'))

  it('publishes new keys an hour before they sign, and leaves the ring alone', async () => {
    const ring = await ringAt()
    expect(await run(['rotate', '--signing-keys'])).toMatchObject({
      exitCode: 0,
      out: '',
      err: 'No account has signing keys yet.\n',
    })
    const issuer = await issuerOn(ring)
    const first = await keyIdsOf(issuer)
    const before = await readFile(file, 'utf8')
    const rotated = await run(['rotate', '--signing-keys'])
    expect(rotated.exitCode).toBe(0)
    const from = new Date(clock.now().getTime() + 3_600_000).toISOString()
    const lines = rotated.out.trimEnd().split('\n')
    expect(lines).toHaveLength(2)
    for (const line of lines) expect(line).toMatch(new RegExp(`^${account}\t\\S+\tsigns from ${from}$`))
    expect(await readFile(file, 'utf8')).toBe(before)
    clock.advance(60)
    expect(await keyIdsOf(issuer)).toEqual([...first, ...lines.map((line) => line.split('\t')[1])])
  })

  it('with --compromised lets them sign at once and publishes the old ones no more', async () => {
    const issuer = await issuerOn(await ringAt())
    await keyIdsOf(issuer)
    const rotated = await run(['rotate', '--signing-keys', '--compromised'])
    expect(rotated.out).toContain(`signs from ${clock.now().toISOString()}`)
    clock.advance(60)
    const ids = rotated.out
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t')[1])
    expect(await keyIdsOf(issuer)).toEqual(ids)
  })
})

describe('keys reseal', () => {
  beforeEach(() => setUp('embedded'))

  it('seals under the active key what no server has yet', async () => {
    const ring = await ringAt()
    const key = (await keysOn(ring).create(ann))!
    await devicesOn(ring).add(device)
    const signed = await keyIdsOf(await issuerOn(ring))
    await rotate()
    const resealed = await run(['reseal'])
    expect(resealed).toMatchObject({ exitCode: 0, out: '' })
    expect(resealed.err).toMatch(/^Sealed anew: 1 access keys\.\nSealed anew: 1 MFA devices\.\n.*may go\.\n$/)
    expect((await run(['reseal'])).err).not.toContain('Sealed anew')
    clock.advance(37 * 3_600)
    const later = await ringAt()
    expect((await keysOn(later).of(ann.arn)).map((one) => one.key)).toEqual([key])
    expect((await devicesOn(later).of(ann.arn))[0]?.device?.secret).toEqual(device.secret)
    expect(await keyIdsOf(await issuerOn(later))).toEqual(signed)
  })
})

describe('keys adopt', () => {
  it('makes the ring of this configuration the one that replicas agree with', async () => {
    await setUp('redis')
    await store.records.replace('key-ring', undefined, 'hello')
    const agreement = agreementOf(await ringAt())
    await agreement.check()
    expect(agreement.standing().state).toBe('foreign')
    const adopted = await run(['adopt'])
    expect(adopted).toMatchObject({ exitCode: 0, out: expect.stringMatching(/^[0-9a-f]{16}\tactive\n$/) })
    await agreement.check()
    expect(agreement.standing().state).toBe('agreed')
  })

  it('has nothing to do with the embedded store', async () => {
    await setUp('embedded')
    expect(await run(['adopt'])).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining('nothing to adopt'),
    })
  })
})

describe('commands that seal for the servers', () => {
  const creating = () => run(['create', 'ann'])

  it('work after any number of rotations with the embedded store', async () => {
    await setUp('embedded')
    expect((await creating()).exitCode).toBe(0)
    await rotate()
    await rotate()
    expect((await creating()).exitCode).toBe(0)
  })

  it('refuse a ring that was rotated elsewhere, since what they seal would end with its key', async () => {
    await setUp('redis')
    await mkdir(join(places, 'other'))
    const otherFile = join(places, 'other', 'keys.json')
    await copyFile(file, otherFile)
    await agreementOf(await ringAt()).check()
    clock.advance(60)
    await rotateRingFile(otherFile, { now: clock.now, random: randomBytes, force: false })
    await agreementOf(await ringAt(otherFile)).check()
    const refused = await creating()
    expect(refused).toMatchObject({ exitCode: 1, err: expect.stringContaining('was rotated elsewhere') })
    expect(await store.records.list('user.keys:')).toEqual([])
    await copyFile(otherFile, file)
    expect((await creating()).exitCode).toBe(0)
  })
})
