/** The built product: keys made beside it work there at once, and stop working there within a second. */
import { GetCallerIdentityCommand, GetSessionTokenCommand, STSClient } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import { execFile } from 'node:child_process'
import { codeAt, secretText, stepAt } from '../../src/user/totp.js'
import { command, runCommand, startProduct, type Product } from '../support/product.js'
import { until } from '../support/until.js'

let product: Product
beforeAll(async () => {
  product = await startProduct()
})
afterAll(async () => {
  await product.stop()
  await product.remove()
})

const folders = () => [
  ...['--config', product.configDirectory, '--data', product.dataDirectory],
  ...['--certs', product.certificatesDirectory],
]
interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}
async function createKey(user: string): Promise<Credentials> {
  const { code, stdout, stderr } = await runCommand('keys', 'create', user, '--json', ...folders())
  if (code !== 0) throw new Error(stderr)
  const { AccessKey } = JSON.parse(stdout) as { AccessKey: Record<string, string> }
  return { accessKeyId: AccessKey['AccessKeyId']!, secretAccessKey: AccessKey['SecretAccessKey']! }
}
const client = (credentials: Credentials) =>
  new STSClient({ endpoint: `${product.url}/sts`, region: 'us-east-1', credentials, maxAttempts: 1 })

it('accepts a key from its making to its deactivation', async () => {
  const key = await createKey('backup-agent')
  const sts = client(key)
  const identity = await sts.send(new GetCallerIdentityCommand({}))
  expect(identity.Arn).toBe('arn:aws:iam::111122223333:user/services/backup-agent')
  expect((await runCommand('keys', 'deactivate', key.accessKeyId, ...folders())).code).toBe(0)
  const refusal = await until(() =>
    sts.send(new GetCallerIdentityCommand({})).then(
      () => undefined,
      (error: unknown) => error,
    ),
  )
  expect(refusal).toMatchObject({ name: 'InvalidClientTokenId' })
})

it('accepts a code of a device once, for the user of its key', async () => {
  const key = await createKey('breakglass-ada')
  const secret = randomBytes(20)
  const step = stepAt(new Date())
  const codes = [codeAt(secret, step - 1), codeAt(secret, step)]
  const enabled = await new Promise<string>((done, failed) => {
    const child = execFile(
      process.execPath,
      [command, 'mfa', 'enable', 'breakglass-ada', '--secret-stdin', '--codes', ...codes, ...folders()],
      (error, stdout) => (error === null ? done(stdout) : failed(error)),
    )
    child.stdin?.end(secretText(secret))
  })
  expect(enabled).toBe('arn:aws:iam::444455556666:mfa/breakglass-ada\n')
  const sts = client(key)
  const ask = (TokenCode: string) =>
    sts.send(new GetSessionTokenCommand({ SerialNumber: enabled.trim(), TokenCode }))
  await expect(ask(codes[1]!)).rejects.toMatchObject({ name: 'AccessDenied' })
  const next = codeAt(secret, step + 1)
  expect((await ask(next)).Credentials?.AccessKeyId).toMatch(/^ASIA/)
  await expect(ask(next)).rejects.toMatchObject({ name: 'AccessDenied' })
})
