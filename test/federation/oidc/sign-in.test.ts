import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createServer } from 'node:net'
import { createOidcProvider } from '../../../src/federation/oidc/provider.js'
import type {
  Arrival,
  Assertion,
  IdentityProvider,
  PendingSignIn,
} from '../../../src/federation/assertion.js'
import { testClock } from '../../support/clock.js'
import { keptLog } from '../../support/silent-log.js'
import {
  createTestBrowser,
  startOidcProvider,
  type TestBrowser,
  type TestOidcProvider,
} from '../../support/oidc-provider.js'

const deps = { now: () => new Date(), log: keptLog() }

interface Walk {
  readonly arrival: Arrival
  readonly pending: PendingSignIn
}

describe('OpenID Connect sign-in through the pages of a real provider', () => {
  let corp: TestOidcProvider
  let partner: TestOidcProvider
  beforeAll(async () => {
    corp = await startOidcProvider({ name: 'corp' })
    partner = await startOidcProvider({ name: 'partner' })
  })
  afterAll(() => Promise.all([corp.close(), partner.close()]))

  async function walk(
    provider: IdentityProvider,
    op: TestOidcProvider,
    username: string,
    browser: TestBrowser = createTestBrowser(),
  ): Promise<Walk> {
    const { departure, pending } = await provider.redirect!.begin()
    if (departure.type !== 'redirect') throw new Error('not a redirect')
    const { redirectUri } = op.settings().client!
    const back = await browser.signIn(departure.location, username, op.person(username).password, redirectUri)
    return { arrival: { method: 'GET', rawQuery: back.search.slice(1), rawBody: '' }, pending }
  }

  async function signIn(op: TestOidcProvider, username: string, userinfo = false): Promise<Assertion> {
    const settings = op.settings()
    const provider = createOidcProvider({ ...settings, client: { ...settings.client!, userinfo } }, deps)
    const { arrival, pending } = await walk(provider, op, username)
    return provider.redirect!.complete(arrival, pending)
  }

  it('says who somebody is, with groups, department and both factors as condition keys', async () => {
    const assertion = await signIn(corp, 'ada')
    const prefix = corp.issuer.slice('http://'.length)

    expect(assertion).toMatchObject({
      provider: 'corp',
      kind: 'oidc',
      issuer: corp.issuer,
      subject: 'ada',
      audience: 'rolegate',
      username: 'ada',
      displayName: 'Ada Lovelace',
      email: 'ada@demo.example',
      groups: ['platform-admins', 'developers'],
      multiFactor: true,
    })
    expect(Object.fromEntries(assertion.conditionKeys)).toMatchObject({
      [`${prefix}:sub`]: 'ada',
      [`${prefix}:aud`]: 'rolegate',
      [`${prefix}:groups`]: ['platform-admins', 'developers'],
      [`${prefix}:department`]: 'Engineering',
      [`${prefix}:email`]: 'ada@demo.example',
      [`${prefix}:amr`]: ['pwd', 'otp', 'mfa'],
    })
  })

  it('asks userinfo when told to, and does not call one password two factors', async () => {
    const assertion = await signIn(corp, 'alan', true)
    expect(assertion).toMatchObject({ subject: 'alan', groups: ['auditors'], multiFactor: false })
  })

  it('lets somebody else sign in with the same browser', async () => {
    const provider = createOidcProvider(corp.settings(), deps)
    const browser = createTestBrowser()
    for (const username of ['ada', 'grace']) {
      const { arrival, pending } = await walk(provider, corp, username, browser)
      await expect(provider.redirect!.complete(arrival, pending)).resolves.toMatchObject({ username })
    }
  })

  it('OIDC-05 spends a code once, also when it comes twice at the same time', async () => {
    const provider = createOidcProvider(corp.settings(), deps)
    const { arrival, pending } = await walk(provider, corp, 'ada')
    const twice = [1, 2].map(() => provider.redirect!.complete(arrival, pending))
    const outcomes = (await Promise.allSettled(twice)).map(({ status }) => status).sort()
    expect(outcomes[1]).toBe('rejected')
    await expect(provider.redirect!.complete(arrival, pending)).rejects.toMatchObject({
      code: 'ProviderRejected',
      reason: 'oidc:token-endpoint',
    })
  })

  it('OIDC-02 refuses the callback of another browser', async () => {
    const provider = createOidcProvider(corp.settings(), deps)
    const victim = await walk(provider, corp, 'ada')
    const attacker = await walk(provider, corp, 'edsger')
    await expect(provider.redirect!.complete(attacker.arrival, victim.pending)).rejects.toMatchObject({
      code: 'InvalidAssertion',
      reason: 'oidc:state',
    })
  })

  it('OIDC-03 refuses a stolen code under our own state, since the verifier is not its own', async () => {
    const provider = createOidcProvider(corp.settings(), deps)
    const victim = await walk(provider, corp, 'ada')
    const attacker = await walk(provider, corp, 'edsger')
    const query = new URLSearchParams(victim.arrival.rawQuery)
    query.set('state', attacker.pending.id)
    const arrival: Arrival = { method: 'GET', rawQuery: query.toString(), rawBody: '' }
    await expect(provider.redirect!.complete(arrival, attacker.pending)).rejects.toMatchObject({
      code: 'ProviderRejected',
    })
  })

  it('OIDC-07 does not end at one provider what began at another', async () => {
    const ours = createOidcProvider(corp.settings(), deps)
    const theirs = createOidcProvider(partner.settings(), deps)
    const there = await walk(theirs, partner, 'ada')
    const here = await walk(ours, corp, 'ada')

    await expect(ours.redirect!.complete(there.arrival, there.pending)).rejects.toMatchObject({
      reason: 'oidc:state',
    })
    const mixed = new URLSearchParams(there.arrival.rawQuery)
    mixed.set('state', here.pending.id)
    const arrival: Arrival = { method: 'GET', rawQuery: mixed.toString(), rawBody: '' }
    await expect(ours.redirect!.complete(arrival, here.pending)).rejects.toMatchObject({
      reason: 'oidc:iss-param',
    })
    await expect(theirs.redirect!.complete(there.arrival, there.pending)).resolves.toMatchObject({
      provider: 'partner',
      issuer: partner.issuer,
    })
  })

  it('OIDC-04 is refused by the provider without the challenge', async () => {
    const { departure } = await createOidcProvider(corp.settings(), deps).redirect!.begin()
    if (departure.type !== 'redirect') throw new Error('not a redirect')
    departure.location.searchParams.delete('code_challenge')
    departure.location.searchParams.delete('code_challenge_method')
    const { redirectUri } = corp.settings().client!
    const back = await createTestBrowser().signIn(departure.location, 'ada', 'x', redirectUri)
    expect(back.searchParams.get('error')).toBe('invalid_request')
  })

  it('does not wait for ever for somebody to come back', async () => {
    const clock = testClock(new Date().toISOString())
    const provider = createOidcProvider(corp.settings(), { ...deps, now: clock.now })
    const { arrival, pending } = await walk(provider, corp, 'ada')
    clock.advance(601)
    await expect(provider.redirect!.complete(arrival, pending)).rejects.toMatchObject({
      code: 'ExpiredAssertion',
    })
  })

  it('shows the form again after a wrong password, without saying what was wrong', async () => {
    const pages = await Promise.all(
      [
        ['ada', 'wrong'],
        ['nobody', 'wrong'],
        ['ada', ''],
      ].map(async ([username = '', password = '']) => {
        const { departure } = await createOidcProvider(corp.settings(), deps).redirect!.begin()
        if (departure.type !== 'redirect') throw new Error('not a redirect')
        const back = await createTestBrowser().signIn(departure.location, username, password, 'http://never')
        return back.pathname
      }),
    )
    expect(pages.every((path) => path.startsWith('/sign-in/'))).toBe(true)
  })

  it('is unavailable while the provider is down, and works once it is up', async () => {
    const port = await freePort()
    const clock = testClock(new Date().toISOString())
    const down = { ...corp.settings(), issuer: `http://127.0.0.1:${port}`, name: 'late' }
    const provider = createOidcProvider(down, { ...deps, now: clock.now })
    await expect(provider.redirect!.begin()).rejects.toMatchObject({
      code: 'ProviderUnavailable',
      reason: 'oidc:transport',
    })

    const late = await startOidcProvider({ name: 'late', port })
    try {
      clock.advance(2)
      await expect(provider.redirect!.begin()).resolves.toBeDefined()
    } finally {
      await late.close()
    }
  })
})

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
