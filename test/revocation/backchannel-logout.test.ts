import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { Fault } from '../../src/fault.js'
import type { IdentityProvider } from '../../src/federation/assertion.js'
import { createOidcProvider } from '../../src/federation/oidc/provider.js'
import { createHotServer, type HotServer } from '../../src/http/hot-server.js'
import { createBackchannelLogoutRoom } from '../../src/portal/backchannel-logout.js'
import { createSignInSessions, type SignInSessions } from '../../src/session/sign-in-session.js'
import { createTokens, type Tokens } from '../../src/sso/tokens.js'
import { createEmbeddedStore } from '../../src/store/embedded-store.js'
import type { Feed } from '../../src/store/feed.js'
import type { Store } from '../../src/store/store.js'
import { assertionOf } from '../support/assertion.js'
import { auditFile, type AuditFile } from '../support/audit-file.js'
import { oidcSettings } from '../support/oidc-provider.js'
import { roleSessionOf } from '../support/sessions.js'
import { keptLog, silentMetrics } from '../support/silent-log.js'
import { startLogoutProvider, type LogoutProvider } from './logout-provider.js'
import { replicaOn, type Replica } from './replica.js'

const now = () => new Date()
const log = keptLog()
let folder: string
let store: Store
let feedDown = false
let replica: Replica
let audit: AuditFile
let server: HotServer
let url: string
let issuer: LogoutProvider
let provider: IdentityProvider
let sessions: SignInSessions
let tokens: Tokens

beforeAll(async () => {
  // The provider's notices about this machine are no result of the test.
  jest.spyOn(console, 'warn').mockImplementation(() => undefined)
  folder = await mkdtemp(join(tmpdir(), 'rolegate-logout-'))
  store = await createEmbeddedStore({ directory: folder, now })
  const feed: Feed = {
    ...store.feed,
    append: (...given) =>
      feedDown ? Promise.reject(new Fault('StoreUnavailable', 'down')) : store.feed.append(...given),
  }
  replica = await replicaOn(feed)
  audit = await auditFile(now)
  const { revocations } = replica
  sessions = createSignInSessions({ store, now, random: randomBytes, revocations })
  tokens = createTokens({ store, now, random: randomBytes, revocations })
  server = createHotServer({
    rooms: [
      createBackchannelLogoutRoom({
        providers: () => [provider, { ...provider, name: 'workloads', logoutToken: undefined } as never],
        revocations,
        audit: audit.audit,
        log,
        now,
        randomUuid: randomUUID,
      }),
    ],
    application: (_request, response) => void response.writeHead(418).end(),
    trustedProxies: [],
    log,
    metrics: silentMetrics,
  })
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 })
  url = `http://127.0.0.1:${port}/signin/corp/backchannel-logout`
  issuer = await startLogoutProvider(url)
  const client = {
    id: 'rolegate',
    redirectUri: 'http://127.0.0.1:8080/signin/corp/callback',
    scopes: ['openid'],
    userinfo: false,
  }
  provider = createOidcProvider(oidcSettings(issuer.issuer, { client }), { now, log, store })
})
afterAll(async () => {
  await issuer.close()
  await server.close(1_000)
  await provider.close()
  await replica.close()
  await audit.close()
  await store.close()
  await rm(folder, { recursive: true, force: true })
})

/** Somebody who signed in a minute ago, in the portal, on a command line, and with a role's session. */
async function somebody(subject: string, providerSession: string) {
  const authenticatedAt = new Date(Date.now() - 60_000)
  const who = { issuer: issuer.issuer, subject, providerSession }
  const assertion = assertionOf({ ...who, kind: 'oidc', authenticatedAt })
  const { cookie } = await sessions.begin(assertion, 3_600)
  const holder = { assertion, loginEndsAt: new Date(Date.now() + 3_600_000), client: 'c' }
  const { accessToken, refreshToken } = await tokens.issue(holder, { refreshable: true })
  const provider = 'arn:aws:iam::111122223333:oidc-provider/idp'
  const session = roleSessionOf({ issuedAt: now(), origin: { ...who, provider, startedAt: authenticatedAt } })
  return {
    alive: async () => [
      (await sessions.find(cookie)) !== undefined,
      (await tokens.holder(accessToken)) !== undefined,
      !replica.revocations.ends(session),
    ],
    refresh: () => tokens.redeem(refreshToken ?? ''),
  }
}
const all = [true, true, true]
const none = [false, false, false]

async function post(body: string, headers: Readonly<Record<string, string>> = {}, to = url) {
  const type = { 'content-type': 'application/x-www-form-urlencoded' }
  const response = await fetch(to, { method: 'POST', headers: { ...type, ...headers }, body })
  return { status: response.status, cache: response.headers.get('cache-control'), body: await response.text() } // prettier-ignore
}

describe('a real provider that says somebody signed out', () => {
  it('ends that session of the provider everywhere, and no other', async () => {
    const [here, elsewhere] = [await somebody('ada', 'sid-1'), await somebody('ada', 'sid-2')]
    expect([await here.alive(), await elsewhere.alive()]).toEqual([all, all])
    await issuer.signedOut('ada', 'sid-1')
    expect([await here.alive(), await elsewhere.alive()]).toEqual([none, all])
    expect(await here.refresh()).toBeUndefined()
    expect((await audit.events()).at(-1)).toMatchObject({
      eventName: 'BackChannelLogout',
      userIdentity: { type: 'WebIdentityUser', userName: 'ada', identityProvider: issuer.issuer },
      requestParameters: { issuer: issuer.issuer, providerSession: 'sid-1' },
      responseElements: { Logout: 'Success' },
      additionalEventData: { provider: 'corp' },
    })
  })

  it('without naming a session ends all of the person, and nobody else’s', async () => {
    const [first, second] = [await somebody('grace', 'g-1'), await somebody('grace', 'g-2')]
    const other = await somebody('linus', 'l-1')
    await issuer.signedOut('grace')
    expect(await Promise.all([first, second, other].map((each) => each.alive()))).toEqual([none, none, all])
  })

  it('is told that it failed when the others could not hear of it; here it is over', async () => {
    const here = await somebody('barbara', 'b-1')
    feedDown = true
    await expect(issuer.signedOut('barbara', 'b-1')).rejects.toThrow('400')
    feedDown = false
    expect(await here.alive()).toEqual(none)
    expect(log.lines.map(({ event }) => event)).toContain('logout.failed')
    expect((await audit.events()).at(-1)).toMatchObject({ errorCode: 'temporarily_unavailable' })
  })
})

describe('what is no logout', () => {
  it.each([
    ['nothing', '', {}],
    ['no token', 'logout_token=', {}],
    ['garbage', 'logout_token=abc', {}],
    ['two tokens', 'logout_token=a&logout_token=b', {}],
    ['a broken form', 'logout_token=%zz', {}],
    ['JSON', '{"logout_token":"a"}', { 'content-type': 'application/json' }],
    ['an unsigned token', `logout_token=${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.`, {}],
  ])('is refused and ends nothing: %s', async (_what, body, headers) => {
    const before = replica.revocations.inForce().length
    const answer = await post(body, headers)
    expect([answer.status, answer.cache, JSON.parse(answer.body)]).toEqual([
      400,
      'no-store',
      { error: 'invalid_request' },
    ])
    expect(replica.revocations.inForce()).toHaveLength(before)
    expect((await audit.events()).at(-1)).toMatchObject({ responseElements: { Logout: 'Failure' } })
  })

  it('is answered by status alone elsewhere', async () => {
    expect((await post('x', {}, url.replace('corp', 'nobody'))).status).toBe(404)
    expect((await post('x', {}, url.replace('corp', 'workloads'))).status).toBe(404)
    expect((await fetch(url)).status).toBe(405)
    expect((await post('x'.repeat(70_000))).status).toBe(413)
    expect((await post('x', {}, `${url}/more`)).status).toBe(418)
  })
})
