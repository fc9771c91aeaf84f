import type { PolicyDocument } from './document.js'
import type { Principal } from './principal.js'
import type { RequestContext } from './context.js'

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
}

/** Why is part of the answer. */
export interface Decision {
  readonly outcome: 'allowed' | 'explicitDeny' | 'implicitDeny'
  readonly matched: readonly MatchedStatement[]
}

export interface MatchedStatement {
  readonly layer: 'identity' | 'resource' | 'boundary' | 'session'
  readonly policy: string
  /** The Sid, or the position (`#0`) when it has none. */
  readonly statement: string
  readonly effect: 'Allow' | 'Deny'
}

/**
 * Deny by default; an explicit Deny wins; order does not matter. Never throws.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
export declare function evaluate(request: AuthorizationRequest, layers: PolicyLayers): Decision
