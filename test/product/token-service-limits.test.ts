/** How long, how large and how often, at the running product: what its configuration bounds, changed while it runs. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { promisify } from 'node:util'
import {
  AssumeRoleCommand,
  AssumeRootCommand,
  GetCallerIdentityCommand,
  GetFederationTokenCommand,
  GetSessionTokenCommand,
  STSClient,
  type Credentials,
} from '@aws-sdk/client-sts'
import { fromTemporaryCredentials } from '@aws-sdk/credential-providers'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { presign, sign, type SigningCredentials } from '../support/aws-signer.js'
import { startProduct, type Product } from '../support/product.js'
import {
  accounts,
  assumeRole,
  configureTokenService,
  createKey,
  keysOf,
  refusalOf,
  roleArns,
  stsClient,
  userArns,
} from '../support/product-token-service.js'
import { ask } from '../support/product-visitor.js'
import { until } from '../support/until.js'

const run = promisify(execFile)
let product: Product
let other: Product
let engineer: SigningCredentials
let administrator: SigningCredentials

beforeAll(async () => {
  product = await startProduct({ demo: false, configure: ({ config }) => configureTokenService(config, {}) })
  ;[other, engineer, administrator] = await Promise.all([
    product.beside(),
    createKey(product, 'engineer'),
    createKey(product, 'administrator'),
  ])
  await until(async () => (await arnOf(engineer)) !== undefined && (await arnOf(administrator)) !== undefined)
}, 60_000)
afterAll(async () => {
  await Promise.all([product?.stop('SIGKILL'), other?.stop('SIGKILL')])
  await product?.remove()
})

const client = (credentials: SigningCredentials = engineer) => stsClient(product, credentials)
const arnOf = (credentials: SigningCredentials) =>
  client(credentials)
    .send(new GetCallerIdentityCommand({}))
    .then(
      ({ Arn }) => Arn,
      () => undefined,
    )

/** @returns when both servers have taken the settings over. */
async function configure(settings: object): Promise<void> {
  const reloads = ({ output }: Product) => output().split('"event":"config.reloaded"').length
  const before = [product, other].map(reloads)
  await configureTokenService(product.configDirectory, settings)
  await until(() => [product, other].every((each, n) => reloads(each) > (before[n] ?? 0)))
}

interface Issued {
  readonly Credentials?: Credentials | undefined
  readonly SessionTokenSize?: number | undefined
}
interface Wish {
  readonly DurationSeconds?: number
  readonly MinimumSessionTokenSize?: number
}
const assume =
  (RoleArn: string, credentials?: () => SigningCredentials) =>
  (wish: Wish): Promise<Issued> =>
    client(credentials?.()).send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'long', ...wish }))
let chained: SigningCredentials
const issuing = {
  AssumeRole: assume(roleArns.first),
  'AssumeRole from a role': assume(roleArns.second, () => chained),
  GetSessionToken: (wish: Wish): Promise<Issued> => client().send(new GetSessionTokenCommand(wish)),
  GetFederationToken: (wish: Wish): Promise<Issued> =>
    client().send(new GetFederationTokenCommand({ Name: 'bob', ...wish })),
} as const
const each = Object.entries(issuing)

async function secondsLeft(issued: Promise<Issued>): Promise<number> {
  const { Credentials: credentials } = await issued
  return ((credentials?.Expiration?.getTime() ?? 0) - Date.now()) / 1000
}

describe('lifetimes', () => {
  beforeAll(async () => {
    chained = await assumeRole(client(), roleArns.first)
  })

  it.each(each)('of %s are 900 to 129,600 seconds', async (_name, issue) => {
    for (const DurationSeconds of [900, 129_600]) {
      const left = await secondsLeft(issue({ DurationSeconds }))
      expect(left).toBeLessThanOrEqual(DurationSeconds)
      expect(left).toBeGreaterThan(DurationSeconds - 60)
    }
    const words = (given: number, bound: string) =>
      `ValidationError: 1 validation error detected: Value '${String(given)}' at 'durationSeconds' failed to satisfy constraint: Member must have value ${bound}`
    expect(await refusalOf(issue({ DurationSeconds: 899 }))).toBe(words(899, 'greater than or equal to 900'))
    expect(await refusalOf(issue({ DurationSeconds: 129_601 }))).toBe(
      words(129_601, 'less than or equal to 129600'),
    )
  })

  it('end at the role’s maximum, then the server’s, then that of chains, in this order', async () => {
    const roleMaximum =
      'ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role.'
    const partner = (DurationSeconds: number) =>
      assumeRole(client(), roleArns.partner, { DurationSeconds, ExternalId: 'agreed-42' })
    expect(await refusalOf(partner(3_601))).toBe(roleMaximum)
    await configure({ sts: { maxSessionDuration: '12h', roleChaining: { maxSessionDuration: '1h' } } })
    const serverMaximum =
      'ValidationError: The requested DurationSeconds exceeds the 43200 seconds that this server allows.'
    expect(await refusalOf(partner(43_201))).toBe(roleMaximum)
    for (const [, issue] of each)
      expect(await refusalOf(issue({ DurationSeconds: 43_201 }))).toBe(serverMaximum)
    expect(await refusalOf(issuing['AssumeRole from a role']({ DurationSeconds: 3_601 }))).toBe(
      'ValidationError: The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    )
    expect(await secondsLeft(issuing['AssumeRole from a role']({ DurationSeconds: 3_600 }))).toBeGreaterThan(
      3_540,
    )
    expect(await secondsLeft(issuing.AssumeRole({ DurationSeconds: 43_200 }))).toBeGreaterThan(43_140)
    // Nobody asked for more, so there is nothing to complain of.
    await configure({ sts: { maxSessionDuration: '30m', maxChainLength: 1 } })
    for (const name of ['AssumeRole', 'GetSessionToken'] as const)
      expect(await secondsLeft(issuing[name]({}))).toBeLessThanOrEqual(1_800)
    expect(await refusalOf(issuing['AssumeRole from a role']({}))).toBe(
      'ValidationError: The role chain of this request exceeds the one role that this server allows.',
    )
    await configure({})
  })
})

describe('MinimumSessionTokenSize', () => {
  const rootOf = (wish: Wish): Promise<Issued> =>
    client(administrator).send(
      new AssumeRootCommand({
        TargetPrincipal: accounts.production,
        TaskPolicyArn: { arn: 'arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy' },
        ...wish,
      }),
    )
  it.each([...each, ['AssumeRoot', rootOf] as const])('pads what %s issues', async (_name, issue) => {
    for (const MinimumSessionTokenSize of [0, 1_000, 4_096]) {
      const { Credentials: issued, SessionTokenSize } = await issue({ MinimumSessionTokenSize })
      const { sessionToken, ...rest } = keysOf(issued)
      expect(sessionToken.length).toBeGreaterThanOrEqual(MinimumSessionTokenSize)
      expect(sessionToken.length).toBeLessThanOrEqual(4_096)
      expect(SessionTokenSize).toBe(sessionToken.length)
      expect(await arnOf({ ...rest, sessionToken })).toMatch(/^arn:aws:/)
    }
    expect(await refusalOf(issue({ MinimumSessionTokenSize: 4_097 }))).toMatch(
      /at 'minimumSessionTokenSize' failed to satisfy constraint: Member must have value less than or equal to 4096$/,
    )
  })
})

describe('sts.replayProtection', () => {
  const form = 'Action=GetCallerIdentity&Version=2011-06-15'
  const host = () => new URL(product.url).host
  let count = 0
  /** Equal calls of one second are signed alike, but for the region. */
  const region = () => `region-${String(++count)}`
  /** The same bytes, wherever they are sent to. */
  async function signed(): Promise<(at?: Product) => Promise<number>> {
    const { headers } = await sign(engineer, { host: host(), body: form, region: region() }, new Date())
    return async (at = product) =>
      (await ask(at.url, '/', { body: form, headers: Object.fromEntries(headers.map(([name, value]) => [name === 'host' ? 'Host' : name, value])) })).status // prettier-ignore
  }
  async function presigned(): Promise<() => Promise<number>> {
    const query = { Action: 'GetCallerIdentity', Version: '2011-06-15' }
    const { rawPath, rawQuery } = await presign(
      engineer,
      { host: host(), query, region: region() },
      new Date(),
    )
    return async () => (await ask(product.url, `${rawPath}?${rawQuery}`)).status
  }

  it('is off by default: a signature may be sent again', async () => {
    for (const send of [await signed(), await presigned()])
      expect([await send(), await send()]).toEqual([200, 200])
  })

  it('lets the same bytes in once, whichever server they are sent to and however many at a time', async () => {
    await configure({
      sts: { replayProtection: true },
      server: { publicHosts: [product, other].map(({ url }) => new URL(url).host) },
    })
    const send = await signed()
    expect([await send(), await send(), await send(other)]).toEqual([200, 403, 403])
    const at = await signed()
    const statuses = await Promise.all([product, other, product, other].map((each) => at(each)))
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 403, 403, 403])
    const address = await presigned()
    expect([await address(), await address()]).toEqual([200, 403])
  })

  it('stock clients go on working', async () => {
    const credentials = fromTemporaryCredentials({
      masterCredentials: engineer,
      params: { RoleArn: roleArns.first, RoleSessionName: 'provider' },
      clientConfig: { endpoint: product.url, region: 'eu-central-1' },
    })
    const stock = new STSClient({ endpoint: product.url, region: 'eu-central-1', credentials })
    expect((await stock.send(new GetCallerIdentityCommand({}))).Arn).toContain('assumed-role/First/provider')
    // This client signs an id of each call, so that calls of one second differ; others have to differ in something.
    const alike = await Promise.all(
      Array.from({ length: 5 }, () => stock.send(new GetCallerIdentityCommand({}))),
    )
    expect(new Set(alike.map(({ Arn }) => Arn)).size).toBe(1)
    const calls = [900, 901, 902, 903].map((DurationSeconds) =>
      stock.send(
        new AssumeRoleCommand({ RoleArn: roleArns.second, RoleSessionName: 'next', DurationSeconds }),
      ),
    )
    const answers = await Promise.all(calls)
    expect(new Set(answers.map(({ Credentials: issued }) => issued?.AccessKeyId)).size).toBe(4)
    const env = {
      HOME: product.dataDirectory,
      PATH: '/usr/bin:/bin',
      AWS_DEFAULT_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: administrator.accessKeyId,
      AWS_SECRET_ACCESS_KEY: administrator.secretAccessKey,
    }
    if (existsSync('/usr/bin/aws')) {
      const words = ['sts', 'get-caller-identity', '--endpoint-url', product.url, '--query', 'Arn', '--output', 'text'] // prettier-ignore
      expect((await run('/usr/bin/aws', words, { env })).stdout.trim()).toBe(userArns.administrator)
    }
  })
})
