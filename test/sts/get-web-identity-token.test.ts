/** GetWebIdentityToken by the stock client; the tokens are judged by jose with what the issuer publishes. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  AssumeRoleWithWebIdentityCommand,
  GetWebIdentityTokenCommand,
  InvalidIdentityTokenException,
  JWTPayloadSizeExceededException,
  OutboundWebIdentityFederationDisabledException,
  SessionDurationEscalationException,
  type GetWebIdentityTokenCommandInput,
} from '@aws-sdk/client-sts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createRemoteJWKSet, jwtVerify, type JWTPayload } from 'jose'
import { Fault } from '../../src/fault.js'
import { createOidcProvider } from '../../src/federation/oidc/provider.js'
import type { LiveKeyRing } from '../../src/credentials/key-ring-live.js'
import { createEmbeddedStore } from '../../src/store/embedded-store.js'
import type { Store } from '../../src/store/store.js'
import { replicaOf, type Replica } from '../issuer/issuer-house.js'
import { ringOf } from '../support/key-ring.js'
import { oidcSettings } from '../support/oidc-provider.js'
import { directoryOf, homeAccount, roleOf, trustsCorp, userOf, type RoleSketch } from '../support/roles.js'
import { keptLog } from '../support/silent-log.js'
import { arnOf, otherAccount, trustsProvider } from '../support/sts-house.js'
import { startSts, thrownBy, type StsServer } from '../support/sts-server.js'

const audience = 'https://service.example.test'
const now = () => new Date()
const trust = trustsCorp(homeAccount)
const may = (Action: unknown, Condition?: unknown) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action, Resource: '*', ...(Condition === undefined ? {} : { Condition }) }],
})
const tokens = 'sts:GetWebIdentityToken'
const roles: RoleSketch[] = [
  {
    name: 'Reporter',
    path: '/jobs/',
    trust,
    permissions: [may([tokens, 'sts:TagGetWebIdentityToken'])],
    tags: new Map([
      ['Team', 'blue'],
      ['Stage', 'production'],
    ]),
  },
  {
    name: 'Narrow',
    trust,
    permissions: [
      may(tokens, {
        'ForAllValues:StringEquals': { 'sts:IdentityTokenAudience': [audience, 'b'] },
        StringEquals: { 'sts:SigningAlgorithm': 'ES384' },
        NumericLessThanEquals: { 'sts:DurationSeconds': '300' },
      }),
    ],
  },
  {
    name: 'Tagger',
    trust,
    permissions: [
      may(tokens),
      may('sts:TagGetWebIdentityToken', {
        StringEquals: { 'aws:RequestTag/job': 'nightly' },
        'ForAllValues:StringEquals': { 'aws:TagKeys': ['job'] },
      }),
    ],
  },
  { name: 'Powerless', trust },
  { name: 'Elsewhere', account: otherAccount, trust, permissions: [may(tokens)] },
]
const user = userOf({
  name: 'deploy',
  path: '/services/',
  permissions: [may(tokens)],
  tags: new Map([['Team', 'red']]),
})
const directory = () => directoryOf(roles, { users: [user] })

let folder: string
let store: Store
let ring: LiveKeyRing
let replica: Replica
let issuerServer: Awaited<ReturnType<Replica['listen']>>
let sts: StsServer

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rolegate-token-'))
  store = await createEmbeddedStore({ directory: folder, now })
  ring = await ringOf()
  replica = replicaOf({ store: store.records, ring, clock: { now } })
  issuerServer = await replica.listen()
  sts = await startSts()
  sts.house.issuer = replica.issuer
})
afterAll(async () => {
  await sts.close()
  await issuerServer.close()
  replica.keys.close()
  ring.close()
  await store.close()
  await rm(folder, { recursive: true, force: true })
})
beforeEach(() => {
  replica.settings.current = { enabled: true }
  sts.house.directory = directory()
  sts.house.events.length = 0
})

function session(name: string, overrides = {}) {
  const { arn, id, account } = roleOf(roles.find((role) => role.name === name)!)
  return sts.house.session('Developer', { roleArn: arn, roleId: id, account, ...overrides })
}

const ask = (
  credentials: Parameters<StsServer['client']>[0],
  input: Partial<GetWebIdentityTokenCommandInput> = {},
) =>
  sts
    .client(credentials)
    .send(new GetWebIdentityTokenCommand({ Audience: [audience], SigningAlgorithm: 'ES384', ...input }))

async function claimsOf(token: string, account = homeAccount): Promise<JWTPayload> {
  const issuer = `${issuerServer.url}/tokens/${account}`
  const keySet = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`))
  return (await jwtVerify(token, keySet, { issuer })).payload
}

describe('GetWebIdentityToken', () => {
  it.each(['RS256', 'ES384'] as const)('says who the caller is, signed with %s', async (SigningAlgorithm) => {
    const given = session('Reporter', {
      sourceIdentity: 'ada@corp',
      tags: new Map([
        ['team', 'green'],
        ['Shift', 'night'],
      ]),
    })
    const answer = await ask(given, { SigningAlgorithm, Tags: [{ Key: 'job', Value: 'nightly é' }] })
    const claims = await claimsOf(answer.WebIdentityToken!)
    expect(claims).toEqual({
      iss: `${issuerServer.url}/tokens/${homeAccount}`,
      sub: `arn:aws:iam::${homeAccount}:role/jobs/Reporter`,
      aud: audience,
      iat: expect.any(Number),
      exp: claims.iat! + 300,
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
      'https://sts.amazonaws.com/': {
        aws_account: homeAccount,
        org_id: 'o-a1b2c3d4e5',
        ou_path: ['o-a1b2c3d4e5/r-root/Workloads/'],
        principal_id: `arn:aws:iam::${homeAccount}:role/jobs/Reporter`,
        source_region: 'eu-central-1',
        principal_tags: { team: 'green', Stage: 'production', Shift: 'night' },
        request_tags: { job: 'nightly é' },
        original_session_exp: `${given.expiresAt.toISOString().slice(0, 19)}Z`,
        source_identity: 'ada@corp',
        federated_provider: `arn:aws:iam::${homeAccount}:saml-provider/corp`,
      },
    })
    expect(answer.Expiration?.getTime()).toBe(claims.exp! * 1000)
  })

  it('is recorded with the token’s id and without the token', async () => {
    const { WebIdentityToken, $metadata } = await ask(session('Reporter'), { DurationSeconds: 60 })
    const { jti } = await claimsOf(WebIdentityToken!)
    expect(sts.house.events).toMatchObject([
      {
        eventName: 'GetWebIdentityToken',
        requestID: $metadata.requestId,
        requestParameters: { audience: [audience], signingAlgorithm: 'ES384', durationSeconds: 60 },
        responseElements: {
          jti,
          issuer: `${issuerServer.url}/tokens/${homeAccount}`,
          subject: `arn:aws:iam::${homeAccount}:role/jobs/Reporter`,
        },
      },
    ])
    const record = JSON.stringify(sts.house.events)
    for (const part of WebIdentityToken!.split('.')) expect(record).not.toContain(part)
  })

  it('is for a user with a long-term key, too, for an hour and several audiences', async () => {
    const answer = await ask(sts.house.userKey(), {
      DurationSeconds: 3600,
      Audience: [audience, 'b', audience],
    })
    const claims = await claimsOf(answer.WebIdentityToken!)
    expect(claims.sub).toBe(user.arn)
    expect(claims.aud).toEqual([audience, 'b', audience])
    expect(claims.exp! - claims.iat!).toBe(3600)
    expect(claims['https://sts.amazonaws.com/']).toEqual({
      aws_account: homeAccount,
      org_id: 'o-a1b2c3d4e5',
      ou_path: ['o-a1b2c3d4e5/r-root/Workloads/'],
      principal_id: user.arn,
      source_region: 'eu-central-1',
      principal_tags: { Team: 'red' },
    })
  })

  it('comes from the issuer of the caller’s account', async () => {
    const { WebIdentityToken } = await ask(session('Elsewhere'))
    expect((await claimsOf(WebIdentityToken!, otherAccount)).iss).toBe(
      `${issuerServer.url}/tokens/${otherAccount}`,
    )
    await expect(claimsOf(WebIdentityToken!)).rejects.toThrow()
  })

  it('evaluates audience, algorithm and duration as condition keys', async () => {
    const narrow = session('Narrow')
    await ask(narrow, { Audience: [audience, 'b'] })
    await ask(narrow, { DurationSeconds: 60 })
    for (const input of [
      { Audience: [audience, 'c'] },
      { SigningAlgorithm: 'RS256' },
      { DurationSeconds: 301 },
    ]) {
      expect(await thrownBy(ask(narrow, input))).toMatchObject({
        name: 'AccessDenied',
        message: `User: arn:aws:sts::${homeAccount}:assumed-role/Narrow/ada is not authorized to perform: sts:GetWebIdentityToken on resource: *`,
      })
    }
  })

  it('needs a second permission for tags', async () => {
    const tagger = session('Tagger')
    const { WebIdentityToken } = await ask(tagger, { Tags: [{ Key: 'job', Value: 'nightly' }] })
    expect(await claimsOf(WebIdentityToken!)).toMatchObject({
      'https://sts.amazonaws.com/': { request_tags: { job: 'nightly' } },
    })
    for (const Tags of [
      [{ Key: 'job', Value: 'daily' }],
      [
        { Key: 'job', Value: 'nightly' },
        { Key: 'other', Value: '' },
      ],
    ]) {
      const refusal = await thrownBy(ask(tagger, { Tags }))
      expect(refusal.message).toContain('not authorized to perform: sts:TagGetWebIdentityToken')
    }
    expect((await thrownBy(ask(session('Powerless')))).name).toBe('AccessDenied')
  })

  it.each([
    [{ enabled: false }, 'Reporter'],
    [{ enabled: true, accounts: [otherAccount] }, 'Reporter'],
  ])('is disabled with %j', async (settings, name) => {
    replica.settings.current = settings
    const refusal = await thrownBy(ask(session(name)))
    expect(refusal).toBeInstanceOf(OutboundWebIdentityFederationDisabledException)
    expect(refusal.$metadata.httpStatusCode).toBe(403)
    // Who may not have a token is not told whether there are any.
    expect((await thrownBy(ask(session('Powerless')))).name).toBe('AccessDenied')
  })

  it('gives no token that outlives the session', async () => {
    const ending = session('Reporter', { expiresAt: new Date(Date.now() + 200_000) })
    for (const input of [{}, { DurationSeconds: 3600 }]) {
      const refusal = await thrownBy(ask(ending, input))
      expect(refusal).toBeInstanceOf(SessionDurationEscalationException)
      expect(refusal.$metadata.httpStatusCode).toBe(403)
    }
    expect((await ask(ending, { DurationSeconds: 60 })).WebIdentityToken).toBeDefined()
  })

  it('gives no token too large for a header', async () => {
    const Tags = Array.from({ length: 40 }, (_, n) => ({ Key: `k${n}`, Value: 'v'.repeat(256) }))
    const refusal = await thrownBy(ask(session('Reporter'), { Tags }))
    expect(refusal).toBeInstanceOf(JWTPayloadSizeExceededException)
    expect(refusal.$metadata.httpStatusCode).toBe(400)
  })

  it('says a tag called __proto__ like any other', async () => {
    const { WebIdentityToken } = await ask(session('Reporter'), { Tags: [{ Key: '__proto__', Value: 'x' }] })
    const [, payload = ''] = WebIdentityToken!.split('.')
    expect(Buffer.from(payload, 'base64url').toString()).toContain('"request_tags":{"__proto__":"x"}')
  })

  it.each([
    [
      { Audience: [] },
      "at 'audience' failed to satisfy constraint: Member must have length greater than or equal to 1",
    ],
    [{ Audience: Array.from({ length: 11 }, (_, n) => `a${n}`) }, 'less than or equal to 10'],
    [{ Audience: ['a'.repeat(1001)] }, 'less than or equal to 1000'],
    [{ Audience: ['a', ''] }, 'greater than or equal to 1'],
    [{ SigningAlgorithm: 'HS256' }, 'Member must satisfy enum value set: [RS256, ES384]'],
    [{ SigningAlgorithm: 'none' }, 'greater than or equal to 5'],
    [{ SigningAlgorithm: '__proto__' }, 'less than or equal to 5'],
    [{ DurationSeconds: 59 }, 'greater than or equal to 60'],
    [{ DurationSeconds: 3601 }, 'less than or equal to 3600'],
    [{ Tags: [{ Key: 'aws:x', Value: 'y' }] }, 'must not begin with aws:'],
  ])('does not take %j', async (input, message) => {
    const refusal = await thrownBy(ask(session('Reporter'), input))
    expect(refusal).toMatchObject({ name: 'ValidationError', message: expect.stringContaining(message) })
  })

  it('is no way back in: no provider stands for the issuer, unless an operator declares one', async () => {
    const { WebIdentityToken } = await ask(session('Reporter'))
    const back = () =>
      sts.client().send(
        new AssumeRoleWithWebIdentityCommand({
          RoleArn: arnOf('Back'),
          RoleSessionName: 'back',
          WebIdentityToken: WebIdentityToken!,
        }),
      )
    expect(await thrownBy(back())).toBeInstanceOf(InvalidIdentityTokenException)
    const issuer = `${issuerServer.url}/tokens/${homeAccount}`
    const declared = createOidcProvider(oidcSettings(issuer, { name: 'itself', audiences: [audience] }), {
      now,
      log: keptLog(),
    })
    sts.house.providers = [declared]
    const back1 = `oidc-provider/${issuer.replace('http://', '')}`
    sts.house.directory = directoryOf([
      ...roles,
      { name: 'Back', trust: trustsProvider(back1, 'sts:AssumeRoleWithWebIdentity') },
    ])
    expect((await back()).AssumedRoleUser?.Arn).toBe(`arn:aws:sts::${homeAccount}:assumed-role/Back/back`)
    await declared.close()
    sts.house.providers = []
  })

  it('is tried again later when the keys cannot be had', async () => {
    const fault = new Fault('StoreUnavailable', 'try again', { reason: 'test' })
    sts.house.issuer = { ...replica.issuer, issue: () => Promise.reject(fault) }
    expect(await thrownBy(ask(session('Reporter')))).toMatchObject({
      name: 'ServiceUnavailable',
      $metadata: { httpStatusCode: 503 },
    })
    sts.house.issuer = replica.issuer
  })

  it('is not given when it cannot be recorded', async () => {
    sts.house.auditDown = true
    expect((await thrownBy(ask(session('Reporter')))).name).toBe('ServiceUnavailable')
    sts.house.auditDown = false
  })
})
