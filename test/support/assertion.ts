import type { Assertion } from '../../src/federation/assertion.js'

/** An assertion as the SAML provider `corp` would make it; override what a test is about. */
export function assertionOf(overrides: Partial<Assertion> = {}): Assertion {
  return {
    provider: 'corp',
    kind: 'saml',
    issuer: 'https://idp.example.test/saml',
    subject: 'ada@example.test',
    audience: 'https://rolegate.example.test',
    username: 'ada',
    displayName: 'Ada Lovelace',
    groups: ['developers'],
    conditionKeys: new Map<string, string | readonly string[]>([
      ['saml:aud', 'https://rolegate.example.test/signin/corp/callback'],
      ['saml:sub', 'ada@example.test'],
      ['saml:groups', ['developers']],
    ]),
    authenticatedAt: new Date('2026-01-02T03:00:00Z'),
    multiFactor: false,
    tags: new Map(),
    transitiveTagKeys: [],
    ...overrides,
  }
}
