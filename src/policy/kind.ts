/**
 * What each kind of policy may hold, as a table, and how large it may be.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
 */
import type { PolicyKind } from './document.js'

export interface KindRules {
  readonly principal: 'required' | 'forbidden'
  /** Deny statements only, where it is allowed at all. */
  readonly notPrincipal: boolean
  readonly resource: 'required' | 'optional' | 'forbidden'
  readonly id: boolean
  /** `plain`: letters and digits, unique in the document. `free`: any text. */
  readonly sid: 'plain' | 'free'
  /** Federated principals, i.e. identity providers. */
  readonly federated: boolean
  /** White space is not counted, except where the document goes over the wire as it is. */
  readonly countsWhiteSpace: boolean
}

const attached: KindRules = {
  principal: 'forbidden',
  notPrincipal: false,
  resource: 'required',
  id: false,
  sid: 'plain',
  federated: false,
  countsWhiteSpace: false,
}

/**
 * Service control policies have the full language of 2025 (conditions, single resources and NotAction with Allow,
 * NotResource, wildcards anywhere), although some pages still state the older, smaller one. The further rules of
 * resource control policies are in statement.ts.
 */
export const kindRules: Readonly<Record<PolicyKind, KindRules>> = {
  identity: attached,
  boundary: attached,
  session: attached,
  'service-control': { ...attached, id: true, countsWhiteSpace: true },
  'resource-control': { ...attached, principal: 'required', id: true, countsWhiteSpace: true },
  resource: {
    ...attached,
    principal: 'required',
    notPrincipal: true,
    resource: 'optional',
    id: true,
    sid: 'free',
  },
  trust: { ...attached, principal: 'required', resource: 'forbidden', id: true, federated: true },
}

/** The most characters a document of each kind may have. */
export type PolicyLimits = Readonly<Record<PolicyKind, number>>

/**
 * AWS's numbers, the raised ones where a quota can be raised: a trust policy 4,096; a boundary is a managed policy,
 * 6,144; an identity policy may be a role's inline one, 10,240; session 2,048; organisation policies 5,120. The
 * storage service's 20,480 stands for resource policies, whose limit each service sets by itself.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
export const awsLimits: PolicyLimits = {
  identity: 10_240,
  trust: 4_096,
  resource: 20_480,
  boundary: 6_144,
  session: 2_048,
  'service-control': 5_120,
  'resource-control': 5_120,
}
