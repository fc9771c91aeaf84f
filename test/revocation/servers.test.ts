/** Two servers of the built product on one data directory, and the command as its users run it. */
import { spawn } from 'node:child_process'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  AssumeRoleCommand,
  GetCallerIdentityCommand,
  GetSessionTokenCommand,
  STSClient,
} from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { command, runCommand, startProduct, type Ended, type Product } from '../support/product.js'
import { ask, formToken, keysFor, postForm, signIn, type Keys } from '../support/product-visitor.js'
import { until } from '../support/until.js'

const developer = { account: '777788889999', name: 'Developer' }
const responder = { account: '111122223333', name: 'IncidentResponse' }
const builder = 'arn:aws:iam::777788889999:role/Builder'
/** What every server has to enforce after the command has ended. */
const bound = 1_000

const trusts = (Principal: object, Action: readonly string[], Condition?: object) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal, Action, ...(Condition && { Condition }) }],
})
const allows = (Action: string) => [
  {
    name: 'Allow',
    policy: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource: '*' }] },
  },
]
const roles = [
  {
    account: responder.account,
    name: responder.name,
    trustPolicy: trusts(
      { Federated: `arn:aws:iam::${responder.account}:local-provider/local` },
      ['sts:AssumeRoleWithLocalIdentity', 'sts:TagSession', 'sts:SetSourceIdentity'],
      { 'ForAnyValue:StringEquals': { 'local:groups': 'responders' } },
    ),
    permissions: allows('rolegate:*'),
  },
  {
    account: '777788889999',
    name: 'Builder',
    trustPolicy: trusts({ AWS: 'arn:aws:iam::777788889999:user/robot' }, ['sts:AssumeRole']),
  },
]
const users = [{ account: '777788889999', name: 'robot', permissions: allows('sts:*') }]

let one: Product
let other: Product
let home: string
const passwords = new Map<string, string>()
beforeAll(async () => {
  one = await startProduct({
    demo: false,
    async configure({ config, data }) {
      home = join(data, '..')
      await writeFile(join(config, 'roles', 'incident.json'), JSON.stringify({ roles }))
      await writeFile(join(config, 'users.yaml'), JSON.stringify({ users }))
      for (const [name, group] of [
        ['grace', 'developers'],
        ['linus', 'developers'],
        ['rosa', 'responders'],
      ] as const) {
        // prettier-ignore
        const added = await runCommand('user', 'add', name, '--data', data, '--generate', '--group', group)
        passwords.set(name, added.stdout.trim())
      }
    },
  })
  other = await one.beside()
}, 90_000)
afterAll(async () => {
  await Promise.all([one?.stop('SIGKILL'), other?.stop('SIGKILL')])
  await one?.remove()
})

const cookieOf = (name: string) => signIn(one, name, { password: passwords.get(name) ?? '' })
const keysOf = async (name: string, role = developer) =>
  (await keysFor(one, await cookieOf(name), role)).credentials

type Credentials = Omit<Keys, 'sessionToken'> & { readonly sessionToken?: string }
const client = (product: Product, credentials: Credentials) =>
  new STSClient({ endpoint: product.url, region: 'eu-central-1', credentials, maxAttempts: 1 })

/** `ok`, or the error's name. */
async function standing(product: Product, credentials: Credentials): Promise<string> {
  return client(product, credentials)
    .send(new GetCallerIdentityCommand({}))
    .then(
      () => 'ok',
      (error: Error) => error.name,
    )
}

/** @returns once `product` answers so; fails when that takes longer than the whole fleet may. */
async function soon(product: Product, credentials: Credentials, wanted: string): Promise<void> {
  const began = performance.now()
  let found = await standing(product, credentials)
  while (found !== wanted && performance.now() - began < bound) found = await standing(product, credentials)
  expect(found).toBe(wanted)
}

/** The command with these credentials in its environment. */
function revoke(credentials: Credentials | undefined, ...parameters: string[]): Promise<Ended> {
  if (credentials === undefined) return revokeIn({}, ...parameters)
  const { accessKeyId, secretAccessKey, sessionToken = '' } = credentials
  const keys = {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  }
  return revokeIn(keys, ...parameters)
}

function revokeIn(environment: Readonly<Record<string, string>>, ...parameters: string[]): Promise<Ended> {
  const env = { PATH: process.env['PATH'], HOME: home, ROLEGATE_SERVER: one.url, ...environment }
  const child = spawn(process.execPath, [command, 'revoke', ...parameters], { env })
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => (said.stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (said.stderr += chunk.toString()))
  return new Promise((done) => child.once('close', (code) => done({ code: code ?? -1, ...said })))
}
const local = () => ['--local', '--config', one.configDirectory, '--data', one.dataDirectory, '--certs', one.certificatesDirectory] // prettier-ignore

describe('rolegate revoke', () => {
  it('ends a session at every server, and nothing else', async () => {
    const [victim, neighbour, rosa] = [await keysOf('grace'), await keysOf('grace'), await keysOf('rosa', responder)] // prettier-ignore
    expect(await standing(other, victim)).toBe('ok')
    const ended = await revoke(rosa, 'session', victim.accessKeyId, '--json')
    expect([ended.code, ended.stderr]).toEqual([0, ''])
    expect(JSON.parse(ended.stdout)).toMatchObject({ type: 'session', accessKeyId: victim.accessKeyId })
    expect(await standing(one, victim)).toBe('ExpiredToken')
    await soon(other, victim, 'ExpiredToken')
    expect([await standing(one, neighbour), await standing(other, neighbour)]).toEqual(['ok', 'ok'])
  }, 30_000)

  it('says what is missing, wrong or not allowed, each with its exit code', async () => {
    const grace = await keysOf('grace')
    const rosa = await keysOf('rosa', responder)
    const cases: readonly (readonly [Credentials | undefined, readonly string[], number, RegExp])[] = [
      [undefined, ['session', grace.accessKeyId], 2, /nothing to sign with/],
      [rosa, ['session', 'AKIAIOSFODNN7EXAMPLE'], 2, /`accessKeyId` must be/],
      [rosa, ['person', '--issuer', 'x'], 2, /--issuer and --subject, or --provider and --user/],
      [rosa, ['role', 'Developer'], 2, /is no role: write its ARN, or account\/name/],
      [rosa, ['role', 'demo-development/Nobody'], 1, /nothing of that name/],
      [grace, ['role', 'demo-development/Developer'], 4, /is not authorized to perform: rolegate:Revoke/],
      [rosa, ['session', grace.accessKeyId, '--server', 'http://127.0.0.1:1'], 5, /cannot reach/],
      [
        undefined,
        ['session', grace.accessKeyId, '--account', '1', '--role', 'R'],
        3,
        /you are not logged in/,
      ],
    ]
    for (const [credentials, parameters, code, words] of cases) {
      const ended = await revoke(credentials, ...parameters)
      expect([parameters, ended.code, ended.stdout]).toEqual([parameters, code, ''])
      expect(ended.stderr).toMatch(words)
    }
    expect(await standing(one, grace)).toBe('ok')
  }, 60_000)

  it('ends a key for ever, with the sessions and roles that were made with it', async () => {
    const made = await runCommand('keys', 'create', 'robot', '--json', ...local().slice(1))
    const { AccessKey } = JSON.parse(made.stdout) as { AccessKey: { AccessKeyId: string; SecretAccessKey: string } } // prettier-ignore
    const key = { accessKeyId: AccessKey.AccessKeyId, secretAccessKey: AccessKey.SecretAccessKey }
    await until(async () => (await standing(other, key)) === 'ok')
    const session = await client(one, key).send(new GetSessionTokenCommand({}))
    const role = await client(one, key).send(
      new AssumeRoleCommand({ RoleArn: builder, RoleSessionName: 'robot' }),
    )
    const of = ({ Credentials: its }: typeof session) => ({ accessKeyId: its?.AccessKeyId ?? '', secretAccessKey: its?.SecretAccessKey ?? '', sessionToken: its?.SessionToken ?? '' }) // prettier-ignore
    expect([await standing(other, of(session)), await standing(other, of(role))]).toEqual(['ok', 'ok'])
    const ended = await revoke(await keysOf('rosa', responder), 'key', key.accessKeyId)
    expect([ended.code, ended.stdout]).toEqual([0, ''])
    expect(ended.stderr).toContain(`Revoked: key ${key.accessKeyId}.`)
    await soon(other, key, 'InvalidClientTokenId')
    await soon(other, of(session), 'ExpiredToken')
    await soon(other, of(role), 'ExpiredToken')
    const listed = await runCommand('keys', 'list', ...local().slice(1))
    expect(listed.stdout).not.toContain(key.accessKeyId)
  }, 60_000)

  it('signs a person out of the portal and the command line, with all sessions', async () => {
    const cookie = await cookieOf('grace')
    const { credentials } = await keysFor(one, cookie, developer)
    const token = await login(cookie)
    const open = (path: string, headers: Record<string, string>) => ask(other.url, path, { headers })
    expect((await open('/accounts', { Cookie: cookie })).status).toBe(200)
    expect((await open('/v1/identity', { 'x-amz-sso_bearer_token': token })).status).toBe(200)
    const linus = await cookieOf('linus')
    const ended = await revoke(
      await keysOf('rosa', responder),
      'person',
      '--provider',
      'local',
      '--user',
      'grace',
    )
    expect([ended.code, ended.stdout]).toEqual([0, ''])
    await soon(other, credentials, 'ExpiredToken')
    expect((await open('/accounts', { Cookie: cookie })).status).toBe(303)
    expect((await open('/v1/identity', { 'x-amz-sso_bearer_token': token })).status).toBe(401)
    expect((await open('/accounts', { Cookie: linus })).status).toBe(200)
  }, 30_000)

  it('signs with a role of the login, and lists what is in force', async () => {
    const cookie = await cookieOf('rosa')
    const cache = join(home, 'cache')
    await login(cookie, cache)
    const victim = await keysOf('linus')
    const signer = ['--account', 'demo-platform', '--role', responder.name]
    const ended = await revokeIn({ XDG_CACHE_HOME: cache }, 'session', victim.accessKeyId, ...signer)
    expect([ended.code, ended.stderr]).toEqual([0, expect.stringContaining('Revoked: session')])
    await soon(other, victim, 'ExpiredToken')
    const listed = await revokeIn({ XDG_CACHE_HOME: cache }, 'list', ...signer)
    const lines = listed.stdout.split('\n').filter((line) => line.includes(victim.accessKeyId))
    const time = expect.stringMatching(/^20[-\d]+T[:.\d]+Z$/)
    const by = expect.stringContaining(`assumed-role/${responder.name}/rosa`)
    expect(lines.map((line) => line.split('\t'))).toEqual([['session', victim.accessKeyId, time, time, by]])
  }, 30_000)

  it('works on the server’s machine without a signature, and is written down there', async () => {
    const victim = await keysOf('linus')
    const ended = await revoke(undefined, 'role', 'demo-development/Developer', '--json', ...local())
    expect([ended.code, ended.stderr]).toEqual([0, ''])
    expect(JSON.parse(ended.stdout)).toMatchObject({ type: 'role', by: 'rolegate revoke --local' })
    await Promise.all([one, other].map((product) => soon(product, victim, 'ExpiredToken')))
    const recorded = (await one.audit()).split('\n').filter((line) => line.includes('"via":"command line"'))
    expect(recorded.filter((line) => line.includes('"RevokeRole"'))).toHaveLength(1)
    const wrong = await revoke(undefined, 'role', 'demo-development/Nobody', ...local())
    expect([wrong.code, wrong.stdout]).toEqual([1, ''])
  }, 30_000)

  it('is remembered by servers that were killed', async () => {
    const victim = await keysOf('rosa', responder)
    const spared = await keysOf('rosa', responder)
    expect((await revoke(spared, 'session', victim.accessKeyId)).code).toBe(0)
    await Promise.all([one.stop('SIGKILL'), other.stop('SIGKILL')])
    one = await one.restart()
    other = await other.restart()
    for (const product of [one, other]) {
      expect(await standing(product, victim)).toBe('ExpiredToken')
      expect(await standing(product, spared)).toBe('ok')
    }
  }, 60_000)
})

/** A login on a command line, by device code. @returns its access token; kept for the command where `cache` says. */
async function login(cookie: string, cache = join(home, 'nowhere')): Promise<string> {
  const child = spawn(process.execPath, [command, 'login', '--server', one.url, '--use-device-code'], {
    env: { PATH: process.env['PATH'], HOME: home, XDG_CACHE_HOME: cache },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let words = ''
  child.stderr.on('data', (chunk: Buffer) => (words += chunk.toString()))
  const code = await until(() => /\b[A-Z2-9]{4}-[A-Z2-9]{4}\b/.exec(words)?.[0])
  const ended = new Promise((done) => child.once('exit', done))
  const form = { csrf: await formToken(one, cookie), user_code: code, confirmed: 'yes', decision: 'approve' }
  await postForm(one, '/device', form, { headers: { Cookie: cookie } })
  await ended
  const [file = ''] = (await readdir(join(cache, 'rolegate'))).filter((name) => name.startsWith('login-'))
  const { accessToken } = JSON.parse(await readFile(join(cache, 'rolegate', file), 'utf8')) as { accessToken: string } // prettier-ignore
  return accessToken
}
