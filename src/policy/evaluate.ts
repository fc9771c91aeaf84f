/**
 * One request against all the policies that apply to it → a decision with its reasons. Deny by default, an explicit
 * Deny in any layer wins, and order and repetition mean nothing.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 *
 * Judges policies only. What a service permits or refuses regardless of policy (GetCallerIdentity for everybody,
 * identity service calls for federation tokens) is that service's business. Control policies are judged wherever they
 * are given: for service-linked roles, and for the organization's management account, whoever asks gives none.
 */
import { likely } from './action-index.js'
import { parseArn } from './arn.js'
import type { RequestContext } from './context.js'
import type { PolicyDocument, PolicyKind } from './document.js'
import { type Indexed, mergedLayer } from './merged-layer.js'
import type { Principal } from './principal.js'
import { type Named, named } from './principal-element.js'
import { type Inquiry, matchStatement, type Statement } from './statement.js'

export interface AuthorizationRequest {
  readonly principal: Principal
  /** e.g. `sts:AssumeRoleWithSAML` */
  readonly action: string
  /** ARN of the resource, or `*` for a request that has none. */
  readonly resource: string
  /** Account that owns the resource. */
  readonly resourceAccount: string
  readonly context: RequestContext
}

/** What applies to one request. A layer that is absent does not restrict; an empty `session` list allows nothing. */
export interface PolicyLayers {
  readonly identity: readonly PolicyDocument[]
  /** The resource's own policy; for `sts:AssumeRole*`, `sts:TagSession`, `sts:SetSourceIdentity` the trust policy. */
  readonly resource?: PolicyDocument
  readonly boundary?: PolicyDocument
  readonly session?: readonly PolicyDocument[]
  /** By level of the organization, root first, account last: every level must allow. */
  readonly serviceControl?: readonly (readonly PolicyDocument[])[]
  /** By level, too; these only deny, the policy that allows everything is implied on each. */
  readonly resourceControl?: readonly (readonly PolicyDocument[])[]
}

export type LayerName =
  'identity' | 'resource' | 'boundary' | 'session' | 'service-control' | 'resource-control'

/** Why is part of the answer. */
export interface Decision {
  readonly outcome: 'allowed' | 'explicitDeny' | 'implicitDeny'
  /** The statements that decided: every Deny, or else one Allow of each layer that was asked and has one. */
  readonly matched: readonly MatchedStatement[]
  /** For `implicitDeny`: the layers whose Allow is missing. */
  readonly missing?: readonly LayerName[]
}

export interface MatchedStatement {
  readonly layer: LayerName
  readonly policy: string
  /** The Sid, or the position (`#0`) when it has none. */
  readonly statement: string
  readonly effect: 'Allow' | 'Deny'
}

/** Never throws. */
export function evaluate(request: AuthorizationRequest, layers: PolicyLayers): Decision {
  const inquiry = inquiryOf(request, layers)
  const indexed = layersOf(layers, mergedLayer)
  const denies = matchingDenies(inquiry, indexed)
  if (denies !== undefined) return { outcome: 'explicitDeny', matched: denies }
  const matched: MatchedStatement[] = []
  const missing = missingAllows(request, inquiry, indexed, matched, layers.resource?.kind)
  return missing.length === 0
    ? { outcome: 'allowed', matched }
    : { outcome: 'implicitDeny', matched, missing }
}

/** The request as statements see it. */
export function inquiryOf(request: AuthorizationRequest, layers: PolicyLayers): Inquiry {
  return {
    principal: request.principal,
    bounded: layers.boundary !== undefined,
    action: lowerCase(request.action),
    resource: request.resource,
    context: request.context,
  }
}

const lowerCased = new Map<string, string>()

/** The same few actions come again and again, and a known text is found quicker in every index. */
function lowerCase(action: string): string {
  const known = lowerCased.get(action)
  if (known !== undefined) return known
  const lower = action.toLowerCase()
  if (action.length > 128) return lower
  if (lowerCased.size >= 1_024) lowerCased.clear()
  lowerCased.set(action, lower)
  return lower
}

/** The documents that apply to this caller, by layer; control policies by level, root first. */
export function documentsByLayer(
  inquiry: Inquiry,
  layers: PolicyLayers,
): readonly (readonly [LayerName, readonly PolicyDocument[]])[] {
  const applying: (readonly [LayerName, readonly PolicyDocument[]])[] = []
  const documentsOf = layersOf(layers, (documents) => documents)
  visitLayers(inquiry, documentsOf, (layer, documents) => applying.push([layer, documents]))
  return applying
}

/** The layers of a request: as documents, or as what `evaluate` searches. */
interface Layers<D> {
  readonly identity: readonly D[]
  readonly resource: readonly D[] | undefined
  readonly boundary: readonly D[] | undefined
  readonly session: readonly D[] | undefined
  readonly serviceControl: readonly (readonly D[])[] | undefined
  readonly resourceControl: readonly (readonly D[])[] | undefined
}

function layersOf<D>(
  layers: PolicyLayers,
  of: (documents: readonly PolicyDocument[]) => readonly D[],
): Layers<D> {
  const { identity, resource, boundary, session, serviceControl, resourceControl } = layers
  return {
    identity: of(identity),
    resource: resource === undefined ? undefined : of([resource]),
    boundary: boundary === undefined ? undefined : of([boundary]),
    session: session === undefined ? undefined : of(session),
    serviceControl: serviceControl?.map(of),
    resourceControl: resourceControl?.map(of),
  }
}

function visitLayers<D>(
  inquiry: Inquiry,
  layers: Layers<D>,
  visit: (layer: LayerName, documents: readonly D[]) => void,
): void {
  visit('identity', layers.identity)
  if (layers.resource !== undefined) visit('resource', layers.resource)
  if (layers.boundary !== undefined) visit('boundary', layers.boundary)
  if (layers.session !== undefined) visit('session', layers.session)
  if (layers.serviceControl !== undefined && belongsToAccount(inquiry.principal)) {
    for (const level of layers.serviceControl) visit('service-control', level)
  }
  // The key service lets nobody keep a grantee from giving a grant back.
  if (layers.resourceControl !== undefined && inquiry.action !== 'kms:retiregrant') {
    for (const level of layers.resourceControl) visit('resource-control', level)
  }
}

/** Undefined when there is none. */
function matchingDenies(inquiry: Inquiry, layers: Layers<Indexed>): MatchedStatement[] | undefined {
  let denies: MatchedStatement[] | undefined
  visitLayers(inquiry, layers, (layer, indexed) => {
    for (const { denies: index } of indexed) {
      for (const statement of likely(index, inquiry.action, inquiry.resource)) {
        if (matchStatement(statement, inquiry) === named.notAtAll) continue
        denies ??= []
        denies.push(matchOf(layer, statement))
      }
    }
  })
  return denies
}

/** The layers that would have to allow and do not; those that do leave their statement in `matched`. */
function missingAllows(
  request: AuthorizationRequest,
  inquiry: Inquiry,
  layers: Layers<Indexed>,
  matched: MatchedStatement[],
  resourceKind: PolicyKind | undefined,
): LayerName[] {
  const { principal } = request
  const missing: LayerName[] = []
  const requires = (layer: LayerName, allowed: boolean) => {
    if (!allowed) missing.push(layer)
  }
  const allows = (layer: LayerName, indexed: readonly Indexed[]) =>
    requires(layer, bestAllow(layer, indexed, inquiry, matched) !== named.notAtAll)

  const naming =
    layers.resource === undefined ? named.notAtAll : bestAllow('resource', layers.resource, inquiry, matched)
  if (!belongsToAccount(principal)) {
    requires('resource', naming !== named.notAtAll)
    return missing
  }

  for (const level of layers.serviceControl ?? []) allows('service-control', level)
  // Root users cannot assume roles, whatever the trust policy says.
  if (principal.type === 'root' && inquiry.action === 'sts:assumerole') missing.push('identity')

  const crossAccount = principal.account !== request.resourceAccount
  const bothSides = crossAccount || isChainedSourceIdentity(inquiry)
  if (bothSides || mustAllowItself(inquiry, resourceKind)) requires('resource', naming !== named.notAtAll)
  if (!bothSides && naming === named.directly) return missing

  if (layers.boundary !== undefined) allows('boundary', layers.boundary)
  // Without session policies a GetFederationToken session has no permissions of its own.
  if (layers.session !== undefined) allows('session', layers.session)
  else if (principal.type === 'federated-user') requires('session', false)
  if (!bothSides && naming === named.byRole) return missing
  if (principal.type !== 'root') allows('identity', layers.identity)
  return missing
}

/** Users, sessions and root: they have identity policies, and their organization's service controls. */
function belongsToAccount(
  principal: Principal,
): principal is Exclude<Principal, { type: 'federated' | 'service' | 'anonymous' }> {
  return principal.type !== 'federated' && principal.type !== 'service' && principal.type !== 'anonymous'
}

/**
 * Roles and keys: an Allow on the caller's side counts only when the trust or key policy itself names the caller or
 * his account. Every role has a trust policy, so a request for a role without one is refused.
 */
function mustAllowItself({ action, resource: arn }: Inquiry, resourceKind: PolicyKind | undefined): boolean {
  if (resourceKind === 'trust') return true
  if (action.startsWith('sts:assumerole')) return true
  if (action === 'sts:tagsession' || action === 'sts:setsourceidentity' || action === 'sts:setcontext') {
    const resource = parseArn(arn)
    return resource?.service === 'iam' && resource.resource.startsWith('role/')
  }
  return resourceKind !== undefined && parseArn(arn)?.service === 'kms'
}

/** A source identity that is carried on in a chain needs both sides, even within one account. */
function isChainedSourceIdentity({ action, principal }: Inquiry): boolean {
  return action === 'sts:setsourceidentity' && principal.type === 'role-session'
}

/** The best way in which an Allow of these documents names the caller; the statement that does goes to `matched`. */
function bestAllow(
  layer: LayerName,
  indexed: readonly Indexed[],
  inquiry: Inquiry,
  matched: MatchedStatement[],
): Named {
  let best = named.notAtAll as Named
  let found: Statement | undefined
  search: for (const { allows } of indexed) {
    for (const statement of likely(allows, inquiry.action, inquiry.resource)) {
      const rank = matchStatement(statement, inquiry)
      if (rank <= best) continue
      best = rank
      found = statement
      if (best === named.directly) break search
    }
  }
  if (found !== undefined) matched.push(matchOf(layer, found))
  return best
}

function matchOf(layer: LayerName, statement: Statement): MatchedStatement {
  return { layer, policy: statement.policy, statement: statement.label, effect: statement.effect }
}
