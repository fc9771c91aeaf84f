/** Where a session comes from: the credentials it was made with, and who those go back to. */
import type { Assertion } from '../federation/assertion.js'
import { providerArn } from '../federation/provider-arn.js'
import type { ContextValue } from '../policy/context.js'
import type { Caller } from './caller.js'
import { nameQualifierOf } from './name-qualifier.js'
import type { Role } from './role.js'
import { userIssuer, type ChainLink, type SessionOrigin } from './session.js'
import { lowerCased } from './session-tags.js'

/** The chain of a session that this caller makes. */
export function chainFrom(caller: Caller): readonly ChainLink[] {
  if (caller.type === 'user') return [{ accessKeyId: caller.accessKeyId }]
  const { session } = caller
  const { accessKeyId, issuedAt } = session
  return [
    ...session.chain,
    { accessKeyId, issuedAt, ...(session.type === 'role' ? { roleId: session.roleId } : {}) },
  ]
}

/**
 * The origin of a session that this caller makes; a user's is the user, from this moment on. A user's MFA code is no
 * part of it: as at AWS, it counts for the request it comes with and for sessions of GetSessionToken, not for roles.
 */
export function originOfCaller(caller: Caller, now: Date): SessionOrigin {
  if (caller.type === 'session') return caller.session.origin
  return {
    issuer: userIssuer,
    subject: caller.user.arn,
    startedAt: now,
    persistentKeys: new Map(),
    multiFactor: false,
    assertedTagKeys: [],
  }
}

/** The origin of a role session that begins with an identity provider's word. */
export function originOfAssertion(assertion: Assertion, role: Role): SessionOrigin {
  return {
    provider: providerArn(role.account, assertion),
    issuer: assertion.issuer,
    subject: assertion.subject,
    ...(assertion.providerSession === undefined ? {} : { providerSession: assertion.providerSession }),
    startedAt: assertion.authenticatedAt,
    persistentKeys: persistentKeys(assertion, role),
    multiFactor: assertion.multiFactor,
    assertedTagKeys: lowerCased(assertion.tags),
  }
}

/**
 * The keys that later calls of the session still carry: for SAML `saml:namequalifier`, `saml:sub` and `saml:sub_type`,
 * for OpenID Connect `aud`, `sub` and `amr`, for directories and local accounts the user's name.
 */
function persistentKeys(assertion: Assertion, role: Role): ReadonlyMap<string, ContextValue> {
  const lasting = lastingKeys[assertion.kind]
  const kept = new Map<string, ContextValue>()
  for (const [key, value] of assertion.conditionKeys) if (lasting.test(key)) kept.set(key, value)
  if (assertion.kind === 'saml') kept.set('saml:namequalifier', nameQualifierOf(assertion, role.account))
  return kept
}

const lastingKeys = {
  saml: /^saml:sub(?:_type)?$/,
  oidc: /:(?:aud|sub|amr)$/,
  ldap: /^ldap:username$/,
  local: /^local:username$/,
} as const satisfies Record<Assertion['kind'], RegExp>
