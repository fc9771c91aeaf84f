/**
 * What the built product needs to be a whole token service: users, roles three deep, managed policies, and what a user
 * of it has in hand: keys and MFA devices made by the command, stock clients whose answers are watched.
 */
import { createHmac, randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  AssumeRoleCommand,
  STSClient,
  type AssumeRoleCommandInput,
  type Credentials,
} from '@aws-sdk/client-sts'
import { sign, type RequestToSign, type SigningCredentials } from './aws-signer.js'
import { runCommand, runCommandWith, type Product } from './product.js'
import { ask, type Answer } from './product-visitor.js'

/** In the committed organisation; the first is its management account. */
export const accounts = { management: '111122223333', production: '012345678901', home: '777788889999' }
const { management, production, home } = accounts

export const roleArns = {
  first: `arn:aws:iam::${home}:role/chain/First`,
  second: `arn:aws:iam::${production}:role/Second`,
  third: `arn:aws:iam::${management}:role/Third`,
  partner: `arn:aws:iam::${production}:role/Partner`,
  withMfa: `arn:aws:iam::${home}:role/WithMfa`,
  onBehalf: `arn:aws:iam::${home}:role/OnBehalf`,
}
export const userArns = {
  engineer: `arn:aws:iam::${home}:user/staff/engineer`,
  newcomer: `arn:aws:iam::${home}:user/newcomer`,
  administrator: `arn:aws:iam::${management}:user/administrator`,
}
export const readReports = `arn:aws:iam::${home}:policy/reports/Read`

const policy = (...Statement: readonly object[]) => ({ Version: '2012-10-17', Statement })
const everything = [{ policy: policy({ Effect: 'Allow', Action: ['sts:*', 'rolegate:*'], Resource: '*' }) }]
const passing = ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity', 'sts:SetContext']
const trusts = (AWS: string, Condition?: object) =>
  policy({ Effect: 'Allow', Principal: { AWS }, Action: passing, ...(Condition && { Condition }) })
const principals = {
  roles: [
    {
      account: home,
      name: 'First',
      path: '/chain/',
      maxSessionDuration: '36h',
      trustPolicy: trusts(userArns.engineer),
      permissions: everything,
    },
    {
      account: production,
      name: 'Second',
      maxSessionDuration: '36h',
      trustPolicy: trusts(roleArns.first),
      permissions: everything,
    },
    // Open only to who carries what was said two roles before.
    {
      account: management,
      name: 'Third',
      trustPolicy: trusts(roleArns.second, {
        StringEquals: { 'aws:PrincipalTag/Team': 'blue', 'aws:SourceIdentity': 'jane' },
      }),
    },
    {
      account: production,
      name: 'Partner',
      trustPolicy: trusts(userArns.engineer, { StringEquals: { 'sts:ExternalId': 'agreed-42' } }),
    },
    {
      account: home,
      name: 'WithMfa',
      trustPolicy: trusts(userArns.engineer, { Bool: { 'aws:MultiFactorAuthPresent': 'true' } }),
    },
    {
      account: home,
      name: 'OnBehalf',
      trustPolicy: trusts(userArns.engineer, { StringEquals: { 'sts:RequestContext/sub': 'grace' } }),
    },
  ],
  users: [
    { account: home, name: 'engineer', path: '/staff/', permissions: everything },
    { account: home, name: 'newcomer' },
    { account: management, name: 'administrator', permissions: everything },
  ],
  policies: [
    {
      account: home,
      name: 'Read',
      path: '/reports/',
      policy: policy({ Effect: 'Allow', Action: 'reports:Read', Resource: '*' }),
    },
  ],
}

/** Adds the principals to a configuration folder and writes the server's settings anew. */
export async function configureTokenService(config: string, settings: object): Promise<void> {
  for (const [kind, list] of Object.entries(principals)) {
    await mkdir(join(config, kind), { recursive: true })
    await writeFile(join(config, kind, 'token-service.json'), JSON.stringify({ [kind]: list }))
  }
  await writeFile(join(config, 'rolegate.yaml'), JSON.stringify({ log: { level: 'debug' }, ...settings }))
}

export function foldersOf(product: Product): readonly string[] {
  const { configDirectory, dataDirectory, certificatesDirectory } = product
  return ['--config', configDirectory, '--data', dataDirectory, '--certs', certificatesDirectory]
}

/** By `rolegate keys create`. */
export async function createKey(product: Product, user: string): Promise<SigningCredentials> {
  const { code, stdout, stderr } = await runCommand('keys', 'create', user, '--json', ...foldersOf(product))
  if (code !== 0) throw new Error(stderr)
  const { AccessKey } = JSON.parse(stdout) as {
    readonly AccessKey: { readonly AccessKeyId: string; readonly SecretAccessKey: string }
  }
  return { accessKeyId: AccessKey.AccessKeyId, secretAccessKey: AccessKey.SecretAccessKey }
}

export interface EnrolledDevice {
  readonly serialNumber: string
  /** As an authenticator app is given it. */
  readonly secret: string
  /** The two of now, for an enrolment, which uses them up. */
  codes(): readonly [string, string]
  /** Right for half a minute at least, and not one of `codes`. */
  nextCode(): string
}

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** What an authenticator app knows of a device with this secret in base32. */
export function deviceOf(serialNumber: string, secret: string): EnrolledDevice {
  const bytes = fromBase32(secret)
  const step = Math.floor(Date.now() / 30_000)
  return {
    serialNumber,
    secret,
    codes: () => [codeAt(bytes, step - 1), codeAt(bytes, step)],
    nextCode: () => codeAt(bytes, step + 1),
  }
}

/** By `rolegate mfa enable`, with nobody at a terminal. */
export async function enrolDevice(product: Product, user: string, name: string): Promise<EnrolledDevice> {
  const secret = Array.from(randomBytes(32), (byte) => base32[byte & 31]).join('')
  const device = deviceOf('', secret)
  const { code, stdout, stderr } = await runCommandWith(
    `${secret}\n`,
    ...['mfa', 'enable', user, '--name', name, '--secret-stdin', '--codes', ...device.codes()],
    ...foldersOf(product),
  )
  if (code !== 0) throw new Error(stderr)
  return { ...device, serialNumber: stdout.trim() }
}

/** RFC 6238, apart from the product's own. */
function codeAt(secret: Buffer, step: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const digest = createHmac('sha1', secret).update(counter).digest()
  const number = digest.readUInt32BE((digest.at(-1) ?? 0) & 0xf) & 0x7fffffff
  return String(number % 1_000_000).padStart(6, '0')
}

function fromBase32(text: string): Buffer {
  const bits = Array.from(text, (letter) => base32.indexOf(letter).toString(2).padStart(5, '0')).join('')
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)))
}

/** What came back on the wire, whatever the client made of it. */
export interface Exchange {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** An unmodified client, without repeats. `watch` sees every answer before the client does. */
export function stsClient(
  product: Pick<Product, 'url'>,
  credentials: SigningCredentials,
  watch?: (exchange: Exchange) => void,
): STSClient {
  const client = new STSClient({ endpoint: product.url, region: 'eu-central-1', credentials, maxAttempts: 1 })
  if (watch === undefined) return client
  client.middlewareStack.add(
    (next) => async (input) => {
      const answered = await next(input)
      const response = answered.response as {
        statusCode: number
        headers: Record<string, string>
        body: AsyncIterable<Buffer>
      }
      const parts: Buffer[] = []
      for await (const part of response.body) parts.push(part)
      const body = Buffer.concat(parts)
      watch({ status: response.statusCode, headers: response.headers, body: body.toString() })
      return { ...answered, response: Object.assign(response, { body: new Uint8Array(body) }) }
    },
    { step: 'deserialize', priority: 'low', name: 'watch' },
  )
  return client
}

export function keysOf(
  issued: Credentials | undefined,
): SigningCredentials & { readonly sessionToken: string } {
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = issued ?? {}
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken }
}

export async function assumeRole(
  client: STSClient,
  RoleArn: string,
  more: Partial<AssumeRoleCommandInput> = {},
): Promise<ReturnType<typeof keysOf>> {
  const answer = await client.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'session', ...more }))
  return keysOf(answer.Credentials)
}

/** `Name: message` of the error that a call ends with. */
export async function refusalOf(call: Promise<unknown>): Promise<string> {
  const outcome = await call.then(
    () => undefined,
    (error: Error) => error,
  )
  if (outcome === undefined) throw new Error('nothing was refused')
  return `${outcome.name}: ${outcome.message}`
}

/** A POST signed by AWS's own signer, for what no client has a method for. */
export async function signedPost(
  product: Pick<Product, 'url'>,
  credentials: SigningCredentials,
  request: RequestToSign,
): Promise<Answer> {
  const { host } = new URL(product.url)
  const signed = await sign(credentials, { method: 'POST', host, ...request }, new Date())
  return ask(product.url, signed.rawPath, {
    method: signed.method,
    headers: Object.fromEntries(signed.headers.filter(([name]) => name !== 'host')),
    ...(request.body === undefined ? {} : { body: request.body }),
  })
}
