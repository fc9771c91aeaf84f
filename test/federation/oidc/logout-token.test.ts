import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { IdentityProvider } from '../../../src/federation/assertion.js'
import { createOidcProvider } from '../../../src/federation/oidc/provider.js'
import { createEmbeddedStore } from '../../../src/store/embedded-store.js'
import type { ExpiringStore } from '../../../src/store/expiring-store.js'
import { testClock } from '../../support/clock.js'
import { oidcSettings } from '../../support/oidc-provider.js'
import { keptLog } from '../../support/silent-log.js'
import { startHostileIssuer, type HostileIssuer, type Members, type TokenParts } from './hostile-issuer.js'
import { fill } from './placeholders.js'

interface Row extends TokenParts {
  readonly name: string
  readonly reason: string
}

const rows = JSON.parse(
  readFileSync(new URL('fixtures/hostile-logout-tokens.json', import.meta.url), 'utf8'),
) as readonly Row[]

const event = 'http://schemas.openid.net/event/backchannel-logout'
const directory = mkdtempSync(join(tmpdir(), 'rolegate-logout-'))
const clock = testClock()

describe('a logout token (OpenID Connect Back-Channel Logout 1.0)', () => {
  let issuer: HostileIssuer
  let store: ExpiringStore
  let provider: IdentityProvider
  let made = 0
  beforeAll(async () => {
    issuer = await startHostileIssuer(clock.now)
    store = await createEmbeddedStore({ directory, now: clock.now })
    provider = providerAt(store)
  })
  afterAll(async () => {
    await issuer.close()
    await store.close()
    rmSync(directory, { recursive: true, force: true })
  })

  function providerAt(at: ExpiringStore, now = clock.now): IdentityProvider {
    const client = {
      id: 'rolegate',
      redirectUri: 'http://127.0.0.1:8080/signin/corp/callback',
      scopes: ['openid'],
      userinfo: false,
    }
    const settings = oidcSettings(issuer.issuer, { client })
    return createOidcProvider(settings, { now, log: keptLog(), store: at })
  }

  function tokenOf(parts: TokenParts = {}): string {
    const { header, claims, ...others } = parts
    made += 1
    return issuer.sign({
      ...others,
      header: { typ: 'logout+jwt', ...header },
      claims: {
        aud: 'rolegate',
        sub: 'ada',
        sid: 's-1',
        jti: `t-${made}`,
        events: { [event]: {} },
        ...claims,
      },
    })
  }
  const verify = (token: string, at = provider) => at.logoutToken!.verify(token)

  it('names who signed out, where and when', async () => {
    expect(await verify(tokenOf())).toEqual({
      issuer: issuer.issuer,
      subject: 'ada',
      providerSession: 's-1',
      issuedAt: new Date(Math.floor(clock.now().getTime() / 1000) * 1000),
    })
  })

  it.each<[string, TokenParts, Members]>([
    ['only a subject', { omit: ['sid'] }, { subject: 'ada' }],
    ['only a session', { omit: ['sub'] }, { providerSession: 's-1' }],
    ['no typ', { omit: ['typ'] }, {}],
    ['typ JWT, as before the type was registered', { header: { typ: 'JWT' } }, {}],
    ['typ application/logout+jwt', { header: { typ: 'application/logout+JWT' } }, {}],
    ['typ Logout among the claims, as Keycloak writes it', { claims: { typ: 'Logout' } }, {}],
    ['an event with content', { claims: { events: { [event]: { reason: 'x' } } } }, {}],
    ['another event besides', { claims: { events: { [event]: {}, 'https://example.com/e': {} } } }, {}],
    ['a list of audiences', { claims: { aud: ['rolegate'] } }, {}],
    ['an elliptic curve key', { key: 'ec' }, {}],
    ['an age of nine minutes', { claims: { iat: Math.floor(clock.now().getTime() / 1000) - 540 } }, {}],
  ])('is taken with %s', async (_what, parts, expected) => {
    const loggedOut = await verify(tokenOf(parts))
    expect(loggedOut).toMatchObject(expected)
    expect('subject' in loggedOut).toBe(!parts.omit?.includes('sub'))
    expect('providerSession' in loggedOut).toBe(!parts.omit?.includes('sid'))
  })

  it.each(rows.map((row) => [row.name, row] as const))('OIDC-24 is refused with %s', async (_name, row) => {
    const seconds = Math.floor(clock.now().getTime() / 1000)
    const { header, claims, ...others } = row
    const filled = (members: Members = {}) => fill(members, seconds, { issuer: issuer.issuer }) as Members
    const token = tokenOf({ ...others, header: filled(header), claims: filled(claims) })
    await expect(verify(token)).rejects.toMatchObject({
      name: 'Fault',
      code: 'InvalidAssertion',
      reason: row.reason,
      message: 'the logout token could not be verified',
    })
  })

  it.each(['', 'x', 'a.b.c', 'x'.repeat(30_000)])('is refused when it is none: %.10s', async (token) => {
    await expect(verify(token)).rejects.toMatchObject({ code: 'InvalidAssertion' })
  })

  it('OIDC-24 counts once, at every replica, also of several at the same time', async () => {
    const token = tokenOf()
    const other = providerAt(store)
    const outcomes = await Promise.allSettled([verify(token), verify(token, other), verify(token)])
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    await expect(verify(token, other)).rejects.toMatchObject({ reason: 'oidc:logout' })
  })

  it('does not count when it was refused for something else', async () => {
    const jti = 'used by a refused one'
    await expect(verify(tokenOf({ claims: { jti, nonce: 'n' } }))).rejects.toMatchObject({
      reason: 'oidc:logout',
    })
    await expect(verify(tokenOf({ claims: { jti } }))).resolves.toMatchObject({ subject: 'ada' })
  })

  it('is refused for as long as it could come back', async () => {
    const later = testClock()
    const own = await createEmbeddedStore({ directory: join(directory, 'later'), now: later.now })
    const lasting = providerAt(own, later.now)
    const seconds = Math.floor(later.now().getTime() / 1000)
    const token = tokenOf({ claims: { exp: seconds + 86_400 } })
    await verify(token, lasting)
    for (const advance of [300, 359, 1, 1, 600]) {
      later.advance(advance)
      await expect(verify(token, lasting)).rejects.toMatchObject({ code: 'InvalidAssertion' })
    }
    await own.close()
  })

  it('is not taken while single use cannot be kept, and can be sent again', async () => {
    const closed = await createEmbeddedStore({ directory: join(directory, 'closed'), now: clock.now })
    await closed.close()
    const token = tokenOf()
    await expect(verify(token, providerAt(closed))).rejects.toMatchObject({ code: 'StoreUnavailable' })
    await expect(verify(token)).resolves.toMatchObject({ subject: 'ada' })
  })

  it('is no ID token, and an ID token is no logout token', async () => {
    await expect(provider.token!.verify(tokenOf())).rejects.toMatchObject({ reason: 'jwt:typ' })
    const plain = tokenOf({ header: { typ: 'JWT' } })
    await expect(provider.token!.verify(plain)).rejects.toMatchObject({ reason: 'jwt:typ' })
    const idToken = issuer.sign({ claims: { aud: 'rolegate', sub: 'ada', sid: 's-1', jti: 'id' } })
    await expect(verify(idToken)).rejects.toMatchObject({ reason: 'oidc:logout' })
  })

  it('is only taken where people sign in', () => {
    const deps = { now: clock.now, log: keptLog(), store }
    expect(createOidcProvider(oidcSettings(issuer.issuer), deps).logoutToken).toBeUndefined()
  })
})
