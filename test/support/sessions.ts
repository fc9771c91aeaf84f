import type { RoleSession } from '../../src/role/role-session.js'
import type { ChainLink, SessionOrigin } from '../../src/role/session.js'

const startedAt = new Date('2026-01-02T03:00:00Z')

/** Who it goes back to: Ada, who signed in by SAML at three o'clock. */
export function originOf(overrides: Partial<SessionOrigin> = {}): SessionOrigin {
  return {
    provider: 'arn:aws:iam::111122223333:saml-provider/corp',
    issuer: 'https://idp.example.test/saml',
    subject: 'ada@example.test',
    startedAt,
    persistentKeys: new Map(),
    multiFactor: false,
    assertedTagKeys: [],
    ...overrides,
  }
}

/** Ada as a developer for an hour; override what a test is about. */
export function roleSessionOf(
  overrides: Partial<Omit<RoleSession, 'origin'>> & {
    readonly origin?: Partial<SessionOrigin>
    readonly chain?: readonly ChainLink[]
  } = {},
): RoleSession {
  const { origin, ...rest } = overrides
  const issuedAt = rest.issuedAt ?? new Date('2026-01-02T03:04:05Z')
  return {
    type: 'role',
    accessKeyId: 'ASIADEVELOPERSESSION',
    roleArn: 'arn:aws:iam::111122223333:role/Developer',
    roleId: 'AROADEVELOPER',
    account: '111122223333',
    sessionName: 'ada',
    issuedAt,
    expiresAt: new Date(issuedAt.getTime() + 3_600_000),
    tags: new Map(),
    transitiveTagKeys: [],
    chain: [],
    ...rest,
    origin: originOf(origin),
  }
}
