/**
 * Temporary credentials in use: everything that later evaluation needs, sealed into the session token. Four kinds,
 * by what they act as; types and limits only.
 */
import type { ContextValue } from '../policy/context.js'
import type { RoleSession } from './role-session.js'

export type Session = RoleSession | UserSession | FederatedUserSession | RootSession

/** A session before it has an access key id. */
export type UnnamedSession = Session extends infer Kind
  ? Kind extends Session
    ? Omit<Kind, 'accessKeyId'>
    : never
  : never

export interface SessionFacts {
  /** `ASIA…`, 20 characters; the account can be read from it. */
  readonly accessKeyId: string
  readonly account: string
  readonly issuedAt: Date
  readonly expiresAt: Date
  readonly sourceIdentity?: string
  /** Who this goes back to, through every hop. */
  readonly origin: SessionOrigin
  /** The credentials this one was made with, first hop first, a user's long-term key included. */
  readonly chain: readonly ChainLink[]
}

/** What a session, and whatever it makes, may be narrowed by. */
export interface SessionPolicies {
  /** Inline session policies as text; absent when none was passed. */
  readonly sessionPolicies?: readonly string[]
  /** ARNs of managed policies passed as session policies; looked up when they are evaluated. */
  readonly policyArns?: readonly string[]
}

/** GetSessionToken: the user, with the knowledge whether a second factor was shown. */
export interface UserSession extends SessionFacts {
  readonly type: 'user'
  readonly userArn: string
  readonly userId: string
  /** When the MFA code was accepted; absent without one. */
  readonly multiFactorAt?: Date
}

/** GetFederationToken: a user's permissions, narrowed by session policies; without any, only what resources grant. */
export interface FederatedUserSession extends SessionFacts, SessionPolicies {
  readonly type: 'federated-user'
  /** The user who asked. */
  readonly userArn: string
  readonly userId: string
  /** `[\w+=,.@-]{2,32}` */
  readonly name: string
  readonly tags: ReadonlyMap<string, string>
}

/** AssumeRoot: the root of a member account, for one task. */
export interface RootSession extends SessionFacts {
  readonly type: 'root'
  /** `arn:aws:iam::aws:policy/root-task/…`; nothing beyond it is allowed. */
  readonly taskPolicyArn: string
}

export interface SessionOrigin {
  /** ARN of the provider that vouched, in the first role's account; absent when it began with a user's key. */
  readonly provider?: string
  /** The identity provider's issuer; `rolegate:user` when it began with a user's key. */
  readonly issuer: string
  /** Stable at that issuer; the user's ARN when it began with a user's key. */
  readonly subject: string
  /** The identity provider's name for its own session (OIDC `sid`, SAML SessionIndex), where it gave one. */
  readonly providerSession?: string
  /** When the person or workload proved who they are. */
  readonly startedAt: Date
  /** Condition keys that stay usable after the first hop, e.g. `saml:sub`, `<issuer>:aud`. */
  readonly persistentKeys: ReadonlyMap<string, ContextValue>
  readonly multiFactor: boolean
  /** Tag keys that the identity provider asserted, lower-case: no caller may pass them again, at any hop. */
  readonly assertedTagKeys: readonly string[]
}

export interface ChainLink {
  /** `ASIA…`, or `AKIA…` of the user whose key it began with. */
  readonly accessKeyId: string
  /** Of the role whose session that was. */
  readonly roleId?: string
  /** Absent for long-term keys. */
  readonly issuedAt?: Date
}

export interface TemporaryCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  readonly expiresAt: Date
}

/** Characters of a session token at most: servers and proxies commonly take 8 KiB of headers in all. */
export const maxSessionTokenLength = 4096

export const userIssuer = 'rolegate:user'
