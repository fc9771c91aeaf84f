/** Every action of the token service at the running product, asked by clients that know nothing of it. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import {
  AssumeRoleCommand,
  AssumeRoleWithSAMLCommand,
  AssumeRoleWithWebIdentityCommand,
  AssumeRootCommand,
  DecodeAuthorizationMessageCommand,
  GetAccessKeyInfoCommand,
  GetCallerIdentityCommand,
  GetDelegatedAccessTokenCommand,
  GetFederationTokenCommand,
  GetSessionTokenCommand,
  GetWebIdentityTokenCommand,
  type STSClient,
} from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { allowInsecureRequests, discovery } from 'openid-client'
import { chromium } from 'playwright-core'
import { sign, type SigningCredentials } from '../support/aws-signer.js'
import { startOidcProvider, type TestOidcProvider } from '../support/oidc-provider.js'
import { startProduct, type Product } from '../support/product.js'
import {
  accounts,
  assumeRole,
  configureTokenService,
  createKey,
  deviceOf,
  enrolDevice,
  keysOf,
  readReports,
  refusalOf,
  roleArns,
  signedPost,
  stsClient,
  userArns,
  type EnrolledDevice,
  type Exchange,
} from '../support/product-token-service.js'
import { ask, auditLines, signIn, sts, webIdentityToken } from '../support/product-visitor.js'

const run = promisify(execFile)
const developer = 'arn:aws:iam::777788889999:role/teams/Developer'
const python = '/usr/bin/python3'
const awsCli = '/usr/bin/aws'
const root = (account: string) => `arn:aws:iam::${account}:root`
const taskPolicy = { arn: 'arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy' }

/** Each signs once, so that no code is asked for twice. */
const deviceNames = ['session', 'role', 'elsewhere', 'boto3', 'cli'] as const

let product: Product
let other: Product
let contexts: TestOidcProvider
let home: string
let devices: Readonly<Record<(typeof deviceNames)[number], EnrolledDevice>>
let keys: Readonly<Record<keyof typeof userArns, SigningCredentials>>
/** What clients were answered; and everything that must stay with them. */
const exchanges: Exchange[] = []
const requestIds: string[] = []
const secrets = new Set<string>()

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'rolegate-clients-'))
  contexts = await startOidcProvider({ name: 'agents' })
  product = await startProduct({
    async configure({ config }) {
      await configureTokenService(config, { audit: { file: 'audit.jsonl', stdout: true } })
      const agents = {
        kind: 'oidc',
        name: 'agents',
        displayName: 'Agents',
        issuer: contexts.issuer,
        insecureAllowHttp: true,
        contextAssertions: true,
        audiences: ['agents'],
      }
      await writeFile(
        join(config, 'providers', 'token-service.json'),
        JSON.stringify({ providers: [agents] }),
      )
    },
  })
  other = await product.beside()
  const names = Object.keys(userArns) as (keyof typeof userArns)[]
  // Commands beside each other and beside two servers: the store takes them all.
  const [made, enrolled] = await Promise.all([
    Promise.all(names.map(async (name) => [name, keep(await createKey(product, name))] as const)),
    Promise.all(
      deviceNames.map(async (name) => [name, await enrolDevice(product, 'engineer', name)] as const),
    ),
  ])
  keys = Object.fromEntries(made) as typeof keys
  devices = Object.fromEntries(enrolled) as typeof devices
  for (const { secret } of Object.values(devices)) secrets.add(secret)
}, 60_000)
afterAll(async () => {
  await Promise.all([product?.stop('SIGKILL'), other?.stop('SIGKILL'), contexts?.close()])
  await product?.remove()
  await rm(home, { recursive: true, force: true })
})

function keep<Kept extends SigningCredentials>(credentials: Kept): Kept {
  secrets.add(credentials.secretAccessKey)
  if (credentials.sessionToken !== undefined) secrets.add(credentials.sessionToken)
  return credentials
}

function client(credentials: SigningCredentials, at = product): STSClient {
  return stsClient(at, credentials, (exchange) => exchanges.push(exchange))
}
const asUser = (name: keyof typeof userArns = 'engineer') => client(keys[name])
/** Says nothing that is true: the actions that it is for are not signed. */
const asStranger = () => client({ accessKeyId: 'unused', secretAccessKey: 'unused' })

async function whoIs(credentials: SigningCredentials, at = product): Promise<string | undefined> {
  return (await client(keep(credentials), at).send(new GetCallerIdentityCommand({}))).Arn
}

describe('users', () => {
  it('sign with a key within a second of its making, at every server', async () => {
    const fresh = keep(await createKey(product, 'administrator'))
    const made = performance.now()
    for (const at of [product, other]) {
      let arn: string | undefined
      do arn = await whoIs(fresh, at).catch(() => undefined)
      while (arn === undefined && performance.now() - made < 1_000)
      expect(arn).toBe(userArns.administrator)
    }
  })

  it('take a session for themselves, with an MFA code of theirs if they like', async () => {
    const plain = keysOf((await asUser().send(new GetSessionTokenCommand({}))).Credentials)
    expect(await whoIs(plain)).toBe(userArns.engineer)
    const { serialNumber: SerialNumber, nextCode } = devices.session
    const given = { SerialNumber, TokenCode: nextCode() }
    const answer = await asUser().send(new GetSessionTokenCommand(given))
    const proven = keep(keysOf(answer.Credentials))
    // A role that wants two factors takes the session as it is.
    expect(await whoIs(await assumeRole(client(proven), roleArns.withMfa))).toContain('assumed-role/WithMfa')
    expect(await refusalOf(assumeRole(client(plain), roleArns.withMfa))).toMatch(/^AccessDenied: User: /)
    expect(await refusalOf(asUser().send(new GetSessionTokenCommand(given)))).toBe(
      'AccessDenied: MultiFactorAuthentication failed with invalid MFA one time pass code. ',
    )
    expect(await refusalOf(client(proven).send(new GetSessionTokenCommand({})))).toBe(
      'AccessDenied: Cannot call GetSessionToken with session credentials',
    )
  })

  it('take a session for somebody else, with policies and tags', async () => {
    const command = new GetFederationTokenCommand({
      Name: 'bob',
      PolicyArns: [{ arn: readReports }],
      Tags: [{ Key: 'Team', Value: 'green' }],
    })
    const answer = await asUser().send(command)
    expect(answer.FederatedUser?.FederatedUserId).toBe(`${accounts.home}:bob`)
    expect(answer.PackedPolicySize).toBeGreaterThan(0)
    const bob = keep(keysOf(answer.Credentials))
    expect(await whoIs(bob)).toBe(`arn:aws:sts::${accounts.home}:federated-user/bob`)
    expect(await refusalOf(asUser('newcomer').send(command))).toMatch(
      /^AccessDenied: User: .*:user\/newcomer is not authorized to perform: sts:GetFederationToken/,
    )
    expect(await refusalOf(client(bob).send(command))).toBe(
      'AccessDenied: Cannot call GetFederationToken with session credentials',
    )
  })
})

describe('AssumeRole', () => {
  it('with an MFA code, which counts at one server once and at no other again', async () => {
    const { serialNumber: SerialNumber, nextCode } = devices.role
    const given = { SerialNumber, TokenCode: nextCode() }
    expect(await whoIs(await assumeRole(asUser(), roleArns.withMfa, given))).toContain('assumed-role/WithMfa')
    for (const at of [product, other]) {
      expect(await refusalOf(assumeRole(client(keys.engineer, at), roleArns.withMfa, given))).toBe(
        'AccessDenied: MultiFactorAuthentication failed with invalid MFA one time pass code. ',
      )
    }
    const foreign = { ...given, SerialNumber: `arn:aws:iam::${accounts.home}:mfa/newcomer` }
    expect(await refusalOf(assumeRole(asUser(), roleArns.withMfa, foreign))).toBe(
      'AccessDenied: MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.',
    )
  })

  it('lets one of many servers have a code that all are given at once', async () => {
    const { serialNumber: SerialNumber, nextCode } = devices.elsewhere
    const given = { SerialNumber, TokenCode: nextCode() }
    const outcomes = await Promise.allSettled(
      [product, other, product, other].map((at) =>
        assumeRole(client(keys.engineer, at), roleArns.withMfa, given),
      ),
    )
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  it('with an external id, or not at all', async () => {
    const partner = (ExternalId?: string) =>
      assumeRole(asUser(), roleArns.partner, ExternalId === undefined ? {} : { ExternalId })
    expect(await whoIs(await partner('agreed-42'))).toContain('assumed-role/Partner')
    const words = `AccessDenied: User: ${userArns.engineer} is not authorized to perform: sts:AssumeRole on resource: ${roleArns.partner}`
    expect([await refusalOf(partner()), await refusalOf(partner('agreed-43'))]).toEqual([words, words])
  })

  it('carries a transitive tag and the source identity three roles deep, and neither can be changed', async () => {
    const first = await assumeRole(asUser(), roleArns.first, {
      SourceIdentity: 'jane',
      Tags: [
        { Key: 'Team', Value: 'blue' },
        { Key: 'Shift', Value: 'night' },
      ],
      TransitiveTagKeys: ['Team'],
    })
    const second = await assumeRole(client(keep(first)), roleArns.second)
    const third = await assumeRole(client(keep(second), other), roleArns.third)
    expect(await whoIs(third)).toBe(`arn:aws:sts::${accounts.management}:assumed-role/Third/session`)
    const lines = (await auditLines(product)) as readonly unknown[] as readonly Record<string, unknown>[]
    expect(
      lines.findLast((line) => JSON.stringify(line['requestParameters']).includes(roleArns.third)),
    ).toMatchObject({
      requestParameters: { incomingTransitiveTags: { Team: 'blue' } },
      responseElements: { sourceIdentity: 'jane' },
    })
    // Without what was said at the first hop the third is closed.
    const untagged = await assumeRole(asUser(), roleArns.first, { SourceIdentity: 'jane' })
    const unmarked = await assumeRole(client(keep(untagged)), roleArns.second)
    expect(await refusalOf(assumeRole(client(keep(unmarked)), roleArns.third))).toMatch(/^AccessDenied: User/)
    expect(
      await refusalOf(assumeRole(client(second), roleArns.third, { Tags: [{ Key: 'team', Value: 'red' }] })),
    ).toMatch(/^InvalidParameterValue: One of the specified transitive tag keys can't be set/)
    expect(await refusalOf(assumeRole(client(second), roleArns.third, { SourceIdentity: 'eve' }))).toBe(
      'ValidationError: The source identity is already set for this assume role session',
    )
  })

  it('on behalf of the person that a context provider names', async () => {
    const context = async (who: string) => {
      const { password } = contexts.person(who)
      const answer = await ask(contexts.issuer, '/token-for-curl', {
        body: new URLSearchParams({ username: who, password, audience: 'agents' }).toString(),
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      })
      const ContextAssertion = answer.text.trim()
      secrets.add(ContextAssertion)
      return { ProvidedContexts: [{ ProviderArn: 'arn:aws:iam::aws:contextProvider/agents', ContextAssertion }] } // prettier-ignore
    }
    expect(await whoIs(await assumeRole(asUser(), roleArns.onBehalf, await context('grace')))).toContain(
      'assumed-role/OnBehalf',
    )
    expect(await refusalOf(assumeRole(asUser(), roleArns.onBehalf, await context('alan')))).toMatch(
      /^AccessDenied: User: .* is not authorized to perform: sts:AssumeRole/,
    )
    const forged = await context('grace')
    forged.ProvidedContexts[0]!.ContextAssertion += 'A'
    expect(await refusalOf(assumeRole(asUser(), roleArns.onBehalf, forged))).toMatch(/^InvalidIdentityToken/)
  })

  it('with policies by ARN and inline, of which only those of the account count', async () => {
    const assume = (PolicyArns: { arn: string }[], Policy?: string) =>
      asUser().send(
        new AssumeRoleCommand({
          RoleArn: roleArns.first,
          RoleSessionName: 'bounded',
          PolicyArns,
          ...(Policy === undefined ? {} : { Policy }),
        }),
      )
    const answer = await assume([{ arn: readReports }])
    expect(answer.PackedPolicySize).toBeGreaterThan(0)
    const bounded = keep(keysOf(answer.Credentials))
    expect(await whoIs(bounded)).toContain('assumed-role/First/bounded')
    expect(
      await refusalOf(
        client(bounded).send(new GetAccessKeyInfoCommand({ AccessKeyId: bounded.accessKeyId })),
      ),
    ).toMatch(/^AccessDenied: User: .* is not authorized to perform: sts:GetAccessKeyInfo/)
    expect(
      await refusalOf(assume([{ arn: `arn:aws:iam::${accounts.production}:policy/reports/Read` }])),
    ).toMatch(/^(?:ValidationError|MalformedPolicyDocument)/)
    expect(await refusalOf(assume([], '{"Version":'))).toMatch(/^MalformedPolicyDocument/)
  })
})

describe('with a proof from elsewhere', () => {
  const forCurl = async (url: string, username: string) => {
    const password = await product.password(username)
    secrets.add(password)
    const answer = await fetch(url, { method: 'POST', body: new URLSearchParams({ username, password }) })
    const proof = (await answer.text()).trim()
    secrets.add(proof)
    return proof
  }

  it('a role by OpenID Connect, SAML and a directory’s password; a wrong proof opens none', async () => {
    const WebIdentityToken = await webIdentityToken(product, 'grace')
    secrets.add(WebIdentityToken)
    const byToken = (token: string) =>
      asStranger().send(
        new AssumeRoleWithWebIdentityCommand({
          RoleArn: developer,
          RoleSessionName: 'grace',
          WebIdentityToken: token,
        }),
      )
    const answer = await byToken(WebIdentityToken)
    expect(answer).toMatchObject({ SubjectFromWebIdentityToken: 'grace', SourceIdentity: 'grace' })
    expect(await whoIs(keysOf(answer.Credentials), other)).toContain('assumed-role/Developer/grace')
    expect(await refusalOf(byToken(`${WebIdentityToken.slice(0, -4)}AAAA`))).toMatch(/^InvalidIdentityToken/)

    const SAMLAssertion = await forCurl(product.assertionUrl, 'grace')
    const byAssertion = () =>
      asStranger().send(
        new AssumeRoleWithSAMLCommand({
          RoleArn: developer,
          PrincipalArn: `arn:aws:iam::${accounts.home}:saml-provider/demo-saml`,
          SAMLAssertion,
        }),
      )
    expect(await whoIs(keysOf((await byAssertion()).Credentials))).toContain('assumed-role/Developer/grace')
    expect(await refusalOf(byAssertion())).toMatch(/^InvalidIdentityToken/)

    const byPassword = async (LDAPPassword: string) => {
      const form = { Action: 'AssumeRoleWithLDAPIdentity', RoleArn: developer, LDAPUsername: 'grace', LDAPPassword } // prettier-ignore
      const answered = await sts(product, form)
      exchanges.push({
        status: answered.status,
        headers: { 'x-amzn-requestid': answered.requestId },
        body: answered.text,
      })
      return answered
    }
    expect((await byPassword(await product.password('grace'))).text).toContain(
      '<SourceIdentity>grace</SourceIdentity>',
    )
    const refused = await byPassword('correct horse battery staple')
    secrets.add('correct horse battery staple')
    expect([refused.status, /<Code>(\w+)/.exec(refused.text)?.[1]]).toEqual([403, 'IDPRejectedClaim'])
  })
})

describe('what keys and messages say', () => {
  it('GetAccessKeyInfo names the account of a key', async () => {
    const about = (AccessKeyId: string, as: keyof typeof userArns = 'engineer') =>
      asUser(as).send(new GetAccessKeyInfoCommand({ AccessKeyId }))
    expect((await about(keys.administrator.accessKeyId)).Account).toBe(accounts.management)
    expect(await refusalOf(about('AKIA'))).toMatch(/^ValidationError: 1 validation error detected/)
    expect(await refusalOf(about(keys.engineer.accessKeyId, 'newcomer'))).toMatch(
      /^AccessDenied: .*sts:GetAccessKeyInfo/,
    )
  })

  it('DecodeAuthorizationMessage opens what POST /v1/authorize says about a denial', async () => {
    const shown = await sign(
      keys.newcomer,
      { method: 'GET', path: '/plans', host: 'reports.example.test', service: 'reports' },
      new Date(),
    )
    const resource = `arn:aws:reports::${accounts.home}:plans`
    const question = {
      service: 'reports',
      hosts: ['reports.example.test'],
      sourceIp: '203.0.113.7',
      action: 'reports:Read',
      resource,
      request: {
        method: 'GET',
        path: '/plans',
        headers: shown.headers,
        payloadHash: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      },
    }
    const answer = await signedPost(product, keys.engineer, {
      path: '/v1/authorize',
      service: 'rolegate',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(question),
    })
    requestIds.push(answer.requestId)
    const { decision, encodedMessage, requestId } = JSON.parse(answer.text) as Record<string, string>
    expect([answer.status, decision, requestId]).toEqual([200, 'implicitDeny', answer.requestId])

    const decode = (EncodedMessage = '', as: keyof typeof userArns = 'engineer') =>
      asUser(as).send(new DecodeAuthorizationMessageCommand({ EncodedMessage }))
    const { DecodedMessage = '{}' } = await decode(encodedMessage)
    expect(JSON.parse(DecodedMessage)).toMatchObject({
      allowed: false,
      explicitDeny: false,
      context: { principal: { arn: userArns.newcomer }, action: 'reports:Read', resource },
    })
    expect(await refusalOf(decode('made-up'))).toMatch(/^InvalidAuthorizationMessageException/)
    // Readers of other accounts are not told that there is something to read.
    expect(await refusalOf(decode(encodedMessage, 'administrator'))).toMatch(
      /^InvalidAuthorizationMessageException/,
    )
    expect(await refusalOf(decode(encodedMessage, 'newcomer'))).toMatch(/^AccessDenied/)
  })

  it.each(['RS256', 'ES384'] as const)(
    'GetWebIdentityToken by %s convinces whoever knows OpenID Connect',
    async (SigningAlgorithm) => {
      const first = keep(await assumeRole(asUser(), roleArns.first, { SourceIdentity: 'jane' }))
      const ask = (Audience: string[], as = client(first)) =>
        as.send(new GetWebIdentityTokenCommand({ Audience, SigningAlgorithm }))
      const { WebIdentityToken = '' } = await ask(['https://reports.example.test'])
      secrets.add(WebIdentityToken)
      const issuer = `${product.url}/tokens/${accounts.home}`
      const found = await discovery(new URL(issuer), 'reports', undefined, undefined, {
        execute: [allowInsecureRequests],
      })
      const { jwks_uri: keySet = '' } = found.serverMetadata()
      const { payload, protectedHeader } = await jwtVerify(
        WebIdentityToken,
        createRemoteJWKSet(new URL(keySet)),
        { issuer, audience: 'https://reports.example.test' },
      )
      expect(protectedHeader.alg).toBe(SigningAlgorithm)
      expect(payload).toMatchObject({
        sub: roleArns.first,
        'https://sts.amazonaws.com/': { source_identity: 'jane', source_region: 'eu-central-1' },
      })
      expect(await refusalOf(ask([]))).toMatch(/^ValidationError/)
      expect(await refusalOf(ask(['x'], asUser('newcomer')))).toMatch(/^AccessDenied/)
    },
  )
})

describe('roots', () => {
  it('of member accounts are taken for one task by the management account alone', async () => {
    const assume = (credentials: SigningCredentials, TargetPrincipal = accounts.production) =>
      client(credentials).send(new AssumeRootCommand({ TargetPrincipal, TaskPolicyArn: taskPolicy }))
    const { Credentials: issued } = await assume(keys.administrator)
    expect(await whoIs(keysOf(issued))).toBe(root(accounts.production))
    expect(await refusalOf(assume(keys.engineer))).toBe(
      `AccessDenied: User: ${userArns.engineer} is not authorized to perform: sts:AssumeRoot on resource: ${root(accounts.production)}`,
    )
    expect(await refusalOf(assume(keys.administrator, 'x'.repeat(12)))).toMatch(/^ValidationError/)
    expect(await refusalOf(assumeRole(client(keysOf(issued)), roleArns.first))).toBe(
      'AccessDenied: Roles may not be assumed by root accounts.',
    )
  })
})

describe('what is not offered', () => {
  it('answers as AWS does', async () => {
    expect(await refusalOf(asUser().send(new GetDelegatedAccessTokenCommand({ TradeInToken: 'x' })))).toBe(
      `AccessDenied: User: ${userArns.engineer} is not authorized to perform: sts:GetDelegatedAccessToken on resource: *`,
    )
    const answer = await signedPost(product, keys.engineer, {
      body: 'Action=DeleteEverything&Version=2011-06-15',
    })
    expect([answer.status, /<Message>(.*)<\/Message>/.exec(answer.text)?.[1]]).toEqual([
      400,
      'Could not find operation DeleteEverything for version 2011-06-15',
    ])
    requestIds.push(answer.requestId)
  })
})

describe('whoever breaks the glass', () => {
  it('enrols a device in the browser, and takes the role with a key and its code', async () => {
    const key = keep(await createKey(product, 'breakglass-ada'))
    const browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking'],
    })
    try {
      const context = await browser.newContext({ javaScriptEnabled: false })
      await context.addCookies(
        (await signIn(product, 'ada')).split('; ').map((cookie) => {
          const [name = '', value = ''] = cookie.split(/=(.*)/s)
          return { name, value, url: product.url }
        }),
      )
      const page = await context.newPage()
      await page.goto(`${product.url}/account/mfa`)
      await page.getByRole('button', { name: 'Add a device' }).click()
      expect(await page.getByRole('img', { name: /QR code/ }).count()).toBe(1)
      const secret = /\b(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}\b/.exec(await page.locator('main').innerText())?.[0]
      const shown = deviceOf('', (secret ?? '').replaceAll(' ', ''))
      secrets.add(shown.secret)
      const [first, second] = shown.codes()
      await page.locator('input[name=first]').fill(first)
      await page.locator('input[name=second]').fill(second)
      await page.getByRole('button', { name: 'Enable' }).click()
      const words = await page.locator('main').innerText()
      expect(words).toContain('The device is enabled')
      const SerialNumber = /arn:aws:iam::\d{12}:mfa\/\S+/.exec(words)?.[0]
      const role = 'arn:aws:iam::111122223333:role/PlatformAdmin'
      expect(await refusalOf(assumeRole(client(key), role))).toMatch(/^AccessDenied: User: /)
      const given = { SerialNumber, TokenCode: shown.nextCode() }
      expect(await whoIs(await assumeRole(client(key), role, given))).toContain('assumed-role/PlatformAdmin')
    } finally {
      await browser.close()
    }
  })
})

const environmentOf = ({ accessKeyId, secretAccessKey }: SigningCredentials) => ({
  HOME: home,
  PATH: '/usr/bin:/bin',
  AWS_DEFAULT_REGION: 'eu-central-1',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_ACCESS_KEY_ID: accessKeyId,
  AWS_SECRET_ACCESS_KEY: secretAccessKey,
})

describe('clients from Debian', () => {
  const given = (file: string) => (existsSync(file) ? it : it.skip)
  given(python)('boto3 takes sessions with MFA codes, roles and errors that it has names for', async () => {
    const { serialNumber, nextCode } = devices.boto3
    const script = join(import.meta.dirname, 'token-service-caller.py')
    const facts = { url: product.url, serialNumber, code: nextCode(), role: roleArns.withMfa }
    const { stdout } = await run(python, [script, JSON.stringify(facts)], {
      env: environmentOf(keys.engineer),
    })
    const { secret, ids, ...rest } = JSON.parse(stdout) as Record<string, unknown> & { secret: string[]; ids: string[] } // prettier-ignore
    for (const each of secret) secrets.add(each)
    requestIds.push(...ids)
    expect(rest).toEqual({
      session: userArns.engineer,
      role: `arn:aws:sts::${accounts.home}:assumed-role/WithMfa/boto3`,
      again: ['AccessDenied', 403],
      code: ['ValidationError', 400],
      'key info': accounts.home,
      federated: `${accounts.home}:bob`,
      decode: 'InvalidAuthorizationMessageException',
    })
  })

  given(awsCli)('the AWS CLI likewise', async () => {
    const { serialNumber, nextCode } = devices.cli
    const aws = async (...words: string[]) => {
      const { stdout } = await run(
        awsCli,
        ['sts', ...words, '--endpoint-url', product.url, '--output', 'json'],
        { env: environmentOf(keys.engineer) },
      )
      return JSON.parse(stdout) as Record<string, never>
    }
    const code = ['--serial-number', serialNumber, '--token-code', nextCode()]
    const { Credentials } = await aws('get-session-token', ...code)
    const { AccessKeyId, SecretAccessKey, SessionToken } = Credentials as unknown as Record<string, string>
    const issued = keysOf({ AccessKeyId, SecretAccessKey, SessionToken, Expiration: undefined })
    expect(await whoIs(issued)).toBe(userArns.engineer)
    await expect(aws('get-session-token', ...code)).rejects.toThrow(
      /\(AccessDenied\) when calling the GetSessionToken operation: MultiFactorAuthentication failed with invalid MFA/,
    )
    expect(await aws('get-access-key-info', '--access-key-id', issued.accessKeyId)).toEqual({
      Account: accounts.home,
    })
  })
})

describe('afterwards', () => {
  it('every answer has one id, in its header, its body and one record', async () => {
    const ids = exchanges.map(({ headers, body }) => {
      const inBody = /<RequestId>([^<]+)<\/RequestId>/.exec(body)?.[1]
      expect(inBody).toBe(headers['x-amzn-requestid'])
      return inBody ?? ''
    })
    expect(ids.length).toBeGreaterThan(60)
    const recorded = (await auditLines(product)).map(({ requestID }) => requestID)
    const all = [...ids, ...requestIds]
    expect(new Set(all).size).toBe(all.length)
    expect(all.filter((id) => recorded.filter((one) => one === id).length !== 1)).toEqual([])
    expect(exchanges.filter(({ status }) => status >= 500)).toEqual([])
  })

  it('nothing that is secret stands in a log, a record, the output or the list of processes', async () => {
    const { stdout: processes } = await run('ps', ['-eww', '-o', 'args'])
    const ring = await readFile(join(product.dataDirectory, 'keys.json'), 'utf8')
    const ringKeys = [...ring.matchAll(/"([\w+/=-]{40,})"/g)].map(([, key = '']) => key)
    expect(ringKeys.length).toBeGreaterThanOrEqual(2)
    for (const key of ringKeys) secrets.add(key)
    expect(secrets.size).toBeGreaterThan(40)
    const texts = {
      record: await product.audit(),
      // The demo shows its own people's passwords, once, when it starts.
      output: product.output().replace(/^ {4}.*$/gm, ''),
      otherOutput: other.output(),
      processes,
    }
    expect(texts.output).toContain('"eventName":"AssumeRoot"')
    for (const [place, text] of Object.entries(texts))
      for (const secret of secrets) expect([place, text.includes(secret)]).toEqual([place, false])
  })
})
