import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createOidcProvider } from '../../../src/federation/oidc/provider.js'
import type { Assertion, PendingSignIn } from '../../../src/federation/assertion.js'
import type { OidcSettings } from '../../../src/federation/settings.js'
import { keptLog } from '../../support/silent-log.js'
import { createTestBrowser, startOidcProvider, type TestOidcProvider } from '../../support/oidc-provider.js'

const deps = { now: () => new Date(), log: keptLog() }

describe('OpenID Connect sign-in through the pages of a real provider', () => {
  let corp: TestOidcProvider
  beforeAll(async () => {
    corp = await startOidcProvider()
  })
  afterAll(() => corp.close())

  async function walk(
    settings: OidcSettings,
    username: string,
  ): Promise<{ readonly callback: URL; readonly pending: PendingSignIn }> {
    const provider = createOidcProvider(settings, deps)
    const { departure, pending } = await provider.redirect!.begin()
    if (departure.type !== 'redirect') throw new Error('not a redirect')
    const { password } = corp.person(username)
    const { redirectUri } = settings.client!
    const callback = await createTestBrowser().signIn(departure.location, username, password, redirectUri)
    return { callback, pending }
  }

  async function signIn(settings: OidcSettings, username: string): Promise<Assertion> {
    const { callback, pending } = await walk(settings, username)
    const provider = createOidcProvider(settings, deps)
    return provider.redirect!.complete(arrivalAt(callback), pending)
  }

  it('says who somebody is, with groups, department and both factors as condition keys', async () => {
    const assertion = await signIn(corp.settings(), 'ada')
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
})

function arrivalAt(callback: URL): { method: 'GET'; rawQuery: string; rawBody: string } {
  return { method: 'GET', rawQuery: callback.search.slice(1), rawBody: '' }
}
