/** The key ring of the built product under stock clients: what outlives a rotation, and what a replacement ends. */
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  RegisterClientCommand,
  SSOOIDCClient,
  StartDeviceAuthorizationCommand,
} from '@aws-sdk/client-sso-oidc'
import { GetCallerIdentityCommand, GetSessionTokenCommand, STSClient } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { runCommand, startProduct, type Ended, type Product } from '../support/product.js'
import { until } from '../support/until.js'

interface Keys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

let product: Product
let ringFile: string
let longTerm: Keys
beforeAll(async () => {
  product = await startProduct({ demo: false })
  ringFile = join(product.dataDirectory, 'keys.json')
  const { AccessKey } = JSON.parse((await keys('create', 'backup-agent', '--json')).stdout) as {
    AccessKey: { AccessKeyId: string; SecretAccessKey: string }
  }
  longTerm = { accessKeyId: AccessKey.AccessKeyId, secretAccessKey: AccessKey.SecretAccessKey }
}, 60_000)
afterAll(async () => {
  await product?.stop('SIGKILL')
  await product?.remove()
})

async function keys(...parameters: readonly string[]): Promise<Ended> {
  const { configDirectory, dataDirectory, certificatesDirectory } = product
  const folders = ['--config', configDirectory, '--data', dataDirectory, '--certs', certificatesDirectory]
  const ended = await runCommand('keys', ...parameters, ...folders)
  expect(ended).toMatchObject({ code: 0 })
  return ended
}

const sts = (credentials: Keys) =>
  new STSClient({ endpoint: `${product.url}/sts`, region: 'local-1', credentials, maxAttempts: 1 })

async function newSession(): Promise<Keys> {
  const { Credentials } = await sts(longTerm).send(new GetSessionTokenCommand({}))
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = Credentials ?? {}
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken }
}

/** The caller's ARN, or the code of the error. */
const answerTo = (credentials: Keys) =>
  sts(credentials)
    .send(new GetCallerIdentityCommand({}))
    .then(
      ({ Arn }) => Arn,
      (error: Error) => error.name,
    )

const oidc = () => new SSOOIDCClient({ endpoint: product.url, region: 'local-1', maxAttempts: 1 })

/** How `aws sso login` begins with a registration that it has in its cache. */
const loginWith = (registration: { clientId: string; clientSecret: string }) =>
  oidc()
    .send(new StartDeviceAuthorizationCommand({ ...registration, startUrl: `${product.url}/start` }))
    .then(
      ({ userCode }) => (userCode === undefined ? 'nothing' : 'started'),
      (error: Error) => error.name,
    )

async function register() {
  const { clientId = '', clientSecret = '' } = await oidc().send(
    new RegisterClientCommand({ clientName: 'aws', clientType: 'public', scopes: ['sso:account:access'] }),
  )
  return { clientId, clientSecret }
}

/** As if this much time had passed since every retired key was retired. */
async function age(hours: number): Promise<void> {
  const ring = JSON.parse(await readFile(ringFile, 'utf8')) as { keys: { retiredAt?: string }[] }
  for (const key of ring.keys)
    if (key.retiredAt !== undefined)
      key.retiredAt = new Date(new Date(key.retiredAt).getTime() - hours * 3_600_000).toISOString()
  await writeFile(`${ringFile}.aged`, JSON.stringify(ring), { mode: 0o600 })
  await rename(`${ringFile}.aged`, ringFile)
}

const user = 'arn:aws:iam::111122223333:user/services/backup-agent'

describe('the key ring of a running server', () => {
  it('is rotated twice, and 38 hours later a program’s registration is the only thing of then that counts', async () => {
    const session = await newSession()
    const registration = await register()
    await keys('rotate', '--force')
    const [active = ''] = (await keys('rotate', '--force')).stdout.split('\t')
    expect(await answerTo(session)).toBe(user)
    expect(await loginWith(registration)).toBe('started')
    await until(() => product.output().split(`"active":"${active}"`)[1]?.includes('"user.resealed"'))
    await age(38)
    await until(async () => (await answerTo(session)) !== user)
    expect(await answerTo(session)).toBe('InvalidClientTokenId')
    expect(await loginWith(registration)).toBe('started')
    // What is kept in the store went along.
    expect(await answerTo(longTerm)).toBe(user)
    expect((await keys('ring')).stdout.trimEnd().split('\n')).toHaveLength(4)
    // 91 days.
    await age(91 * 24 - 38)
    await until(async () => (await loginWith(registration)) !== 'started')
    expect(await loginWith(registration)).toBe('InvalidClientException')
    expect(await answerTo(longTerm)).toBe(user)
  }, 60_000)

  it('is replaced as a whole, which ends sessions and registrations and no access key', async () => {
    const session = await newSession()
    const registration = await register()
    expect(await answerTo(session)).toBe(user)
    await keys('rotate', '--compromised')
    await until(async () => (await answerTo(session)) !== user)
    expect(await answerTo(session)).toBe('InvalidClientTokenId')
    expect(await loginWith(registration)).toBe('InvalidClientException')
    expect(await answerTo(longTerm)).toBe(user)
    expect(await answerTo(await newSession())).toBe(user)
    expect(await loginWith(await register())).toBe('started')
  }, 60_000)

  it('was replaced for a server that starts later, too', async () => {
    await product.stop()
    product = await product.restart()
    expect(await answerTo(longTerm)).toBe(user)
    expect(await answerTo(await newSession())).toBe(user)
  }, 60_000)
})
