/**
 * The condition keys that a request to assume a role carries: of the moment, of the caller, of the role asked for
 * and of what was passed. Keys that an identity provider asserted come first and are overwritten by ours, so no
 * provider can speak for the `aws:` or `sts:` namespaces.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
 */
import { createHash } from 'node:crypto'
import type { RequestOrigin } from '../audit/event.js'
import type { Assertion } from '../federation/assertion.js'
import { providerArn } from '../federation/provider-arn.js'
import type { ContextValue, RequestContext } from '../policy/context.js'
import type { Account, Organization, Role } from './role.js'

export interface PassedParameters {
  readonly sessionName?: string
  readonly externalId?: string
  readonly sourceIdentity?: string
  readonly tags: ReadonlyMap<string, string>
  readonly transitiveTagKeys: readonly string[]
  /** When an MFA code that came with this request was accepted. */
  readonly multiFactorAt?: Date
  /** `sts:RequestContext/<key>`, keys in lower case, and who vouched for them. */
  readonly contextKeys?: ReadonlyMap<string, ContextValue>
  readonly contextProviders?: readonly string[]
}

export interface ContextParts {
  readonly now: Date
  readonly origin: RequestOrigin
  readonly organization: Organization
  readonly role: Role
  readonly account: Account | undefined
  readonly passed: PassedParameters
}

type Keys = Map<string, ContextValue>

/** Who asks is somebody an identity provider vouches for. */
export function contextOfAssertion(assertion: Assertion, parts: ContextParts): RequestContext {
  const keys: Keys = new Map()
  for (const [key, value] of assertion.conditionKeys) {
    const name = key.toLowerCase()
    if (!name.startsWith('aws:') && !name.startsWith('sts:') && !name.startsWith('iam:'))
      keys.set(name, value)
  }
  if (assertion.kind === 'saml') {
    keys.set('saml:doc', `${parts.role.account}/${assertion.provider}`)
    keys.set('saml:namequalifier', nameQualifier(assertion.issuer, parts.role.account, assertion.provider))
  }
  if (assertion.kind === 'oidc')
    keys.set('sts:roleauthorizedbyidp', String(assertion.roleClaims !== undefined))
  addMoment(keys, parts)
  addResource(keys, parts, new Map())
  addPassed(keys, parts.passed)
  keys.set('aws:federatedprovider', providerArn(parts.role.account, assertion))
  keys.set('aws:multifactorauthpresent', String(assertion.multiFactor))
  if (assertion.multiFactor) {
    keys.set('aws:multifactorauthage', String(secondsBetween(assertion.authenticatedAt, parts.now)))
  }
  return keys
}

/** Who asks signed the request: a user, or whoever holds temporary credentials. */
export function contextOfCaller(
  callerKeys: ReadonlyMap<string, ContextValue>,
  inherited: ReadonlyMap<string, string>,
  parts: ContextParts,
): RequestContext {
  const keys: Keys = new Map(callerKeys)
  addMoment(keys, parts)
  addResource(keys, parts, inherited)
  addPassed(keys, parts.passed)
  if (parts.passed.multiFactorAt !== undefined) {
    keys.set('aws:multifactorauthpresent', 'true')
    keys.set('aws:multifactorauthage', String(secondsBetween(parts.passed.multiFactorAt, parts.now)))
  }
  return keys
}

/** Tags of a role or user overridden by session tags; keys compare without case. */
export function principalTags(
  owner: { readonly tags: ReadonlyMap<string, string> },
  session: { readonly tags: ReadonlyMap<string, string> },
): ReadonlyMap<string, string> {
  const merged = new Map<string, string>()
  for (const [key, value] of owner.tags) merged.set(key.toLowerCase(), value)
  for (const [key, value] of session.tags) merged.set(key.toLowerCase(), value)
  return merged
}

/** BASE64(SHA1(issuer + account + "/" + provider name)): AssumeRoleWithSAML's NameQualifier. */
export function nameQualifier(issuer: string, account: string, providerName: string): string {
  return createHash('sha1').update(`${issuer}${account}/${providerName}`).digest('base64')
}

export function isoSeconds(instant: Date): string {
  return `${instant.toISOString().slice(0, 19)}Z`
}

export function sameKey(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}

export function addMoment(keys: Keys, { now, origin }: Pick<ContextParts, 'now' | 'origin'>): void {
  keys.set('aws:currenttime', isoSeconds(now))
  keys.set('aws:epochtime', String(Math.floor(now.getTime() / 1000)))
  keys.set('aws:securetransport', String(origin.secure))
  keys.set('aws:sourceip', origin.sourceIp)
  keys.set('aws:useragent', origin.userAgent)
  keys.set('aws:viaawsservice', 'false')
  keys.set('aws:principalisawsservice', 'false')
}

function addResource(keys: Keys, parts: ContextParts, inherited: ReadonlyMap<string, string>): void {
  keys.set('aws:resourceaccount', parts.role.account)
  keys.set('aws:resourceorgid', parts.organization.id)
  keys.set('aws:resourceorgpaths', [orgPath(parts.organization, parts.account)])
  for (const [key, value] of principalTags(parts.role, { tags: inherited })) {
    keys.set(`aws:resourcetag/${key}`, value)
    keys.set(`iam:resourcetag/${key}`, value)
  }
}

function addPassed(keys: Keys, passed: PassedParameters): void {
  if (passed.sessionName !== undefined) keys.set('sts:rolesessionname', passed.sessionName)
  if (passed.externalId !== undefined) keys.set('sts:externalid', passed.externalId)
  if (passed.sourceIdentity !== undefined) keys.set('sts:sourceidentity', passed.sourceIdentity)
  if (passed.transitiveTagKeys.length > 0) keys.set('sts:transitivetagkeys', passed.transitiveTagKeys)
  if (passed.tags.size > 0) keys.set('aws:tagkeys', [...passed.tags.keys()])
  for (const [key, value] of passed.tags) keys.set(`aws:requesttag/${key.toLowerCase()}`, value)
  for (const [key, value] of passed.contextKeys ?? []) keys.set(`sts:requestcontext/${key}`, value)
  if (passed.contextProviders !== undefined && passed.contextProviders.length > 0)
    keys.set('sts:requestcontextproviders', passed.contextProviders)
}

/** `o-…/r-root/<unit>/<unit>/`, with a trailing slash as AWS writes it. */
export function orgPath(organization: Organization, account: Account | undefined): string {
  const unit = account === undefined || account.unit === '' ? '' : `${account.unit}/`
  return `${organization.id}/r-root/${unit}`
}

export function secondsBetween(from: Date, to: Date): number {
  return Math.max(0, Math.floor((to.getTime() - from.getTime()) / 1000))
}
