import { describe, expect, it } from '@jest/globals'
import { createConfigDirectory } from '../../src/role/config-directory.js'
import type { OidcSettings } from '../../src/federation/settings.js'

const idp: OidcSettings = {
  kind: 'oidc',
  name: 'ci',
  displayName: 'CI',
  attributes: [],
  issuer: 'https://ci.example.test',
  audiences: ['rolegate'],
  insecureAllowHttp: false,
  timeoutMs: 1000,
  clockSkewSeconds: 60,
  usernameClaim: 'sub',
  displayNameClaim: 'name',
  emailClaim: 'email',
  groupsClaim: 'groups',
}

describe('a provider in force', () => {
  const organization = { id: 'o-a1b2c3d4e5', name: 'Test', accounts: [] }
  const directory = createConfigDirectory({ organization, roles: [], providers: [idp] })

  it.each([
    ['vouches for what it asserted', { provider: 'ci' }, true],
    ['does not under a name that is not configured', { kind: 'saml' as const }, false],
    ['does not for an issuer that its name stood for before', { issuer: 'https://old.example.test' }, false],
  ])('%s', (_, overrides, vouched) => {
    const assertion = { kind: 'oidc' as const, provider: 'ci', issuer: idp.issuer, ...overrides }
    expect(directory.vouchesFor(assertion)).toBe(vouched)
  })
})
