/** What a resource server or an upstream is told about whoever signed a request. */
import { identityOfCaller, type Caller, type CallerIdentity } from '../role/caller.js'

export interface ClientIdentity extends CallerIdentity {
  /** As `aws:PrincipalType` says it. */
  readonly type: 'User' | 'AssumedRole' | 'FederatedUser' | 'Account'
  readonly accessKeyId: string
  readonly sourceIdentity: string | null
  /** ARN of the identity provider that the credentials go back to. */
  readonly federatedProvider: string | null
  /** ISO 8601 in UTC; null for long-term keys. */
  readonly issuedAt: string | null
  readonly expiresAt: string | null
  /** Whether a second factor was shown when the credentials were made, or before. */
  readonly mfa: boolean
}

const types = {
  role: 'AssumedRole',
  user: 'User',
  'federated-user': 'FederatedUser',
  root: 'Account',
} as const

export function clientIdentity(caller: Caller): ClientIdentity {
  const identity = identityOfCaller(caller)
  if (caller.type === 'user') {
    return {
      ...identity,
      type: 'User',
      accessKeyId: caller.accessKeyId,
      sourceIdentity: null,
      federatedProvider: null,
      issuedAt: null,
      expiresAt: null,
      mfa: false,
    }
  }
  const { session } = caller
  return {
    ...identity,
    type: types[session.type],
    accessKeyId: session.accessKeyId,
    sourceIdentity: session.sourceIdentity ?? null,
    federatedProvider: session.origin.provider ?? null,
    issuedAt: session.issuedAt.toISOString(),
    expiresAt: session.expiresAt.toISOString(),
    mfa: hasSecondFactor(caller),
  }
}

/** Passed and inherited ones; the tags of the role or user itself are not among them. */
export function sessionTagsOf(caller: Caller): ReadonlyMap<string, string> {
  if (caller.type === 'user') return noTags
  const { session } = caller
  return session.type === 'role' || session.type === 'federated-user' ? session.tags : noTags
}

const noTags: ReadonlyMap<string, string> = new Map()

function hasSecondFactor({ session }: Extract<Caller, { type: 'session' }>): boolean {
  if (session.type === 'user') return session.multiFactorAt !== undefined
  return session.type === 'role' && session.origin.multiFactor
}
