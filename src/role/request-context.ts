/**
 * The condition keys that a request to assume a role carries: of the moment, of the caller, of the role asked for
 * and of what was passed. Keys that an identity provider asserted come first and are overwritten by ours, so no
 * provider can speak for the `aws:` or `sts:` namespaces.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
 */
import type { RequestOrigin } from '../audit/event.js'
import type { Assertion } from '../federation/assertion.js'
import { providerArn } from '../federation/provider-arn.js'
import type { ContextValue, RequestContext } from '../policy/context.js'
import { isoSeconds } from './instant.js'
import { nameQualifierOf } from './name-qualifier.js'
import type { Account, Organization, Role } from './role.js'

export interface PassedParameters {
  readonly sessionName?: string
  readonly externalId?: string
  readonly sourceIdentity?: string
  /**
   * All tags of the session to be, inherited ones included: a policy that limits keys or values then sees whatever the
   * session will carry (whether AWS shows inherited ones is not documented; this is the stricter reading).
   */
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

/** What `aws:RequestedRegion` says where nothing was signed for a region, as at AWS's global endpoint. */
const globalRegion = 'us-east-1'

/** Who asks is somebody an identity provider vouches for. */
export function contextOfAssertion(assertion: Assertion, parts: ContextParts): RequestContext {
  const keys: Keys = new Map(assertedKeys(assertion))
  if (assertion.kind === 'saml') {
    keys.set('saml:doc', `${parts.role.account}/${assertion.provider}`)
    keys.set('saml:namequalifier', nameQualifierOf(assertion, parts.role.account))
  }
  if (assertion.kind === 'oidc')
    keys.set('sts:roleauthorizedbyidp', String(assertion.roleClaims !== undefined))
  addMoment(keys, parts)
  addResource(keys, parts, noTags)
  addPassed(keys, parts.passed)
  keys.set('aws:federatedprovider', providerArn(parts.role.account, assertion))
  keys.set('aws:multifactorauthpresent', String(assertion.multiFactor))
  if (assertion.multiFactor) {
    keys.set('aws:multifactorauthage', String(secondsBetween(assertion.authenticatedAt, parts.now)))
  }
  return keys
}

const asserted = new WeakMap<Assertion, RequestContext>()

/** What the provider may say, in lower case; the same for every role that is looked at. */
function assertedKeys(assertion: Assertion): RequestContext {
  const known = asserted.get(assertion)
  if (known !== undefined) return known
  const keys: Keys = new Map()
  for (const [key, value] of assertion.conditionKeys) {
    const name = key.toLowerCase()
    if (!name.startsWith('aws:') && !name.startsWith('sts:') && !name.startsWith('iam:'))
      keys.set(name, value)
  }
  asserted.set(assertion, keys)
  return keys
}

/**
 * Who asks signed the request: a user, or whoever holds temporary credentials.
 * @param callerKeys taken over and added to: they are made for one request.
 * @param inherited transitive tags, which stand in for the role's own while its trust policy is judged.
 */
export function contextOfCaller(
  callerKeys: Keys,
  inherited: ReadonlyMap<string, string>,
  parts: ContextParts,
): RequestContext {
  const keys = callerKeys
  addMoment(keys, parts)
  addResource(keys, parts, inherited)
  addPassed(keys, parts.passed)
  if (parts.passed.multiFactorAt !== undefined) {
    keys.set('aws:multifactorauthpresent', 'true')
    keys.set('aws:multifactorauthage', String(secondsBetween(parts.passed.multiFactorAt, parts.now)))
  }
  return keys
}

const noTags: ReadonlyMap<string, string> = new Map()

/** Tags of a role or user overridden by session tags, keys in lower case: they compare without case. */
export function principalTags(
  owner: ReadonlyMap<string, string>,
  session: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  if (owner.size === 0 && session.size === 0) return noTags
  const merged = new Map<string, string>()
  for (const [key, value] of owner) merged.set(key.toLowerCase(), value)
  for (const [key, value] of session) merged.set(key.toLowerCase(), value)
  return merged
}

export function addMoment(keys: Keys, { now, origin }: Pick<ContextParts, 'now' | 'origin'>): void {
  keys.set('aws:currenttime', isoSeconds(now))
  keys.set('aws:epochtime', String(Math.floor(now.getTime() / 1000)))
  keys.set('aws:securetransport', String(origin.secure))
  keys.set('aws:sourceip', origin.sourceIp)
  keys.set('aws:useragent', origin.userAgent)
  keys.set('aws:requestedregion', origin.region ?? globalRegion)
  keys.set('aws:viaawsservice', 'false')
  keys.set('aws:principalisawsservice', 'false')
}

/** `aws:<whose>OrgID` and `aws:<whose>OrgPaths`; an account that is in no organisation has neither. */
export function addOrganization(
  keys: Keys,
  whose: 'principal' | 'resource',
  organization: Organization,
  account: Account | undefined,
): void {
  if (account === undefined) return
  const { id, paths } = organizationKeys[whose]
  keys.set(id, organization.id)
  keys.set(paths, [orgPath(organization, account)])
}

const organizationKeys = {
  principal: { id: 'aws:principalorgid', paths: 'aws:principalorgpaths' },
  resource: { id: 'aws:resourceorgid', paths: 'aws:resourceorgpaths' },
} as const

function addResource(keys: Keys, parts: ContextParts, inherited: ReadonlyMap<string, string>): void {
  keys.set('aws:resourceaccount', parts.role.account)
  addOrganization(keys, 'resource', parts.organization, parts.account)
  for (const [key, value] of principalTags(parts.role.tags, inherited)) {
    keys.set(`aws:resourcetag/${key}`, value)
    keys.set(`iam:resourcetag/${key}`, value)
  }
}

function addPassed(keys: Keys, passed: PassedParameters): void {
  if (passed.sessionName !== undefined) keys.set('sts:rolesessionname', passed.sessionName)
  if (passed.externalId !== undefined) keys.set('sts:externalid', passed.externalId)
  if (passed.sourceIdentity !== undefined) keys.set('sts:sourceidentity', passed.sourceIdentity)
  if (passed.transitiveTagKeys.length > 0) keys.set('sts:transitivetagkeys', passed.transitiveTagKeys)
  addRequestTags(keys, passed.tags)
  for (const [key, value] of passed.contextKeys ?? []) keys.set(`sts:requestcontext/${key}`, value)
  if (passed.contextProviders !== undefined && passed.contextProviders.length > 0)
    keys.set('sts:requestcontextproviders', passed.contextProviders)
}

export function addRequestTags(keys: Keys, tags: ReadonlyMap<string, string>): void {
  if (tags.size === 0) return
  keys.set('aws:tagkeys', [...tags.keys()])
  for (const [key, value] of tags) keys.set(`aws:requesttag/${key.toLowerCase()}`, value)
}

/** `o-…/r-root/<unit>/<unit>/`, with a trailing slash as AWS writes it. */
export function orgPath(organization: Organization, account: Account): string {
  const unit = account.unit === '' ? '' : `${account.unit}/`
  return `${organization.id}/r-root/${unit}`
}

export function secondsBetween(from: Date, to: Date): number {
  return Math.max(0, Math.floor((to.getTime() - from.getTime()) / 1000))
}
