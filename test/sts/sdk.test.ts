/**
 * The stock AWS SDK against the real server, with real identity providers behind it: a slapd, a SAML identity
 * provider, an OpenID provider. What the SDK takes for AWS STS is AWS STS.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  AssumeRoleCommand,
  AssumeRoleWithSAMLCommand,
  AssumeRoleWithWebIdentityCommand,
  GetCallerIdentityCommand,
  InvalidIdentityTokenException,
  MalformedPolicyDocumentException,
  PackedPolicyTooLargeException,
  STSClient,
  type STSClientConfig,
} from '@aws-sdk/client-sts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { DemoSamlIdp } from '../../src/demo/saml-idp.js'
import type { IdentityProvider } from '../../src/federation/assertion.js'
import { createLdapProvider } from '../../src/federation/ldap/ldap-provider.js'
import { createOidcProvider } from '../../src/federation/oidc/provider.js'
import { createSamlProvider } from '../../src/federation/saml/saml-provider.js'
import { createInlineVerifier } from '../../src/federation/saml/verifier.js'
import { withoutScheme } from '../../src/federation/provider-arn.js'
import { createHotServer, type HotServer } from '../../src/http/hot-server.js'
import { createEmbeddedStore } from '../../src/store/embedded-store.js'
import type { ExpiringStore } from '../../src/store/expiring-store.js'
import { ldapSettings } from '../federation/ldap/settings.js'
import { presign } from '../support/aws-signer.js'
import { oidcSettings, startOidcProvider, type TestOidcProvider } from '../support/oidc-provider.js'
import { homeAccount } from '../support/roles.js'
import { makeKeyAndCertificate } from '../support/saml-certificate.js'
import { ada, grace, samlSettings, serviceProviderUrls, startTestSamlIdp } from '../support/saml-idp.js'
import { keptLog, silentMetrics } from '../support/silent-log.js'
import { startSlapd, type Slapd } from '../support/slapd.js'
import {
  arnOf,
  houseDirectory,
  otherAccount,
  sketches,
  stsHouse,
  trustsProvider,
  type StsHouse,
} from '../support/sts-house.js'

const now = () => new Date()
const wallClock = { now, advance: () => undefined }
let house: StsHouse
let server: HotServer
let host: string
let folder: string
let store: ExpiringStore
let slapd: Slapd
let idp: DemoSamlIdp
let openid: TestOidcProvider
let providers: readonly IdentityProvider[]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rolegate-sdk-'))
  store = await createEmbeddedStore({ directory: folder, now })
  slapd = await startSlapd({ people: [{ uid: 'ada', password: 'engine' }], tls: false })
  idp = await startTestSamlIdp({ signing: makeKeyAndCertificate('idp'), relyingParty: serviceProviderUrls })
  openid = await startOidcProvider()
  const saml = samlSettings({
    metadata: { type: 'text', xml: idp.metadataXml },
    signing: makeKeyAndCertificate('signing'),
    encryption: makeKeyAndCertificate('encryption'),
  })
  providers = [
    createLdapProvider(ldapSettings({ name: 'staff', urls: [slapd.url] }), {
      now,
      log: keptLog(),
      publicUrl: 'http://127.0.0.1',
    }),
    await createSamlProvider(saml, { store, now, log: keptLog(), verifier: createInlineVerifier() }),
    createOidcProvider(oidcSettings(openid.issuer, { name: 'openid', contextAssertions: true }), {
      now,
      log: keptLog(),
    }),
  ]
}, 60_000)

afterAll(async () => {
  await Promise.all(providers.map((provider) => provider.close()))
  await Promise.all([slapd.stop(), idp.close(), openid.close(), store.close()])
  await rm(folder, { recursive: true, force: true })
})

beforeEach(async () => {
  await server?.close(100)
  house = await stsHouse({ publicHosts: () => [host], clock: wallClock })
  house.providers = providers
  const oidcTrust = trustsProvider(
    `oidc-provider/${withoutScheme(openid.issuer)}`,
    'sts:AssumeRoleWithWebIdentity',
  )
  house.directory = houseDirectory([...sketches, { name: 'OpenId', trust: oidcTrust }])
  server = createHotServer({
    rooms: [house.room],
    application: (_request, response) => void response.writeHead(404).end(),
    trustedProxies: [],
    log: keptLog(),
    metrics: silentMetrics,
  })
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 })
  host = `127.0.0.1:${port}`
})
afterAll(() => server.close(100))

function client(credentials?: STSClientConfig['credentials'], config: STSClientConfig = {}): STSClient {
  return new STSClient({
    endpoint: `http://${host}`,
    region: 'eu-central-1',
    ...(credentials === undefined ? {} : { credentials }),
    ...config,
  })
}

const deployer = { RoleArn: arnOf('Deployer', otherAccount), RoleSessionName: 'ada' }
const thrownBy = (promise: Promise<unknown>) =>
  promise.then(
    () => Promise.reject(new Error('nothing was thrown')),
    (error: unknown) => error as Error & { $metadata: { httpStatusCode: number; requestId: string } },
  )

describe('GetCallerIdentity', () => {
  it.each(['', '/sts', '/sts/'])('answers at http://host%s', async (path) => {
    const sts = client(house.session(), { endpoint: `http://${host}${path}` })
    const { $metadata, ...identity } = await sts.send(new GetCallerIdentityCommand({}))
    expect(identity).toEqual({
      Account: homeAccount,
      Arn: `arn:aws:sts::${homeAccount}:assumed-role/Developer/ada`,
      UserId: expect.stringMatching(/^AROA[A-Z]{17}:ada$/),
    })
    expect($metadata.requestId).toBe(house.events.at(-1)?.requestID)
  })

  it('answers a presigned GET and a presigned POST', async () => {
    const query = { Action: 'GetCallerIdentity', Version: '2011-06-15' }
    for (const method of ['GET', 'POST']) {
      const { rawQuery } = await presign(house.session(), { query, method, host }, now(), 60)
      const response = await fetch(`http://${host}/?${rawQuery}`, { method })
      expect(response.status).toBe(200)
      expect(await response.text()).toContain(`<Account>${homeAccount}</Account>`)
    }
  })

  it('tells a client whose clock is 20 minutes wrong what time it is, with the refusal', async () => {
    const sts = client(house.session(), { systemClockOffset: -20 * 60_000 })
    const refused = await thrownBy(sts.send(new GetCallerIdentityCommand({})))
    expect(refused).toMatchObject({ name: 'SignatureDoesNotMatch' })
    expect((await sts.send(new GetCallerIdentityCommand({}))).Account).toBe(homeAccount)
  })
})

describe('AssumeRole', () => {
  it('chains from role to role', async () => {
    const first = await client(house.session()).send(
      new AssumeRoleCommand({
        ...deployer,
        Tags: [{ Key: 'Kostenstelle', Value: 'Köln 4+2/a=b' }],
        TransitiveTagKeys: ['Kostenstelle'],
        SourceIdentity: 'ada',
        DurationSeconds: 900,
        Policy: '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}\n',
      }),
    )
    expect(first.AssumedRoleUser?.Arn).toBe(`arn:aws:sts::${otherAccount}:assumed-role/Deployer/ada`)
    expect(first.SourceIdentity).toBe('ada')
    expect(first.PackedPolicySize).toBeGreaterThan(0)
    const left = first.Credentials!.Expiration!.getTime() - now().getTime()
    expect(left).toBeGreaterThan(880_000)
    expect(left).toBeLessThanOrEqual(900_000)

    const identity = await client({
      accessKeyId: first.Credentials!.AccessKeyId!,
      secretAccessKey: first.Credentials!.SecretAccessKey!,
      sessionToken: first.Credentials!.SessionToken!,
    }).send(new GetCallerIdentityCommand({}))
    expect(identity.Arn).toBe(first.AssumedRoleUser?.Arn)
  })

  it('takes the word of a context provider, verified, for a role that asks for it', async () => {
    const ask = async (username: string) => {
      const { password } = openid.person(username)
      const form = new URLSearchParams({ username, password, audience: 'sts.amazonaws.com' })
      const token = await (await fetch(openid.tokenForCurlUrl, { method: 'POST', body: form })).text()
      return client(house.userKey()).send(
        new AssumeRoleCommand({
          RoleArn: arnOf('OnBehalf'),
          RoleSessionName: 'agent',
          ProvidedContexts: [
            {
              ProviderArn: 'arn:aws:iam::aws:contextProvider/openid',
              ContextAssertion: token.trim(),
            },
          ],
        }),
      )
    }
    expect((await ask('grace')).AssumedRoleUser?.Arn).toMatch(/assumed-role\/OnBehalf\/agent$/)
    expect((await thrownBy(ask('ada'))).name).toBe('AccessDenied')
  })

  it('takes the empty lists that the SDK writes', async () => {
    const answer = await client(house.session()).send(
      new AssumeRoleCommand({ ...deployer, Tags: [], TransitiveTagKeys: [], PolicyArns: [] }),
    )
    expect(answer.PackedPolicySize).toBeUndefined()
  })

  it('throws the classes that the SDK has for the errors', async () => {
    const sts = client(house.session(), { maxAttempts: 1 })
    const malformed = await thrownBy(sts.send(new AssumeRoleCommand({ ...deployer, Policy: 'hello' })))
    expect(malformed).toBeInstanceOf(MalformedPolicyDocumentException)
    const tags = Array.from({ length: 50 }, (_, index) => ({
      Key: `k${index}`,
      Value: Array.from({ length: 64 }, (_, at) =>
        ((index * 7919 + at * 104_729) % 1679616).toString(36),
      ).join(''),
    })).map(({ Key, Value }) => ({ Key, Value: Value.slice(0, 256) }))
    const packed = await thrownBy(sts.send(new AssumeRoleCommand({ ...deployer, Tags: tags })))
    expect(packed).toBeInstanceOf(PackedPolicyTooLargeException)
    const denied = await thrownBy(sts.send(new AssumeRoleCommand({ ...deployer, RoleArn: arnOf('Vault') })))
    expect(denied).toMatchObject({
      name: 'AccessDenied',
      $fault: 'client',
      $metadata: { httpStatusCode: 403 },
    })
    expect(denied.$metadata.requestId).toBe(house.events.at(-1)?.requestID)
    const invalid = await thrownBy(sts.send(new AssumeRoleCommand({ ...deployer, DurationSeconds: 1 })))
    expect(invalid).toMatchObject({ name: 'ValidationError', $metadata: { httpStatusCode: 400 } })
    const unreadable = await thrownBy(
      sts.send(new AssumeRoleCommand({ ...deployer, DurationSeconds: 900.5 })),
    )
    expect(unreadable).toMatchObject({ name: 'MalformedInput', $metadata: { httpStatusCode: 400 } })
    expect(unreadable.$metadata.requestId).toBe(house.events.at(-1)?.requestID)
  })

  it('throws ExpiredToken, InvalidClientTokenId and SignatureDoesNotMatch by these names', async () => {
    const session = house.session()
    const names = await Promise.all(
      [
        client(house.session('Developer', { expiresAt: new Date(0) })),
        client({ ...session, sessionToken: 'AAAA' }),
        client({ ...session, secretAccessKey: 'x' }),
      ].map(async (sts) => (await thrownBy(sts.send(new GetCallerIdentityCommand({})))).name),
    )
    expect(names).toEqual(['ExpiredToken', 'InvalidClientTokenId', 'SignatureDoesNotMatch'])
  })

  it('is tried again by the SDK while the record cannot be written, and then hands nothing out', async () => {
    house.auditDown = true
    const failed = await thrownBy(client(house.session()).send(new AssumeRoleCommand(deployer)))
    expect(failed).toMatchObject({
      name: 'ServiceUnavailable',
      $metadata: { httpStatusCode: 503, attempts: 3 },
    })
  })
})

describe('AssumeRoleWithWebIdentity', () => {
  const token = async (username = 'ada') => {
    const { password } = openid.person(username)
    const form = new URLSearchParams({ username, password, audience: 'sts.amazonaws.com' })
    return (await fetch(openid.tokenForCurlUrl, { method: 'POST', body: form })).text()
  }

  it('takes a token file as it is, with its line break, and needs no credentials', async () => {
    const answer = await client().send(
      new AssumeRoleWithWebIdentityCommand({
        RoleArn: arnOf('OpenId'),
        RoleSessionName: 'pipeline',
        WebIdentityToken: `${await token()}\n`,
      }),
    )
    expect(answer).toMatchObject({
      Provider: openid.issuer,
      Audience: 'sts.amazonaws.com',
      AssumedRoleUser: { Arn: `arn:aws:sts::${homeAccount}:assumed-role/OpenId/pipeline` },
    })
    expect(answer.SubjectFromWebIdentityToken).toBe('ada')
  })

  it('refuses tokens that are none, of strangers, or altered', async () => {
    const good = (await token()).trim()
    const stranger = `e30.${Buffer.from('{"iss":"https://stranger.example"}').toString('base64url')}.AA`
    const messages = await Promise.all(
      ['abcd', stranger, `${good.slice(0, -8)}AAAAAAAA`].map(async (WebIdentityToken) => {
        const error = await thrownBy(
          client().send(
            new AssumeRoleWithWebIdentityCommand({
              RoleArn: arnOf('OpenId'),
              RoleSessionName: 'pipeline',
              WebIdentityToken,
            }),
          ),
        )
        expect(error).toBeInstanceOf(InvalidIdentityTokenException)
        return error.message
      }),
    )
    expect(messages[0]).toMatch(/^The ID Token provided is not a valid JWT/)
    expect(messages[1]).toBe('No OpenIDConnect provider found in your account for https://stranger.example')
    expect(house.events.map((event) => event.errorCode)).toEqual(Array(3).fill('InvalidIdentityToken'))
    expect(JSON.stringify(house.events)).not.toContain(good.slice(0, 40))
  })
})

describe('AssumeRoleWithSAML', () => {
  const principal = { RoleArn: arnOf('Saml'), PrincipalArn: `arn:aws:iam::${homeAccount}:saml-provider/corp` }
  const assertionFor = async ({ username, password }: typeof ada) => {
    const form = new URLSearchParams({ username, password })
    return (await fetch(`${idp.url}/assertion`, { method: 'POST', body: form })).text()
  }

  it('gives a role, and what AWS says about the assertion', async () => {
    const answer = await client().send(
      new AssumeRoleWithSAMLCommand({ ...principal, SAMLAssertion: await assertionFor(grace) }),
    )
    expect(answer).toMatchObject({
      Subject: 'grace',
      Issuer: idp.entityId,
      Audience: serviceProviderUrls.acsUrl,
      AssumedRoleUser: { Arn: `arn:aws:sts::${homeAccount}:assumed-role/Saml/grace` },
    })
    expect(answer.NameQualifier).toMatch(/^[A-Za-z0-9+/]{27}=$/)
    expect(answer.SubjectType).not.toMatch(/^urn:/)
  })

  it('takes an assertion once', async () => {
    const SAMLAssertion = await assertionFor(grace)
    await client().send(new AssumeRoleWithSAMLCommand({ ...principal, SAMLAssertion }))
    const again = await thrownBy(
      client().send(new AssumeRoleWithSAMLCommand({ ...principal, SAMLAssertion })),
    )
    expect(again).toBeInstanceOf(InvalidIdentityTokenException)
    expect(house.events.at(-1)?.additionalEventData).toEqual({ reason: 'saml:replay' })
  })

  it('STS-54: answers one and the same denial when the assertion lists other roles or the provider is of another account', async () => {
    const listed = { ...principal, SAMLAssertion: await assertionFor(ada) }
    const foreign = {
      ...principal,
      PrincipalArn: `arn:aws:iam::${otherAccount}:saml-provider/corp`,
      SAMLAssertion: await assertionFor(grace),
    }
    for (const input of [listed, foreign]) {
      const error = await thrownBy(client().send(new AssumeRoleWithSAMLCommand(input)))
      expect(error).toMatchObject({
        name: 'AccessDenied',
        message: 'Not authorized to perform sts:AssumeRoleWithSAML',
      })
    }
  })

  it('says when the provider is not known', async () => {
    const error = await thrownBy(
      client().send(
        new AssumeRoleWithSAMLCommand({
          ...principal,
          PrincipalArn: `arn:aws:iam::${homeAccount}:saml-provider/absent`,
          SAMLAssertion: 'AAAA',
        }),
      ),
    )
    expect(error.message).toBe("Specified provider doesn't exist")
  })
})

describe('AssumeRoleWithLDAPIdentity', () => {
  const ask = (form: Readonly<Record<string, string>>) =>
    fetch(`http://${host}/`, {
      method: 'POST',
      body: new URLSearchParams({
        Action: 'AssumeRoleWithLDAPIdentity',
        Version: '2011-06-15',
        RoleArn: arnOf('Ldap'),
        LDAPUsername: 'ada',
        ...form,
      }),
    })

  it('turns a name and a password into credentials that the SDK can use', async () => {
    const text = await (await ask({ LDAPPassword: 'engine' })).text()
    const value = (name: string) => new RegExp(`<${name}>([^<]*)<`).exec(text)?.[1] ?? ''
    const identity = await client({
      accessKeyId: value('AccessKeyId'),
      secretAccessKey: value('SecretAccessKey'),
      sessionToken: value('SessionToken'),
    }).send(new GetCallerIdentityCommand({}))
    expect(identity.Arn).toBe(`arn:aws:sts::${homeAccount}:assumed-role/Ldap/ada`)
  })

  it('answers a wrong password and an unknown name alike', async () => {
    const wrong = await ask({ LDAPPassword: 'wrong' })
    const unknown = await ask({ LDAPUsername: 'nobody', LDAPPassword: 'engine' })
    const withoutId = (text: string) => text.replace(/<RequestId>.*<\/RequestId>/, '')
    expect(wrong.status).toBe(403)
    expect(withoutId(await wrong.text())).toBe(withoutId(await unknown.text()))
    expect(house.events).toMatchObject([
      { errorCode: 'IDPRejectedClaim', userIdentity: { type: 'LDAPUser', userName: 'ada' } },
      { errorCode: 'IDPRejectedClaim', userIdentity: { type: 'LDAPUser', userName: 'nobody' } },
    ])
    expect(JSON.stringify(house.events)).not.toContain('wrong')
  })
})
