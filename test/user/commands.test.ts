/** The commands as processes of their own, beside a server's copy of the keys that lives in this one. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmod,
  chown,
  cp,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { AuditEvent } from '../../src/audit/event.js'
import { openKeyRing, type LiveKeyRing } from '../../src/credentials/key-ring-live.js'
import { createEmbeddedStore } from '../../src/store/embedded-store.js'
import { createRedisStore } from '../../src/store/redis-store.js'
import type { Store } from '../../src/store/store.js'
import { codeAt, secretFromText, secretText, stepAt } from '../../src/user/totp.js'
import { buildChild, type ChildScript } from '../support/child.js'
import { startRedis, type RedisServer } from '../support/redis.js'
import { keptLog } from '../support/silent-log.js'
import { until } from '../support/until.js'
import { mfaOn, replicaOn, userOf } from './house.js'

const repository = resolve(import.meta.dirname, '..', '..')
const now = () => new Date()
const asRoot = process.getuid?.() === 0 ? it : it.skip
const backup = 'arn:aws:iam::111122223333:user/services/backup-agent'
const twin = 'arn:aws:iam::222233334444:user/backup-agent'

let folder: string
let command: ChildScript
let redis: RedisServer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rolegate-commands-'))
  await mkdir(join(folder, 'dist', 'cli'), { recursive: true })
  await cp(join(repository, 'package.json'), join(folder, 'package.json'))
  command = buildChild(join(folder, 'dist', 'cli'), 'main', {
    entry: 'src/cli/main.ts',
    imports: ['main'],
    script: 'process.exitCode = await main(process.argv.slice(2))',
  })
  redis = await startRedis()
})
afterAll(async () => {
  await redis.stop()
  await rm(folder, { recursive: true, force: true })
})

async function writeConfig(config: string, store: string, users: string): Promise<void> {
  await mkdir(config, { recursive: true })
  await writeFile(
    join(config, 'rolegate.yaml'),
    `server: { listen: "127.0.0.1:8080" }\naudit: { file: audit.jsonl }\n${store}`,
  )
  await writeFile(
    join(config, 'organization.yaml'),
    `id: o-a1b2c3d4e5
name: Example
accounts:
  - { id: "111122223333", name: Sandbox, alias: sandbox }
  - { id: "222233334444", name: Production }
`,
  )
  await writeFile(join(config, 'users.yaml'), users)
}
const usersFile = `users:
  - { account: sandbox, name: backup-agent, path: /services/ }
  - { account: "222233334444", name: backup-agent }
  - { account: sandbox, name: ann }
`

interface Run {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

describe.each(['embedded', 'redis'])('beside a server with the %s store', (engine) => {
  let config: string
  let data: string
  let store: Store
  let ring: LiveKeyRing
  let server: Awaited<ReturnType<typeof replicaOn>>
  beforeAll(async () => {
    config = join(folder, engine, 'config')
    data = join(folder, engine, 'data')
    const address = `127.0.0.1:${String(redis.port)}`
    const settings = engine === 'embedded' ? '' : `store: { type: redis, nodes: ["${address}"] }\n`
    await writeConfig(config, settings, usersFile)
    ring = await openKeyRing({ file: join(data, 'keys.json'), random: randomBytes, now, log: keptLog() })
    store =
      engine === 'embedded'
        ? await createEmbeddedStore({ directory: join(data, 'store'), now })
        : await createRedisStore(
            {
              type: 'redis',
              mode: 'single',
              nodes: [{ host: '127.0.0.1', port: redis.port }],
              tls: false,
              database: 0,
              keyPrefix: 'rolegate:',
              timeoutMs: 1_000,
            },
            { log: keptLog() },
          )
    server = await replicaOn(store, ring, { now, intervalMs: 300 })
  })
  afterEach(async () => {
    for (const { userArn, accessKeyId } of await server.records.all())
      await server.records.delete(userArn, accessKeyId)
    await writeConfig(config, await readStoreLine(), usersFile)
  })
  afterAll(async () => {
    await server.close()
    await store.close()
    ring.close()
  })
  const readStoreLine = async () =>
    (await readFile(join(config, 'rolegate.yaml'), 'utf8')).split('\n').slice(2).join('\n')

  function start(parameters: readonly string[]) {
    const [program, ...args] = command.command
    const places = ['--config', config, '--data', data, '--certs', join(folder, 'certs')]
    const child = spawn(program, [...args, ...parameters, ...places], {
      env: { PATH: process.env['PATH'] },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const said = { out: '', err: '' }
    child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (said.err += chunk.toString()))
    const ended = new Promise<Run>((done) => child.once('close', (code) => done({ code, ...said })))
    return { said, ended, stdin: child.stdin, write: (text: string) => child.stdin.write(text) }
  }
  function run(...parameters: string[]): Promise<Run> {
    const started = start(parameters)
    started.stdin.end()
    return started.ended
  }
  async function create(user = 'ann'): Promise<{ id: string; secret: string }> {
    const { code, out, err } = await run('keys', 'create', user, '--json')
    if (code !== 0) throw new Error(err)
    const { AccessKey } = JSON.parse(out) as { AccessKey: Record<string, string> }
    return { id: AccessKey['AccessKeyId']!, secret: AccessKey['SecretAccessKey']! }
  }
  const audit = async () =>
    (await readFile(join(data, 'audit.jsonl'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as AuditEvent)

  it('makes a key that the server knows at once, and shows its secret in the formats of tools', async () => {
    const shown = await run('keys', 'create', 'ann')
    expect(shown.code).toBe(0)
    const [, id = '', secret = ''] =
      /^export AWS_ACCESS_KEY_ID=(AKIA[A-Z2-7]{16})\nexport AWS_SECRET_ACCESS_KEY=([A-Za-z0-9+/]{40})\nexport AWS_ENDPOINT_URL_STS=http:\/\/127\.0\.0\.1:8080\/sts\nexport AWS_REGION=us-east-1\n/.exec(
        shown.out,
      ) ?? []
    expect(await server.keys.find(id)).toMatchObject({ secretAccessKey: secret, active: true })
    expect(shown.err).not.toContain(secret)
    const profile = await run('keys', 'create', 'sandbox/ann', '--profile', 'deploy')
    expect(profile.out).toMatch(
      /^# ~\/\.aws\/credentials\n\[deploy\]\naws_access_key_id = AKIA\w{16}\naws_secret_access_key = \S{40}\n\n# ~\/\.aws\/config\n\[profile deploy\]\n/,
    )
    const third = await run('keys', 'create', 'ann')
    expect(third).toMatchObject({ code: 1, out: '' })
    expect(third.err).toContain('has 2 access keys, which is the most')
    const records = await audit()
    expect(records.at(-1)).toMatchObject({
      eventSource: 'iam.amazonaws.com',
      eventName: 'CreateAccessKey',
      eventType: 'AwsApiCall',
      requestParameters: { userName: 'ann' },
      responseElements: { accessKey: { userName: 'ann', status: 'Active' } },
      recipientAccountId: '111122223333',
      readOnly: false,
    })
    expect(await readFile(join(data, 'audit.jsonl'), 'utf8')).not.toContain(secret)
  })

  asRoot(
    'leaves an audit file that it had to make to the server that is not root, and nothing else',
    async () => {
      const [file, elsewhere] = [join(data, 'audit.jsonl'), join(folder, `elsewhere-${engine}`)]
      await create()
      await rename(file, `${file}.kept`)
      await chown(data, 4_321, 1_234)
      try {
        await create()
        const made = await stat(file)
        expect([made.uid, made.gid, made.mode & 0o777]).toEqual([4_321, 1_234, 0o600])
        expect(await audit()).toHaveLength(1)
        await rm(file)
        await symlink(elsewhere, file)
        await create('Production/backup-agent')
        expect(await stat(elsewhere)).toMatchObject({ uid: 0, gid: 0 })
      } finally {
        await chown(data, 0, 0)
        await rename(`${file}.kept`, file)
      }
    },
  )

  it('finds the user by name, account/name or ARN, and says what comes near', async () => {
    const two = await run('keys', 'create', 'backup-agent')
    expect(two).toMatchObject({ code: 2, out: '' })
    expect(two.err).toContain('`111122223333/backup-agent` or `222233334444/backup-agent`')
    for (const [given, arn] of [
      [['sandbox/backup-agent'], backup],
      [['Production/BACKUP-agent'], twin],
      [['backup-agent', '--account', '222233334444'], twin],
      [[backup], backup],
    ] as const) {
      const { code, out } = await run('keys', 'create', ...given, '--json')
      expect(code).toBe(0)
      const { AccessKey } = JSON.parse(out) as { AccessKey: { AccessKeyId: string } }
      expect(await server.keys.find(AccessKey.AccessKeyId)).toMatchObject({ userArn: arn })
    }
    expect((await run('keys', 'create', 'backup-agnet')).err).toContain('did you mean `backup-agent`?')
    expect((await run('keys', 'create', 'sandbocks/ann')).err).toContain('there is no account `sandbocks`')
    expect((await run('keys', 'create', 'sandbox/nobody')).err).toContain('known: `backup-agent`, `ann`')
  })

  it('deactivates, activates and deletes under the running server', async () => {
    const { id } = await create()
    expect(await server.keys.find(id)).toMatchObject({ active: true })
    expect((await run('keys', 'delete', id, '--yes')).err).toContain('is active: deactivate it first')
    expect((await run('keys', 'deactivate', id)).code).toBe(0)
    await until(async () => (await server.keys.find(id))?.active === false)
    expect((await run('keys', 'activate', id)).code).toBe(0)
    await until(async () => (await server.keys.find(id))?.active === true)
    expect((await run('keys', 'deactivate', id)).code).toBe(0)
    expect((await run('keys', 'delete', id)).err).toContain('no terminal to ask at: use --yes')
    expect((await run('keys', 'delete', id, '--yes')).code).toBe(0)
    await until(async () => (await server.keys.find(id)) === undefined)
    expect((await run('keys', 'deactivate', id)).err).toContain(`there is no access key \`${id}\``)
    const forced = await create()
    expect((await run('keys', 'delete', forced.id, '--yes', '--force')).code).toBe(0)
    const names = (await audit())
      .slice(-6)
      .map(({ eventName, requestParameters }) => [eventName, requestParameters?.['status'] ?? null])
    expect(names).toEqual([
      ['UpdateAccessKey', 'Inactive'],
      ['UpdateAccessKey', 'Active'],
      ['UpdateAccessKey', 'Inactive'],
      ['DeleteAccessKey', null],
      ['CreateAccessKey', null],
      ['DeleteAccessKey', null],
    ])
  })

  it('lists keys, also those of users that are not configured any more, and says why they do not work', async () => {
    const { id, secret } = await create()
    const other = await create('sandbox/backup-agent')
    await run('keys', 'deactivate', other.id)
    const day = new Date().toISOString().slice(0, 10)
    const ann = 'arn:aws:iam::111122223333:user/ann'
    const list = await run('keys', 'list')
    expect(list.out).not.toContain(secret)
    expect(list.out.split('\n')).toEqual([
      [id, 'Active', day, ann].join('\t'),
      [other.id, 'Inactive', day, backup].join('\t'),
      '',
    ])
    await writeFile(
      join(config, 'users.yaml'),
      'users:\n  - { account: sandbox, name: ann, id: AIDAANOTHERONEXXXXXXX }\n',
    )
    expect((await run('keys', 'list')).out.split('\n')).toEqual([
      [id, 'Active', day, ann, 'not accepted: it belongs to an earlier user of this name'].join('\t'),
      [other.id, 'Inactive', day, backup, 'not accepted: the user is not configured'].join('\t'),
      '',
    ])
    const json = JSON.parse((await run('keys', 'list', backup, '--json')).out) as object
    expect(json).toMatchObject({
      AccessKeyMetadata: [{ UserName: 'backup-agent', AccessKeyId: other.id, Status: 'Inactive' }],
    })
    expect((await run('keys', 'delete', other.id, '--yes')).code).toBe(0)
  })

  it('gives out no key that cannot be written down', async () => {
    const record = join(data, 'audit.jsonl')
    const before = await readFile(record)
    await rm(record)
    await mkdir(record)
    try {
      const refused = await run('keys', 'create', 'ann')
      expect(refused).toMatchObject({ code: 5, out: '' })
      expect(await server.records.all()).toEqual([])
    } finally {
      await rm(record, { recursive: true })
      await writeFile(record, before)
    }
  })

  it('enables an MFA device for a person who scans and types', async () => {
    const enabling = start(['mfa', 'enable', 'ann', '--name', 'phone'])
    await until(() => enabling.said.err.includes('First code: '))
    const typed = /type in: ([A-Z2-7 ]+)\n/.exec(enabling.said.err)?.[1] ?? ''
    expect(enabling.said.err).toContain('█')
    const secret = secretFromText(typed)!
    const step = stepAt(now())
    enabling.write(`${codeAt(secret, step - 1)}\n`)
    await until(() => enabling.said.err.includes('Next code'))
    enabling.write(`${codeAt(secret, step).replace(/(...)/, '$1 ')}\n`)
    const serial = 'arn:aws:iam::111122223333:mfa/ann/phone'
    expect(await enabling.ended).toMatchObject({ code: 0, out: `${serial}\n` })
    const { verification } = mfaOn(store, ring, now)
    const ann = userOf('ann', { id: (await mfaOn(store, ring, now).devices.all())[0]!.device!.userId })
    expect(await verification.verify(ann, serial, codeAt(secret, step))).toBe('wrong-code')
    expect(await verification.verify(ann, serial, codeAt(secret, step + 1))).toBe('accepted')

    const day = new Date().toISOString().slice(0, 10)
    expect((await run('mfa', 'list')).out).toBe(`${serial}\t${day}\t${ann.arn}\n`)
    expect((await run('mfa', 'enable', 'ann', '--name', 'phone')).err).toContain('has a device of this name')
    expect((await run('mfa', 'disable', 'ann', '--yes')).err).toContain('say which one with --name')
    expect((await run('mfa', 'disable', 'ann', '--name', 'phone', '--yes')).code).toBe(0)
    expect(await verification.verify(ann, serial, codeAt(secret, step + 1))).toBe('unknown-device')
    expect((await audit()).slice(-3).map(({ eventName }) => eventName)).toEqual([
      'CreateVirtualMFADevice',
      'EnableMFADevice',
      'DeactivateMFADevice',
    ])
    expect(await readFile(join(data, 'audit.jsonl'), 'utf8')).not.toContain(secretText(secret))
  })

  it('enables a device of a secret that was made elsewhere, with nobody at a terminal', async () => {
    const secret = randomBytes(20)
    const step = stepAt(now())
    const codes = [codeAt(secret, step - 1), codeAt(secret, step)]
    const enable = async (text: string, ...more: string[]) => {
      const enabling = start(['mfa', 'enable', 'ann', ...more])
      enabling.stdin.end(text)
      return enabling.ended
    }
    const wrong = await enable(secretText(secret), '--secret-stdin', '--codes', ...codes.toReversed())
    expect(wrong).toMatchObject({ code: 1, out: '' })
    expect(await enable('short', '--secret-stdin', '--codes', ...codes)).toMatchObject({ code: 2 })
    expect(await enable('', '--codes', ...codes)).toMatchObject({ code: 2 })
    expect(await enable('', '--secret-stdin', '--codes', '123456')).toMatchObject({ code: 2 })
    expect(await enable('')).toMatchObject({ code: 1, out: '' })
    const done = await enable(secretText(secret), '--secret-stdin', '--codes', ...codes)
    expect(done).toMatchObject({ code: 0, out: 'arn:aws:iam::111122223333:mfa/ann\n' })
    expect(done.err).not.toContain(secretText(secret))
    expect((await run('mfa', 'disable', 'ann', '--yes')).code).toBe(0)
  })
})

it('makes no second installation out of a mistyped folder', async () => {
  const config = join(folder, 'typo', 'config')
  await writeConfig(config, '', usersFile)
  const [program, ...args] = command.command
  const data = join(folder, 'typo', 'dta')
  const child = spawn(program, [...args, 'keys', 'create', 'ann', '--config', config, '--data', data], {
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let err = ''
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  expect(await new Promise((done) => child.once('close', done))).toBe(1)
  expect(err).toContain('is the data folder of no server yet')
  await expect(readFile(join(data, 'keys.json'))).rejects.toMatchObject({ code: 'ENOENT' })
})

asRoot(
  'runs under a user that the machine has no name and no home for, as containers have them',
  async () => {
    await chmod(folder, 0o755)
    const [program, ...args] = command.command
    const child = spawn(program, [...args, '--version'], {
      uid: 1_500,
      gid: 1_500,
      env: { PATH: process.env['PATH'] },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const said = { out: '', err: '' }
    child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (said.err += chunk.toString()))
    const code = await new Promise((done) => child.once('close', done))
    expect({ code, ...said }).toEqual({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+/), err: '' })
  },
)
