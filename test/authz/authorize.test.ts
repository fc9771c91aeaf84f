import { beforeEach, describe, expect, it } from '@jest/globals'
import { sha256Hex } from '../../src/signature/canonical-request.js'
import { presign, type SigningCredentials } from '../support/aws-signer.js'
import {
  authzHouse,
  foreignAccount,
  ownHost,
  reportsHost,
  shown,
  sketches,
  type AuthzHouse,
} from '../support/authz-house.js'
import { directoryOf, homeAccount } from '../support/roles.js'

const may = `arn:aws:reports::${homeAccount}:2027/may`
const question = { action: 'reports:Read', resource: may }
const around = { service: 'reports', hosts: [reportsHost], sourceIp: '198.51.100.7' }

let house: AuthzHouse
beforeEach(async () => {
  house = await authzHouse()
})

/** What the resource server would send about this client's GET. */
async function about(client: SigningCredentials, more: object = {}) {
  return { ...around, ...question, request: shown(await house.signed(client)), ...more }
}

async function answerTo(body: unknown, server?: SigningCredentials) {
  const { status, body: text } = await house.ask(body, server)
  return { status, ...(JSON.parse(text) as Record<string, unknown>) } as Record<string, unknown>
}

describe('a client that signed and may', () => {
  it('is made known, and allowed', async () => {
    const client = house.session('Reader', {
      sourceIdentity: 'ada',
      tags: new Map([['Department', 'R&D']]),
    })
    const answer = await answerTo(await about(client))
    expect(answer).toEqual({
      status: 200,
      authenticated: true,
      identity: {
        arn: `arn:aws:sts::${homeAccount}:assumed-role/Reader/ada`,
        userId: expect.stringMatching(/^AROA.*:ada$/),
        account: homeAccount,
        type: 'AssumedRole',
        accessKeyId: client.accessKeyId,
        sourceIdentity: 'ada',
        federatedProvider: `arn:aws:iam::${homeAccount}:saml-provider/corp`,
        issuedAt: '2026-01-02T03:04:05.000Z',
        expiresAt: '2026-01-02T04:04:05.000Z',
        mfa: false,
      },
      sessionTags: { Department: 'R&D' },
      payload: sha256Hex(''),
      decision: 'allowed',
      reasons: [{ layer: 'identity', effect: 'Allow', policy: 'test policy', statement: 'Given' }],
      requestId: expect.any(String),
    })
  })

  it('may be a user with a long-term key', async () => {
    const answer = await answerTo(await about(house.robotKey))
    expect(answer['identity']).toMatchObject({ type: 'User', expiresAt: null, mfa: false })
    expect(answer['decision']).toBe('allowed')
  })

  it('is known by a presigned URL as well', async () => {
    const client = house.session('Reader')
    const signed = await presign(
      client,
      { host: reportsHost, service: 'reports', path: '/2027/may' },
      house.clock.now(),
      3600,
    )
    const url = `https://${reportsHost}${signed.rawPath}?${signed.rawQuery}`
    const body = { ...around, ...question, request: { method: 'GET', url } }
    expect(await answerTo(body)).toMatchObject({ authenticated: true, decision: 'allowed' })
    house.clock.advance(3_590)
    expect(await answerTo(body)).toMatchObject({ authenticated: true })
    house.clock.advance(60)
    expect(await answerTo(body)).toMatchObject({ authenticated: false, code: 'SignatureDoesNotMatch' })
  })

  it('gets one answer for each question of a list, in its order', async () => {
    const { action: _a, resource: _r, ...top } = await about(house.session('Reader'))
    const questions = ['2027/may', 'secret/may', 'x'].map((path) => ({
      action: 'reports:Read',
      resource: `arn:aws:reports::${homeAccount}:${path}`,
    }))
    questions.push({ action: 'reports:Delete', resource: may })
    const { decisions, decision } = await answerTo({ ...top, questions })
    expect(decision).toBeUndefined()
    expect((decisions as { decision: string }[]).map((one) => one.decision)).toEqual([
      'allowed',
      'explicitDeny',
      'allowed',
      'implicitDeny',
    ])
  })

  it('sends headers as pairs or as an object with lists', async () => {
    const signed = await house.signed(house.session('Reader'), { headers: { 'x-mark': 'a' } })
    const headers = Object.fromEntries(signed.headers.map(([name, value]) => [name, [value]]))
    const body = { ...around, ...question, request: { ...shown(signed), headers } }
    expect(await answerTo(body)).toMatchObject({ authenticated: true })
  })
})

describe('a client that may not', () => {
  it('is told which layers speak against it, and carries a message that only its account reads', async () => {
    const answer = await answerTo(
      await about(house.session('Reader'), { resource: `arn:aws:reports::${homeAccount}:secret/x` }),
    )
    expect(answer).toMatchObject({
      status: 200,
      decision: 'explicitDeny',
      reasons: [{ layer: 'identity', effect: 'Deny', statement: 'NoSecrets' }],
      explanation: ["Denied: the caller's own policies forbid it explicitly."],
    })
    const message = String(answer['encodedMessage'])
    expect(house.readMessage(message)).toMatchObject({ allowed: false, explicitDeny: true })
    expect(house.readMessage(message, foreignAccount)).toBeUndefined()
  })

  it('of another account does not have its policies named', async () => {
    const answer = await answerTo(await about(house.session('ForeignReader')))
    expect(answer).toMatchObject({ decision: 'implicitDeny' })
    expect(answer['reasons']).toEqual([
      { layer: 'identity', effect: 'Allow' },
      { layer: 'resource', effect: 'missing' },
    ])
  })

  it('of another account needs the resource policy as well', async () => {
    const resourcePolicy = {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: foreignAccount },
          Action: 'reports:Read',
          Resource: '*',
        },
      ],
    }
    const foreign = house.session('ForeignReader')
    const granted = await answerTo(await about(foreign, { resourcePolicy }))
    expect(granted['decision']).toBe('allowed')
    const asText = await answerTo(await about(foreign, { resourcePolicy: JSON.stringify(resourcePolicy) }))
    expect(asText['decision']).toBe('allowed')
    const without = await answerTo(await about(house.session('Stranger'), { resourcePolicy }))
    expect(without['decision']).toBe('implicitDeny')
  })

  it('is not taken for one of the resource’s account where the ARN names none', async () => {
    const answer = await answerTo(
      await about(house.session('ForeignReader'), { resource: 'arn:aws:reports:::x' }),
    )
    expect(answer['decision']).toBe('implicitDeny')
  })
})

describe('facts about a request', () => {
  it('hold the address that the resource server saw', async () => {
    const office = house.session('Office')
    expect(await answerTo(await about(office))).toMatchObject({ decision: 'allowed' })
    expect(await answerTo(await about(office, { sourceIp: '192.0.2.1' }))).toMatchObject({
      decision: 'implicitDeny',
    })
  })

  it('hold what the resource server says about its resource', async () => {
    const owner = house.session('Owner', { sourceIdentity: 'ada' })
    expect(await answerTo(await about(owner, { context: { 'reports:Owner': 'ada' } }))).toMatchObject({
      decision: 'allowed',
    })
    expect(await answerTo(await about(owner, { context: { 'reports:owner': ['bob'] } }))).toMatchObject({
      decision: 'implicitDeny',
    })
  })

  it.each([
    'aws:PrincipalArn',
    'aws:principaltag/team',
    'AWS:PrincipalOrgID',
    'aws:userid',
    'aws:username',
    'aws:MultiFactorAuthPresent',
    'aws:SourceIdentity',
    'aws:FederatedProvider',
    'aws:TokenIssueTime',
    'aws:CurrentTime',
    'aws:EpochTime',
    'aws:SourceIp',
    'aws:SecureTransport',
    'aws:SourceAccount',
    'aws:ResourceAccount',
    'aws:anything-new',
    'sts:ExternalId',
    'iam:PassedToService',
    'saml:sub',
    'ldap:username',
    'local:username',
    'login.example.com/realm:sub',
    'localhost:8443:sub',
    '127.0.0.1:20001:aud',
    'rolegate:Hosts',
    '__proto__',
    'no-colon',
  ])('cannot hold %s on the word of a resource server', async (key) => {
    const context = JSON.parse(`{${JSON.stringify(key)}: "x"}`) as object
    const answer = await answerTo(await about(house.session('Reader'), { context }))
    expect(answer).toMatchObject({ status: 400, code: 'ValidationError', path: `context.${key}` })
  })

  it('may hold tags of the resource and of the request', async () => {
    const context = { 'aws:ResourceTag/team': 'blue', 'aws:RequestTag/team': 'blue', 'aws:TagKeys': ['team'] }
    expect(await answerTo(await about(house.session('Reader'), { context }))).toMatchObject({
      decision: 'allowed',
    })
  })
})

describe('a client that cannot be believed', () => {
  const failures: readonly (readonly [string, string, (body: Body) => Body | Promise<Body>])[] = [
    ['signed for another server', 'SignatureDoesNotMatch', (b) => ({ ...b, hosts: ['other.example.test'] })],
    ['did not sign', 'MissingAuthenticationToken', (b) => withHeaders(b, [['host', reportsHost]])],
    ['signed another path', 'SignatureDoesNotMatch', (b) => withRequest(b, { path: '/2027/june' })],
    ['signed another method', 'SignatureDoesNotMatch', (b) => withRequest(b, { method: 'DELETE' })],
    ['signed another query', 'SignatureDoesNotMatch', (b) => withRequest(b, { query: 'all=1' })],
    ['signed another body', 'SignatureDoesNotMatch', (b) => withRequest(b, { payloadHash: 'a'.repeat(64) })],
    [
      'authenticated in two places',
      'IncompleteSignature',
      (b) => withRequest(b, { query: 'X-Amz-Signature=0' }),
    ],
  ]
  type Body = Awaited<ReturnType<typeof about>>
  const withRequest = (body: Body, parts: object): Body => ({
    ...body,
    request: { ...body.request, ...parts },
  })
  const withHeaders = (body: Body, headers: unknown): Body => withRequest(body, { headers })

  it.each(failures)('because it %s is an answer with %s', async (_why, code, change) => {
    const body = await change(await about(house.session('Reader')))
    const answer = await answerTo(body)
    expect(answer).toMatchObject({ status: 200, authenticated: false, code })
    expect(answer).not.toHaveProperty('identity')
  })

  it('is refused once its session is over, revoked, or its role gone', async () => {
    const client = house.session('Reader')
    const body = await about(client)
    house.revoked.add(client.accessKeyId)
    expect(await answerTo(body)).toMatchObject({ authenticated: false, code: 'ExpiredToken' })
    house.revoked.clear()
    house.clock.advance(3_600)
    expect(await answerTo(await about(client))).toMatchObject({ authenticated: false, code: 'ExpiredToken' })
    const other = await about(house.session('Office'))
    house.directory = directoryOf(sketches.filter(({ name }) => name !== 'Office'))
    expect(await answerTo(other)).toMatchObject({ authenticated: false, code: 'InvalidClientTokenId' })
  })

  it('is refused when it signed for STS', async () => {
    const signed = await house.signed(house.session('Reader'), { service: 'sts' })
    expect(await answerTo({ ...around, ...question, request: shown(signed) })).toMatchObject({
      authenticated: false,
      code: 'SignatureDoesNotMatch',
    })
  })

  it('has its body covered as the server read it, or as it declared', async () => {
    const signed = await house.signed(house.session('Reader'), { method: 'POST', body: '{"a":1}' })
    const request = shown(signed)
    const payloadHash = sha256Hex('{"a":1}')
    const body = { ...around, ...question }
    expect(await answerTo({ ...body, request: { ...request, payloadHash } })).toMatchObject({
      authenticated: true,
      payload: payloadHash,
    })
    expect(await answerTo({ ...body, request: { ...request, payloadHash: null } })).toMatchObject({
      authenticated: true,
      payload: payloadHash,
    })
    expect(
      await answerTo({ ...body, request: { ...request, payloadHash: sha256Hex('{"a":2}') } }),
    ).toMatchObject({
      authenticated: false,
    })
  })

  it('may leave its body unsigned only where the server allows it', async () => {
    const signed = await house.signed(house.session('Reader'), {
      method: 'POST',
      body: 'x',
      headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
    })
    const body = { ...around, ...question }
    expect(await answerTo({ ...body, request: shown(signed) })).toMatchObject({ authenticated: false })
    expect(
      await answerTo({ ...body, request: { ...shown(signed), allowUnsignedPayload: true } }),
    ).toMatchObject({ authenticated: true, payload: 'UNSIGNED-PAYLOAD' })
  })
})

describe('a resource server', () => {
  it('needs rolegate:Authorize for the service it speaks for', async () => {
    const body = await about(house.session('Reader'))
    expect(await answerTo(body, house.session('Reader'))).toMatchObject({ status: 403, code: 'AccessDenied' })
    expect(await answerTo({ ...body, service: 'payments' })).toMatchObject({
      status: 403,
      message: `User: arn:aws:sts::${homeAccount}:assumed-role/Server/ada is not authorized to perform: rolegate:Authorize on resource: arn:aws:rolegate::${homeAccount}:service/payments`,
    })
  })

  it('can be bound to its names', async () => {
    const body = { ...(await about(house.session('Reader'))), hosts: [reportsHost, 'bank.example.test'] }
    expect(await answerTo(body)).toMatchObject({ status: 403 })
  })

  it('is not believed without a signature of its own for rolegate', async () => {
    const body = JSON.stringify(await about(house.session('Reader')))
    const unsigned = await house.authorize.handle({
      method: 'POST',
      rawPath: '/v1/authorize',
      rawQuery: '',
      headers: [['host', ownHost]],
      body: Buffer.from(body),
      origin: { requestId: 'r', sourceIp: '192.0.2.1', userAgent: '', secure: true },
    })
    expect(unsigned.status).toBe(401)
    expect(unsigned.headers['www-authenticate']).toBe('AWS4-HMAC-SHA256')
    const forSts = await house.ask(body, house.session('Server'), { service: 'sts' })
    expect(forSts.status).toBe(401)
    const elsewhere = await house.ask(body, house.session('Server'), { host: reportsHost })
    expect(elsewhere.status).toBe(401)
  })

  it.each([
    ['', '[]', 'must be an object'],
    ['', '{', 'the body is not JSON in UTF-8'],
    ['service', { service: 'sts' }, 'is Rolegate itself'],
    ['service', { service: 'rolegate' }, 'is Rolegate itself'],
    ['hosts', { hosts: [] }, 'must be a list of 1 to 20'],
    ['hosts', { hosts: ['*'] }, 'must be host names'],
    ['sourceIp', { sourceIp: 'somewhere' }, 'must be an IP address'],
    ['action', { action: 'sts:AssumeRole' }, 'is an action of Rolegate itself'],
    ['action', { action: 'rolegate:Revoke' }, 'is an action of Rolegate itself'],
    ['action', { action: '*' }, 'must be an action'],
    ['resource', { resource: 'reports/x' }, 'must be an ARN'],
    ['resourceAccount', { resourceAccount: foreignAccount }, 'is not the account that the ARN names'],
    ['resourcePolcy', { resourcePolcy: {} }, 'is not known'],
    ['questions', { action: null, resource: null, questions: [] }, 'must be a list of 1 to 100'],
    ['action', { questions: [question] }, 'belongs into `questions`'],
    ['questions[0].action', { action: null, resource: null, questions: [{ resource: may }] }, 'is missing'],
    ['request', { request: null }, 'must be an object'],
    ['request.headers', { request: { method: 'GET', path: '/', headers: [['a', 1]] } }, 'must be pairs'],
    ['request.path', { request: { method: 'GET', path: 'x', headers: {} } }, 'must be a path'],
    ['request.url', { request: { method: 'GET', url: 'x' } }, 'must be an http or https URL'],
    [
      'request.payloadHash',
      { request: { method: 'GET', path: '/', payloadHash: 'X' } },
      'must be the SHA-256',
    ],
  ])('is told what is wrong with `%s` in %j', async (path, change, words) => {
    const body =
      typeof change === 'string'
        ? change
        : { ...(await about(house.session('Reader'))), ...(change as object) }
    const answer = await answerTo(body)
    expect(answer).toMatchObject({ status: 400, code: 'ValidationError', path })
    expect(answer['message']).toContain(words)
  })

  it('is told every problem of a resource policy with its place', async () => {
    const resourcePolicy = { Version: '2012-10-17', Statement: [{ Effect: 'Perhaps', Action: 'a:b' }] }
    const answer = await answerTo(await about(house.session('Reader'), { resourcePolicy }))
    expect(answer).toMatchObject({ status: 400, path: 'resourcePolicy' })
    const codes = (answer['problems'] as { code: string; path: string }[]).map(({ path }) => path)
    expect(codes).toContain('$.Statement[0].Effect')
  })

  it('reaches nothing by another method, and nothing is kept of an answer', async () => {
    const answer = await house.ask('', undefined, { method: 'PUT' })
    expect(answer.status).toBe(405)
    expect(answer.headers['cache-control']).toBe('no-store')
  })

  it('may ask again when the store or the record does not answer', async () => {
    const body = await about(house.session('Reader'))
    const server = house.session('Server')
    house.auditDown = true
    expect(await answerTo(body, server)).toMatchObject({ status: 503, code: 'ServiceUnavailable' })
    house.auditDown = false
    house.storeDown = true
    const answer = await house.ask(body, server)
    expect(answer.status).toBe(503)
    expect(answer.headers['retry-after']).toBe('1')
  })
})

describe('the record', () => {
  it('is a data event of the resource server with the client, the question and what decided it', async () => {
    const client = house.session('Reader', { sourceIdentity: 'ada' })
    await answerTo(await about(client))
    expect(house.events).toHaveLength(1)
    expect(house.events[0]).toMatchObject({
      eventSource: 'rolegate.amazonaws.com',
      eventName: 'Authorize',
      eventCategory: 'Data',
      managementEvent: false,
      readOnly: true,
      userIdentity: { type: 'AssumedRole', arn: `arn:aws:sts::${homeAccount}:assumed-role/Server/ada` },
      requestParameters: {
        service: 'reports',
        questions: [{ ...question, outcome: 'allowed', because: expect.stringContaining('`Given`') }],
      },
      additionalEventData: {
        client: {
          arn: `arn:aws:sts::${homeAccount}:assumed-role/Reader/ada`,
          accessKeyId: client.accessKeyId,
          sourceIdentity: 'ada',
          proven: true,
        },
      },
    })
  })

  it('holds refusals, and never a signature or a token', async () => {
    const client = house.session('Reader')
    const body = await about(client, { hosts: ['other.example.test'] })
    await answerTo(body)
    await answerTo({}, house.session('Server'))
    expect(house.events.map(({ errorCode }) => errorCode)).toEqual([
      'SignatureDoesNotMatch',
      'ValidationError',
    ])
    const text = JSON.stringify(house.events)
    expect(text).not.toContain(client.sessionToken)
    expect(text).not.toMatch(/Signature=/)
  })
})
