/**
 * evaluate, then issue, then record: the one path by which anybody becomes a role. STS, the portal and the
 * Identity-Center endpoints all call this; none of them evaluates or issues by itself.
 */
import type { Assertion } from '../federation/assertion.js'
import type { RequestOrigin } from '../audit/event.js'
import type { ContextValue } from '../policy/context.js'
import type { Decision } from '../policy/evaluate.js'
import type { Role } from './role.js'
import type { Caller } from './caller.js'
import type { RoleSession, SessionContext } from './role-session.js'
import type { TemporaryCredentials } from './session.js'

export type AssumeAction =
  | 'AssumeRole'
  | 'AssumeRoleWithSAML'
  | 'AssumeRoleWithWebIdentity'
  | 'AssumeRoleWithLDAPIdentity'
  | 'AssumeRoleWithLocalIdentity'

/** The action by which an assertion of this kind assumes a role, e.g. `saml` → `AssumeRoleWithSAML`. */
export type AssumeCaller = { readonly type: 'assertion'; readonly assertion: Assertion } | Caller

export interface AssumeRequest {
  readonly caller: AssumeCaller
  readonly roleArn: string
  /** Already checked against `[\w+=,.@-]{2,64}`. */
  readonly sessionName: string
  /** Already checked against the model's range; absent means 3,600 or what the role allows, if less. */
  readonly durationSeconds?: number
  /** Inline session policy documents as text. */
  readonly sessionPolicies?: readonly string[]
  /** ARNs of managed policies that narrow the session further. */
  readonly policyArns?: readonly string[]
  readonly tags?: ReadonlyMap<string, string>
  readonly transitiveTagKeys?: readonly string[]
  readonly externalId?: string
  readonly sourceIdentity?: string
  /** When the MFA code that came along was accepted, and whose device it was. */
  readonly multiFactor?: { readonly at: Date; readonly serialNumber: string }
  /** Contexts that trusted providers vouch for, already verified; no key twice with different values. */
  readonly contexts?: readonly PassedContext[]
  /** 0 to 4,096 characters: the session token is padded to at least that. */
  readonly minimumTokenLength?: number
  /** What the record calls this, e.g. `AssumeRoleWithSAML`, `SwitchRole`, `GetRoleCredentials`. */
  readonly eventName: string
  readonly eventSource: 'sts.amazonaws.com' | 'signin.amazonaws.com' | 'sso.amazonaws.com'
  readonly origin: RequestOrigin
}

export interface PassedContext extends SessionContext {
  /** Keys in lower case, without `sts:RequestContext/`. */
  readonly keys: ReadonlyMap<string, ContextValue>
}

export type AssumeOutcome =
  | {
      readonly granted: true
      readonly credentials: TemporaryCredentials
      readonly session: RoleSession
      readonly role: Role
      /** Percent of the space for session policies and tags; absent when neither was passed. */
      readonly packedPolicyPercent?: number
    }
  /** Alike for an unknown role and for a refusing trust policy; which it was stands in the record only. */
  | { readonly granted: false; readonly deniedAction: string; readonly decision: Decision }

export interface RoleBroker {
  /** The roles this assertion may assume now, by evaluating each candidate's trust policy; sorted by account, then name. */
  rolesFor(assertion: Assertion, origin: RequestOrigin): readonly Role[]
  /**
   * @throws {Fault} `InvalidRequest` (duration beyond the role's maximum, conflicting tags…), `MalformedPolicyDocument`,
   * `PackedPolicyTooLarge`, `AuditUnavailable`.
   */
  assume(request: AssumeRequest): Promise<AssumeOutcome>
}
