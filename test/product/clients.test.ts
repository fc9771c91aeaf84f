/** Other people's clients against the running product: if they are content, the wire is right. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import {
  AssumeRoleCommand,
  AssumeRoleWithSAMLCommand,
  AssumeRoleWithWebIdentityCommand,
  GetCallerIdentityCommand,
  STSClient,
  type Credentials,
} from '@aws-sdk/client-sts'
import {
  CreateTokenCommand,
  RegisterClientCommand,
  SSOOIDCClient,
  StartDeviceAuthorizationCommand,
} from '@aws-sdk/client-sso-oidc'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { startProduct, type Product } from '../support/product.js'

const developer = 'arn:aws:iam::777788889999:role/teams/Developer'
const run = promisify(execFile)
let product: Product

beforeAll(async () => {
  product = await startProduct()
}, 60_000)
afterAll(async () => {
  await product?.stop()
  await product?.remove()
})

const unsigned = () =>
  new STSClient({
    endpoint: product.url,
    region: 'local-1',
    credentials: { accessKeyId: 'unused', secretAccessKey: 'unused' },
  })

function signedWith(credentials: Credentials | undefined) {
  return new STSClient({
    endpoint: product.url,
    region: 'local-1',
    credentials: {
      accessKeyId: credentials?.AccessKeyId ?? '',
      secretAccessKey: credentials?.SecretAccessKey ?? '',
      sessionToken: credentials?.SessionToken ?? '',
    },
  })
}

async function post(url: string, form: Record<string, string>): Promise<string> {
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(form) })
  return (await response.text()).trim()
}

async function token(username: string): Promise<string> {
  return post(product.tokenUrl, {
    username,
    password: await product.password(username),
    audience: 'rolegate',
  })
}

async function asDeveloper(): Promise<Credentials | undefined> {
  const { Credentials: issued } = await unsigned().send(
    new AssumeRoleWithWebIdentityCommand({
      RoleArn: developer,
      RoleSessionName: 'grace',
      WebIdentityToken: await token('grace'),
    }),
  )
  return issued
}

describe('the AWS SDK for JavaScript', () => {
  it('takes credentials by OpenID Connect token and is who it says', async () => {
    const identity = await signedWith(await asDeveloper()).send(new GetCallerIdentityCommand({}))
    expect(identity).toMatchObject({
      Account: '777788889999',
      Arn: 'arn:aws:sts::777788889999:assumed-role/Developer/grace',
    })
  })

  it('takes credentials by SAML assertion, once', async () => {
    const SAMLAssertion = await post(product.assertionUrl, {
      username: 'grace',
      password: await product.password('grace'),
    })
    const command = () =>
      new AssumeRoleWithSAMLCommand({
        RoleArn: developer,
        PrincipalArn: 'arn:aws:iam::777788889999:saml-provider/demo-saml',
        SAMLAssertion,
      })
    expect(await unsigned().send(command())).toMatchObject({ Subject: 'grace', SubjectType: 'persistent' })
    await expect(unsigned().send(command())).rejects.toMatchObject({ name: 'InvalidIdentityTokenException' })
  })

  it('takes credentials with a directory password', async () => {
    const answer = await post(`${product.url}/sts`, {
      Action: 'AssumeRoleWithLDAPIdentity',
      Version: '2011-06-15',
      RoleArn: developer,
      LDAPUsername: 'grace',
      LDAPPassword: await product.password('grace'),
    })
    expect(answer).toContain('<Arn>arn:aws:sts::777788889999:assumed-role/Developer/grace</Arn>')
  })

  it('chains into another account where the trust policy names its role', async () => {
    const { Credentials: chained } = await signedWith(await asDeveloper()).send(
      new AssumeRoleCommand({
        RoleArn: 'arn:aws:iam::012345678901:role/ReleaseManager',
        RoleSessionName: 'release-7',
        DurationSeconds: 900,
      }),
    )
    expect(await signedWith(chained).send(new GetCallerIdentityCommand({}))).toMatchObject({
      Arn: 'arn:aws:sts::012345678901:assumed-role/ReleaseManager/release-7',
    })
  })

  it('is refused alike for a role that refuses and for one that does not exist', async () => {
    const caller = signedWith(await asDeveloper())
    const attempt = async (RoleArn: string) => {
      const failure = await caller
        .send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'x1' }))
        .catch((cause: Error) => cause)
      return `${(failure as Error).name}: ${(failure as Error).message}`.replace(RoleArn, 'ROLE')
    }
    const refused = await attempt('arn:aws:iam::111122223333:role/PlatformAdmin')
    expect(refused).toMatch(
      /^AccessDenied: User: arn:aws:sts::777788889999:assumed-role\/Developer\/grace is not authorized/,
    )
    expect(await attempt('arn:aws:iam::111122223333:role/Nowhere')).toBe(refused)
    expect(await attempt('arn:aws:iam::999999999999:role/Nowhere')).toBe(refused)
  })

  it('may hold 36 hours where the role allows them', async () => {
    const { Credentials: issued } = await unsigned().send(
      new AssumeRoleWithWebIdentityCommand({
        RoleArn: developer,
        RoleSessionName: 'grace',
        WebIdentityToken: await token('grace'),
        DurationSeconds: 129_600,
      }),
    )
    const hours = ((issued?.Expiration?.getTime() ?? 0) - Date.now()) / 3_600_000
    expect(hours).toBeGreaterThan(35.9)
    expect(hours).toBeLessThanOrEqual(36)
  })

  it('takes the role that is for pipelines with a token for the usual audience', async () => {
    const pipelineToken = await post(product.tokenUrl, {
      username: 'ada',
      password: await product.password('ada'),
      audience: 'sts.amazonaws.com',
    })
    const { AssumedRoleUser } = await unsigned().send(
      new AssumeRoleWithWebIdentityCommand({
        RoleArn: 'arn:aws:iam::012345678901:role/pipelines/DeployPipeline',
        RoleSessionName: 'pipeline-7',
        WebIdentityToken: pipelineToken,
      }),
    )
    expect(AssumedRoleUser?.Arn).toMatch(/assumed-role\/DeployPipeline\/pipeline-7$/)
  })

  it('registers and starts a device login as `aws sso login` does', async () => {
    const oidc = new SSOOIDCClient({ endpoint: product.url, region: 'local-1' })
    const { clientId, clientSecret } = await oidc.send(
      new RegisterClientCommand({ clientName: 'sdk', clientType: 'public', scopes: ['sso:account:access'] }),
    )
    const device = await oidc.send(
      new StartDeviceAuthorizationCommand({ clientId, clientSecret, startUrl: `${product.url}/start` }),
    )
    expect(device.verificationUriComplete).toBe(`${product.url}/device?user_code=${device.userCode}`)
    const poll = oidc.send(
      new CreateTokenCommand({
        clientId,
        clientSecret,
        grantType: 'urn:ietf:params:oauth:grant-type:device_code',
        deviceCode: device.deviceCode,
      }),
    )
    await expect(poll).rejects.toMatchObject({ name: 'AuthorizationPendingException' })
  })
})

const awsCli = '/usr/bin/aws'
const withCli = existsSync(awsCli) ? it : it.skip
describe('the AWS command line from Debian', () => {
  withCli(
    existsSync(awsCli)
      ? 'accepts our answers with --endpoint-url'
      : 'accepts our answers with --endpoint-url (skipped: the package awscli is not installed)',
    async () => {
      const issued = await asDeveloper()
      const home = await mkdtemp(join(tmpdir(), 'rolegate-aws-'))
      const { stdout } = await run(
        awsCli,
        ['sts', 'get-caller-identity', '--endpoint-url', product.url, '--output', 'json'],
        {
          env: {
            HOME: home,
            PATH: '/usr/bin:/bin',
            AWS_REGION: 'eu-central-1',
            AWS_ACCESS_KEY_ID: issued?.AccessKeyId,
            AWS_SECRET_ACCESS_KEY: issued?.SecretAccessKey,
            AWS_SESSION_TOKEN: issued?.SessionToken,
          },
        },
      )
      await rm(home, { recursive: true, force: true })
      expect(JSON.parse(stdout)).toMatchObject({ Account: '777788889999' })
    },
  )
})

describe('the record', () => {
  it('has every grant and refusal of this run and none of its secrets', async () => {
    const issued = await asDeveloper()
    const text = await product.audit()
    for (const secret of [
      issued?.SecretAccessKey,
      issued?.SessionToken,
      await product.password('grace'),
      (await token('grace')).split('.')[2],
    ]) {
      expect(secret).toBeTruthy()
      expect(text).not.toContain(secret)
      expect(product.output().replace(/^ {4}.*$/gm, '')).not.toContain(secret)
    }
    const names = text
      .split('\n')
      .filter(Boolean)
      .map((line) => (JSON.parse(line) as { eventName: string }).eventName)
    expect(names).toEqual(
      expect.arrayContaining([
        'AssumeRole',
        'AssumeRoleWithLDAPIdentity',
        'AssumeRoleWithSAML',
        'AssumeRoleWithWebIdentity',
      ]),
    )
  })
})
