import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createPurposeBox } from '../../src/credentials/purpose-box.js'
import { createSessionCredentials } from '../../src/credentials/sealed-credentials.js'
import type { WireRoom } from '../../src/http/wire.js'
import { createRoleBroker } from '../../src/role/role-broker.js'
import { createClients, type Clients } from '../../src/sso/clients.js'
import { createCodeAuthorizations, sameLoopback, type CodeAuthorizations } from '../../src/sso/code-grants.js'
import { createDeviceAuthorizations, type DeviceAuthorizations } from '../../src/sso/device-grants.js'
import { createSsoRoom } from '../../src/sso/sso-room.js'
import { createTokens } from '../../src/sso/tokens.js'
import { createEmbeddedStore } from '../../src/store/embedded-store.js'
import type { ExpiringStore } from '../../src/store/expiring-store.js'
import { assertionOf } from '../support/assertion.js'
import { auditFile, type AuditFile } from '../support/audit-file.js'
import { testClock, type TestClock } from '../support/clock.js'
import { ringOf } from '../support/key-ring.js'
import { testOrigin } from '../support/origin.js'
import { directoryOf, homeAccount, trustsCorp } from '../support/roles.js'
import { nothingRevoked } from '../support/revocations.js'
import { keptLog, silentMetrics } from '../support/silent-log.js'

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code'
const redirectUri = 'http://127.0.0.1:49152/oauth/callback'
const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'

let folder: string
let clock: TestClock
let store: ExpiringStore
let records: AuditFile
let clients: Clients
let devices: DeviceAuthorizations
let codes: CodeAuthorizations
let room: WireRoom

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rolegate-sso-'))
  clock = testClock()
  const shared = { now: clock.now, random: randomBytes, randomUuid: randomUUID }
  store = await createEmbeddedStore({ directory: folder, now: clock.now })
  records = await auditFile(clock.now)
  const ring = await ringOf()
  const directory = directoryOf([
    { name: 'Developer', trust: trustsCorp(homeAccount) },
    { name: 'Reader', trust: trustsCorp(homeAccount), account: homeAccount },
    { name: 'Refused', trust: trustsCorp(homeAccount, { Bool: { 'aws:MultiFactorAuthPresent': 'true' } }) },
  ])
  const broker = createRoleBroker({
    ...shared,
    directory: () => directory,
    limits: () => ({ maxSessionSeconds: 129_600, chainedMaxSessionSeconds: 3600, maxChainLength: 10 }),
    credentials: createSessionCredentials(ring, { random: randomBytes }),
    audit: records.audit,
    metrics: silentMetrics,
  })
  clients = createClients({
    ids: createPurposeBox(ring, 'ids'),
    secrets: createPurposeBox(ring, 'secrets'),
    now: clock.now,
  })
  devices = createDeviceAuthorizations({ ...shared, store })
  codes = createCodeAuthorizations({ ...shared, store, clients })
  room = createSsoRoom({
    ...shared,
    clients,
    devices,
    codes,
    tokens: createTokens({ ...shared, store, revocations: nothingRevoked }),
    revocations: nothingRevoked,
    broker,
    directory: () => directory,
    audit: records.audit,
    log: keptLog(),
    settings: () => ({ publicUrl: 'https://rolegate.example.test', cliSeconds: 8 * 3600 }),
  })
})
afterEach(async () => {
  await records.close()
  await store.close()
  await rm(folder, { recursive: true, force: true })
})

async function call(method: string, path: string, body?: unknown, token?: string) {
  const [rawPath = '', rawQuery = ''] = path.split('?')
  const response = await room.handle({
    method,
    rawPath,
    rawQuery,
    headers: token === undefined ? [] : [['x-amz-sso_bearer_token', token]],
    body: Buffer.from(body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)),
    origin: testOrigin,
  })
  return {
    status: response.status,
    shape: response.headers['x-amzn-errortype'],
    value: (response.body === '' ? undefined : JSON.parse(response.body)) as Record<string, string>,
  }
}

async function register(overrides: Record<string, unknown> = {}) {
  const { value } = await call('POST', '/client/register', {
    clientName: 'test client',
    clientType: 'public',
    scopes: ['sso:account:access'],
    redirectUris: ['http://127.0.0.1/oauth/callback'],
    grantTypes: ['authorization_code', 'refresh_token', deviceGrant],
    ...overrides,
  })
  return { clientId: value['clientId']!, clientSecret: value['clientSecret']! }
}

async function loggedIn(): Promise<{
  client: Awaited<ReturnType<typeof register>>
  token: Record<string, string>
}> {
  const client = await register()
  const started = await call('POST', '/device_authorization', { ...client, startUrl: 'https://x.test/start' })
  await devices.approve(started.value['userCode']!, assertionOf())
  const { value } = await call('POST', '/token', {
    ...client,
    grantType: deviceGrant,
    deviceCode: started.value['deviceCode'],
  })
  return { client, token: value }
}

describe('the device authorization grant (RFC 8628)', () => {
  it('is pending until a person decides, then gives one token once', async () => {
    const client = await register()
    const { value: device } = await call('POST', '/device_authorization', {
      ...client,
      startUrl: 'https://x.test',
    })
    expect(device['userCode']).toMatch(/^[A-HJ-NP-Z2-9]{4}-[A-HJ-NP-Z2-9]{4}$/)
    expect(device['verificationUriComplete']).toBe(
      `https://rolegate.example.test/device?user_code=${device['userCode']}`,
    )
    const poll = () =>
      call('POST', '/token', { ...client, grantType: deviceGrant, deviceCode: device['deviceCode'] })
    expect(await poll()).toMatchObject({ status: 400, shape: 'AuthorizationPendingException' })
    expect(await poll()).toMatchObject({ status: 400, shape: 'SlowDownException' })
    expect(await devices.find(device['userCode']!.toLowerCase().replace('-', ' '))).toMatchObject({
      clientName: 'test client',
      sourceIp: testOrigin.sourceIp,
    })
    expect(await devices.approve(device['userCode']!, assertionOf())).toBe(true)
    expect(await devices.deny(device['userCode']!)).toBe(false)
    const answers = await Promise.all([poll(), poll(), poll()])
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(await poll()).toMatchObject({ shape: 'ExpiredTokenException' })
  })

  it('ends when a person denies, when time passes, and for another client', async () => {
    const client = await register()
    const start = async () =>
      (await call('POST', '/device_authorization', { ...client, startUrl: 'https://x.test' })).value
    const denied = await start()
    await devices.deny(denied['userCode']!)
    const poll = (device: Record<string, string>, by = client) =>
      call('POST', '/token', { ...by, grantType: deviceGrant, deviceCode: device['deviceCode'] })
    expect(await poll(denied)).toMatchObject({ shape: 'AccessDeniedException' })
    const stolen = await start()
    expect(await poll(stolen, await register({ clientName: 'thief' }))).toMatchObject({
      shape: 'ExpiredTokenException',
    })
    const late = await start()
    clock.advance(601)
    expect(await poll(late)).toMatchObject({ shape: 'ExpiredTokenException' })
    expect(await devices.approve(late['userCode']!, assertionOf())).toBe(false)
  })
})

describe('authorization code with PKCE (RFC 7636)', () => {
  const query = (client: { clientId: string }, overrides: Record<string, string> = {}) =>
    new URLSearchParams({
      response_type: 'code',
      client_id: client.clientId,
      redirect_uri: redirectUri,
      state: 'xyz',
      code_challenge_method: 'S256',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      scopes: 'sso:account:access',
      ...overrides,
    })

  it('redirects to the loopback port of the moment and redeems the code once', async () => {
    const client = await register()
    const asked = await codes.parse(query(client))
    if ('problem' in asked) throw new Error(asked.problem)
    const location = await codes.approve(asked, assertionOf())
    expect(location.origin).toBe('http://127.0.0.1:49152')
    expect(location.searchParams.get('state')).toBe('xyz')
    const redeem = (codeVerifier: string) =>
      call('POST', '/token', {
        ...client,
        grantType: 'authorization_code',
        code: location.searchParams.get('code'),
        codeVerifier,
        redirectUri,
      })
    expect(await redeem(verifier)).toMatchObject({ status: 200 })
    expect(await redeem(verifier)).toMatchObject({ shape: 'InvalidGrantException' })
  })

  it.each([
    ['a wrong verifier', { codeVerifier: 'x'.repeat(64) }],
    ['another redirect address', { redirectUri: 'http://127.0.0.1:1/oauth/callback' }],
  ])('refuses %s', async (_, wrong) => {
    const client = await register()
    const asked = await codes.parse(query(client))
    if ('problem' in asked) throw new Error(asked.problem)
    const location = await codes.approve(asked, assertionOf())
    const answer = await call('POST', '/token', {
      ...client,
      grantType: 'authorization_code',
      code: location.searchParams.get('code'),
      codeVerifier: verifier,
      redirectUri,
      ...wrong,
    })
    expect(answer).toMatchObject({ status: 400, shape: 'InvalidGrantException' })
  })

  it.each<[string, Record<string, string>]>([
    ['an unknown client', { client_id: 'AAAA' }],
    ['a plain challenge', { code_challenge_method: 'plain' }],
    ['another path', { redirect_uri: 'http://127.0.0.1:49152/other' }],
    ['another host', { redirect_uri: 'http://127.0.0.1.evil.test/oauth/callback' }],
    ['localhost by name', { redirect_uri: 'http://localhost:49152/oauth/callback' }],
    ['no state', { state: '' }],
    ['the implicit grant', { response_type: 'token' }],
  ])('refuses %s on our own page', async (_, overrides) => {
    expect(await codes.parse(query(await register(), overrides))).toHaveProperty('problem')
  })

  it('ignores only the port of a loopback redirect', () => {
    const registered = 'http://127.0.0.1/oauth/callback'
    expect(sameLoopback(registered, 'http://127.0.0.1:5/oauth/callback')).toBe(true)
    for (const other of [
      'https://127.0.0.1:5/oauth/callback',
      'http://user@127.0.0.1:5/oauth/callback',
      'http://127.0.0.1:5/oauth/callback#x',
      'http://127.0.0.1:5/oauth/callback?x=1',
      'http://[::1]:5/oauth/callback',
    ]) {
      expect(sameLoopback(registered, other)).toBe(false)
    }
  })
})

describe('a token', () => {
  it('lists accounts and roles, and gives credentials for exactly those', async () => {
    const { token } = await loggedIn()
    const accounts = await call('GET', '/assignment/accounts', undefined, token['accessToken'])
    expect(accounts.value).toMatchObject({ nextToken: null, accountList: [{ accountId: homeAccount }] })
    const first = await call(
      'GET',
      `/assignment/roles?account_id=${homeAccount}&max_result=1`,
      undefined,
      token['accessToken'],
    )
    expect(first.value).toMatchObject({ nextToken: '1', roleList: [{ roleName: 'Developer' }] })
    const rest = await call(
      'GET',
      `/assignment/roles?account_id=${homeAccount}&next_token=1`,
      undefined,
      token['accessToken'],
    )
    expect(rest.value).toMatchObject({ nextToken: null, roleList: [{ roleName: 'Reader' }] })
    const credentials = (role: string) =>
      call(
        'GET',
        `/federation/credentials?account_id=${homeAccount}&role_name=${role}`,
        undefined,
        token['accessToken'],
      )
    expect((await credentials('Developer')).value).toMatchObject({
      roleCredentials: { accessKeyId: expect.stringMatching(/^ASIA/), expiration: expect.any(Number) },
    })
    const refused = await credentials('Refused')
    const unknown = await credentials('Nowhere')
    expect(refused).toMatchObject({
      status: 403,
      shape: 'ForbiddenException',
      value: { message: 'No access' },
    })
    expect(unknown).toEqual(refused)
  })

  it('is refreshed once per refresh token and ends at logout', async () => {
    const { client, token } = await loggedIn()
    const refresh = () =>
      call('POST', '/token', { ...client, grantType: 'refresh_token', refreshToken: token['refreshToken'] })
    const renewed = await refresh()
    expect(renewed.status).toBe(200)
    expect(await refresh()).toMatchObject({ shape: 'InvalidGrantException' })
    expect((await call('POST', '/logout', undefined, renewed.value['accessToken'])).status).toBe(200)
    expect(await call('GET', '/v1/identity', undefined, renewed.value['accessToken'])).toMatchObject({
      status: 401,
      shape: 'UnauthorizedException',
    })
  })

  it('leaves nothing usable behind at logout, the refresh token included', async () => {
    const { client, token } = await loggedIn()
    const refresh = (refreshToken: string) =>
      call('POST', '/token', { ...client, grantType: 'refresh_token', refreshToken })
    const { value: renewed } = await refresh(token['refreshToken']!)
    expect((await call('POST', '/logout', undefined, token['accessToken'])).status).toBe(200)
    expect(await refresh(renewed['refreshToken']!)).toMatchObject({ shape: 'InvalidGrantException' })
    expect((await call('GET', '/v1/identity', undefined, renewed['accessToken'])).status).toBe(401)
  })

  it('ends one login and not the others of the same person', async () => {
    const [one, other] = [await loggedIn(), await loggedIn()]
    await call('POST', '/logout', undefined, one.token['accessToken'])
    expect((await call('GET', '/v1/identity', undefined, other.token['accessToken'])).status).toBe(200)
  })

  it('ends the whole login when a refresh token comes back later: somebody has stolen it', async () => {
    const { client, token } = await loggedIn()
    const refresh = (refreshToken: string | undefined) =>
      call('POST', '/token', { ...client, grantType: 'refresh_token', refreshToken })
    const renewed = await refresh(token['refreshToken'])
    await refresh(token['refreshToken'])
    const whoami = () => call('GET', '/v1/identity', undefined, renewed.value['accessToken'])
    expect(await whoami()).toMatchObject({ status: 200 })
    clock.advance(11)
    expect(await refresh(token['refreshToken'])).toMatchObject({ shape: 'InvalidGrantException' })
    expect(await whoami()).toMatchObject({ status: 401 })
    expect(await refresh(renewed.value['refreshToken'])).toMatchObject({ shape: 'InvalidGrantException' })
  })

  it('stands for the login time only, however often it is refreshed', async () => {
    const { client, token } = await loggedIn()
    clock.advance(8 * 3600 + 1)
    expect(
      await call('POST', '/token', {
        ...client,
        grantType: 'refresh_token',
        refreshToken: token['refreshToken'],
      }),
    ).toMatchObject({ shape: 'InvalidGrantException' })
  })

  it('leaves a record of the login without any secret', async () => {
    const { client, token } = await loggedIn()
    const [event] = await records.events()
    expect(event).toMatchObject({
      eventName: 'CreateToken',
      requestParameters: { clientName: 'test client' },
    })
    for (const secret of [token['accessToken']!, token['refreshToken']!, client.clientSecret]) {
      expect(await records.text()).not.toContain(secret)
    }
  })
})

describe('a program that registered for one grant only', () => {
  it('cannot use another', async () => {
    const client = await register({ grantTypes: ['authorization_code'] })
    const device = { ...client, startUrl: 'https://x.test/start' }
    expect(await call('POST', '/device_authorization', device)).toMatchObject({
      status: 400,
      shape: 'UnauthorizedClientException',
    })
    for (const [grantType, proof] of [
      [deviceGrant, { deviceCode: 'any' }],
      ['refresh_token', { refreshToken: 'any' }],
    ] as const) {
      expect(await call('POST', '/token', { ...client, grantType, ...proof })).toMatchObject({
        shape: 'UnauthorizedClientException',
      })
    }
  })
})

describe('bad input', () => {
  it.each<[string, string, string, unknown, string]>([
    ['a body that is not JSON', 'POST', '/client/register', '{', 'InvalidRequestException'],
    ['a list for a body', 'POST', '/client/register', [], 'InvalidRequestException'],
    ['a name that is a number', 'POST', '/client/register', { clientName: 5 }, 'InvalidRequestException'],
    [
      'a confidential client',
      'POST',
      '/client/register',
      { clientName: 'x', clientType: 'confidential' },
      'InvalidClientMetadataException',
    ],
    [
      'a redirect elsewhere',
      'POST',
      '/client/register',
      { clientName: 'x', clientType: 'public', redirectUris: ['https://evil.test/'] },
      'InvalidRedirectUriException',
    ],
    ['prototype keys', 'POST', '/token', '{"__proto__":{"clientId":"x"}}', 'InvalidRequestException'],
    [
      'a forged client',
      'POST',
      '/token',
      { clientId: 'x', clientSecret: 'y', grantType: 'z' },
      'InvalidClientException',
    ],
    ['no token', 'GET', '/assignment/accounts', undefined, 'UnauthorizedException'],
  ])('%s is refused by name', async (_, method, path, body, shape) => {
    expect(await call(method, path, body)).toMatchObject({ shape })
  })

  it('a secret of another client is refused', async () => {
    const one = await register()
    const other = await register({ clientName: 'other' })
    expect(
      await call('POST', '/device_authorization', {
        clientId: one.clientId,
        clientSecret: other.clientSecret,
        startUrl: 'x',
      }),
    ).toMatchObject({ status: 401, shape: 'InvalidClientException' })
  })
})
