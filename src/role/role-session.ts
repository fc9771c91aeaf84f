import type { SessionFacts, SessionPolicies } from './session.js'

/** An assumed role in use. */
export interface RoleSession extends SessionFacts, SessionPolicies {
  readonly type: 'role'
  readonly roleArn: string
  /** `AROA…` of the role at the time of issue: a role that is declared again under another id is another one. */
  readonly roleId: string
  readonly sessionName: string
  /** Session tags, passed and inherited. */
  readonly tags: ReadonlyMap<string, string>
  readonly transitiveTagKeys: readonly string[]
  /** Contexts that a trusted provider vouched for when the role was assumed (`ProvidedContexts`). */
  readonly contexts?: readonly SessionContext[]
}

/** On whose behalf a role session acts, as its context provider said. */
export interface SessionContext {
  /** `arn:aws:iam::aws:contextProvider/<name>` */
  readonly providerArn: string
  readonly issuer: string
  readonly subject: string
}

/** `arn:aws:sts::<account>:assumed-role/<role name>/<session name>`; the role's path is dropped. */
export function sessionArn(session: Pick<RoleSession, 'roleArn' | 'account' | 'sessionName'>): string {
  const roleName = session.roleArn.slice(session.roleArn.lastIndexOf('/') + 1)
  return `arn:aws:sts::${session.account}:assumed-role/${roleName}/${session.sessionName}`
}
