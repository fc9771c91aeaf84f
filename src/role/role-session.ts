import type { ContextValue } from '../policy/context.js'

/**
 * An assumed role in use: everything that later evaluation needs, sealed into the session token.
 */
export interface RoleSession {
  /** `ASIA…`, 20 characters; the account can be read from it. */
  readonly accessKeyId: string
  readonly roleArn: string
  /** `AROA…` of the role at the time of issue: a role that was deleted and made again is another one. */
  readonly roleId: string
  readonly account: string
  readonly sessionName: string
  readonly issuedAt: Date
  readonly expiresAt: Date
  readonly sourceIdentity?: string
  /** Session tags, passed and inherited. */
  readonly tags: ReadonlyMap<string, string>
  readonly transitiveTagKeys: readonly string[]
  /** Inline session policies as text; absent when none was passed. */
  readonly sessionPolicies?: readonly string[]
  /** Who this goes back to, through every hop. */
  readonly origin: SessionOrigin
  /** Access key ids of the role sessions this one was chained from, first hop first. */
  readonly chain: readonly string[]
}

export interface SessionOrigin {
  /** ARN of the provider that vouched, in the first role's account. */
  readonly provider: string
  readonly issuer: string
  readonly subject: string
  /** Condition keys that stay usable after the first hop, e.g. `saml:sub`, `<issuer>:aud`. */
  readonly persistentKeys: ReadonlyMap<string, ContextValue>
  readonly multiFactor: boolean
}

/** `arn:aws:sts::<account>:assumed-role/<role name>/<session name>`; the role's path is dropped. */
export function sessionArn(session: Pick<RoleSession, 'roleArn' | 'account' | 'sessionName'>): string {
  const roleName = session.roleArn.slice(session.roleArn.lastIndexOf('/') + 1)
  return `arn:aws:sts::${session.account}:assumed-role/${roleName}/${session.sessionName}`
}

export interface TemporaryCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  readonly expiresAt: Date
}
