import { describe, expect, it } from '@jest/globals'
import { auditEvent, identityOf, identityOfSigner } from '../../src/audit/build-event.js'
import type { Assertion } from '../../src/federation/assertion.js'
import type { RoleSession } from '../../src/role/role-session.js'

const origin = {
  requestId: '0f0e0d0c-0000-4000-8000-000000000001',
  sourceIp: '192.0.2.1',
  userAgent: 'aws-cli/2',
  secure: true,
}
const facts = {
  origin,
  now: new Date('2026-01-02T03:04:05.678Z'),
  eventID: '0f0e0d0c-0000-4000-8000-000000000002',
  userIdentity: { type: 'Unknown' as const },
}

function assertion(overrides: Partial<Assertion>): Assertion {
  return {
    provider: 'corp',
    kind: 'saml',
    issuer: 'https://idp.example/metadata',
    subject: 'G-1234',
    audience: 'https://rolegate.example',
    username: 'ada',
    displayName: 'Ada Lovelace',
    groups: [],
    conditionKeys: new Map(),
    authenticatedAt: facts.now,
    multiFactor: false,
    tags: new Map(),
    transitiveTagKeys: [],
    ...overrides,
  }
}

const session: RoleSession = {
  type: 'role',
  accessKeyId: 'ASIAEXAMPLE',
  roleArn: 'arn:aws:iam::123456789012:role/team/blue/Deploy',
  roleId: 'AROAEXAMPLE',
  account: '123456789012',
  sessionName: 'ada',
  issuedAt: new Date('2026-01-02T03:00:00.999Z'),
  expiresAt: new Date('2026-01-02T04:00:00Z'),
  tags: new Map(),
  transitiveTagKeys: [],
  origin: {
    provider: 'arn:aws:iam::123456789012:saml-provider/corp',
    issuer: 'https://idp.example/metadata',
    subject: 'G-1234',
    startedAt: new Date('2026-01-02T03:00:00Z'),
    persistentKeys: new Map(),
    multiFactor: true,
    assertedTagKeys: [],
  },
  chain: [],
}

describe('an audit record', () => {
  it('has CloudTrail’s common fields, seconds in UTC and the request id of the response', () => {
    expect(auditEvent({ ...facts, eventSource: 'sts.amazonaws.com', eventName: 'AssumeRole' })).toEqual({
      eventVersion: '1.11',
      eventID: facts.eventID,
      eventTime: '2026-01-02T03:04:05Z',
      eventSource: 'sts.amazonaws.com',
      eventName: 'AssumeRole',
      eventType: 'AwsApiCall',
      awsRegion: 'us-east-1',
      sourceIPAddress: '192.0.2.1',
      userAgent: 'aws-cli/2',
      requestID: origin.requestId,
      userIdentity: { type: 'Unknown' },
      requestParameters: null,
      responseElements: null,
      readOnly: true,
      managementEvent: true,
      eventCategory: 'Management',
    })
  })

  it.each([
    ['sts.amazonaws.com', 'GetCallerIdentity', 'AwsApiCall', true],
    ['signin.amazonaws.com', 'ConsoleLogin', 'AwsConsoleSignIn', false],
    ['signin.amazonaws.com', 'GetSigninToken', 'AwsConsoleSignIn', false],
    ['sso.amazonaws.com', 'ListAccounts', 'AwsServiceEvent', true],
    ['sso.amazonaws.com', 'CreateToken', 'AwsServiceEvent', false],
  ] as const)('of %s %s is an %s, read only: %s', (eventSource, eventName, eventType, readOnly) => {
    expect(auditEvent({ ...facts, eventSource, eventName })).toMatchObject({ eventType, readOnly })
  })

  it('takes what the caller says over what follows by default', () => {
    const event = auditEvent({
      ...facts,
      eventSource: 'sts.amazonaws.com',
      eventName: 'X',
      eventType: 'AwsServiceEvent',
      awsRegion: 'eu-central-1',
      readOnly: false,
    })
    expect(event).toMatchObject({ eventType: 'AwsServiceEvent', awsRegion: 'eu-central-1', readOnly: false })
  })
})

describe('the identity of somebody a provider vouched for', () => {
  it('is a SAMLUser named by name qualifier and subject', () => {
    const conditionKeys = new Map([['saml:namequalifier', 'BusB0dYEXAMPLE=']])
    expect(identityOf(assertion({ conditionKeys }))).toEqual({
      type: 'SAMLUser',
      principalId: 'BusB0dYEXAMPLE=:G-1234',
      userName: 'G-1234',
      identityProvider: 'BusB0dYEXAMPLE=',
    })
  })

  it('is a WebIdentityUser named by issuer, audience and subject', () => {
    const oidc = assertion({ kind: 'oidc', issuer: 'https://op.example', audience: 'client-1' })
    expect(identityOf(oidc)).toEqual({
      type: 'WebIdentityUser',
      principalId: 'https://op.example:client-1:G-1234',
      userName: 'G-1234',
      identityProvider: 'https://op.example',
    })
  })

  it.each([
    ['ldap', 'LDAPUser', 'ldaps://directory.example'],
    ['local', 'LocalUser', 'rolegate:local'],
  ] as const)('from %s is a %s under the name people use', (kind, type, issuer) => {
    expect(identityOf(assertion({ kind, issuer }))).toEqual({
      type,
      principalId: `${issuer}:G-1234`,
      userName: 'ada',
      identityProvider: issuer,
    })
  })
})

describe('the identity of a role session', () => {
  it('is an AssumedRole with its issuer, and booleans as text', () => {
    expect(identityOfSigner({ type: 'session', session: { ...session, sourceIdentity: 'ada' } })).toEqual({
      type: 'AssumedRole',
      principalId: 'AROAEXAMPLE:ada',
      arn: 'arn:aws:sts::123456789012:assumed-role/Deploy/ada',
      accountId: '123456789012',
      accessKeyId: 'ASIAEXAMPLE',
      sessionContext: {
        sessionIssuer: {
          type: 'Role',
          principalId: 'AROAEXAMPLE',
          arn: 'arn:aws:iam::123456789012:role/team/blue/Deploy',
          accountId: '123456789012',
          userName: 'Deploy',
        },
        webIdFederationData: {},
        attributes: { creationDate: '2026-01-02T03:00:00Z', mfaAuthenticated: 'true' },
        sourceIdentity: 'ada',
      },
    })
  })

  it('names audience and subject when it goes back to OpenID Connect, and nothing else', () => {
    const provider = 'arn:aws:iam::123456789012:oidc-provider/op.example'
    const persistentKeys = new Map([
      ['op.example:aud', 'client-1'],
      ['op.example:sub', 'G-1234'],
      ['op.example:email', 'ada@example.com'],
    ])
    const identity = identityOfSigner({
      type: 'session',
      session: { ...session, origin: { ...session.origin, provider, persistentKeys } },
    })
    expect(identity.sessionContext?.webIdFederationData).toEqual({
      federatedProvider: provider,
      attributes: { 'op.example:aud': 'client-1', 'op.example:sub': 'G-1234' },
    })
  })
})
