/**
 * Why a request was decided as it was: per layer the statements that matched and, for each of the others, the first
 * element that failed, with what the policy asks for and what the request has. Walks all statements once more with
 * the evaluator's own matchers, so it agrees with `evaluate` and costs nothing until somebody asks.
 *
 * An explanation quotes policies: it is for whoever administers them. `describeDecision` does not.
 */
import { matchesAction } from './action-element.js'
import { holds } from './condition.js'
import type { ContextValue } from './context.js'
import type { PolicyDocument } from './document.js'
import {
  type AuthorizationRequest,
  type Decision,
  documentsByLayer,
  evaluate,
  inquiryOf,
  type LayerName,
  type MatchedStatement,
  type PolicyLayers,
} from './evaluate.js'
import type { Principal } from './principal.js'
import { type Named, named, namedBy } from './principal-element.js'
import { matchesResources } from './resource-element.js'
import type { Inquiry, Statement } from './statement.js'

export interface Explanation {
  readonly decision: Decision
  /** Those that apply to this caller; the organization's control policies have one entry for each level. */
  readonly layers: readonly LayerExplanation[]
}

export interface LayerExplanation {
  readonly layer: LayerName
  readonly statements: readonly StatementExplanation[]
}

export interface StatementExplanation {
  readonly policy: string
  /** The Sid, or the position (`#0`) when it has none. */
  readonly statement: string
  readonly effect: 'Allow' | 'Deny'
  /** Where the statement names principals and matched: how, which is what its Allow is worth. */
  readonly names?: 'caller' | 'role' | 'account'
  /** Absent when the statement matched. */
  readonly failed?: Mismatch
}

export type Mismatch =
  | {
      readonly element: 'Principal' | 'NotPrincipal' | 'Action' | 'NotAction' | 'Resource' | 'NotResource'
      /** As written in the policy. */
      readonly wanted: readonly string[]
      readonly found: string
    }
  | {
      readonly element: 'Condition'
      /** As written, e.g. `ForAnyValue:StringEquals`. */
      readonly operator: string
      readonly key: string
      readonly wanted: readonly string[]
      /** Undefined when the request has no such key. */
      readonly found: ContextValue | undefined
    }

export function explain(request: AuthorizationRequest, layers: PolicyLayers): Explanation {
  const inquiry = inquiryOf(request, layers)
  return {
    decision: evaluate(request, layers),
    layers: documentsByLayer(inquiry, layers).map(([layer, documents]) => ({
      layer,
      statements: documents.flatMap((document) => explainDocument(document, inquiry, request)),
    })),
  }
}

function explainDocument(
  document: PolicyDocument,
  inquiry: Inquiry,
  request: AuthorizationRequest,
): StatementExplanation[] {
  return document.statements.map((statement) => {
    const { effect, label, principal } = statement
    const head = { policy: document.name, statement: label, effect }
    const failed = firstMismatch(statement, inquiry, request)
    if (failed !== undefined) return { ...head, failed }
    const naming = principal && names.get(namedBy(principal, inquiry.principal, inquiry.bounded))
    return naming === undefined ? head : { ...head, names: naming }
  })
}

const names: ReadonlyMap<Named, 'caller' | 'role' | 'account'> = new Map([
  [named.directly, 'caller'],
  [named.byRole, 'role'],
  [named.byAccount, 'account'],
])

function firstMismatch(
  { principal, actions, resources, conditions }: Statement,
  inquiry: Inquiry,
  request: AuthorizationRequest,
): Mismatch | undefined {
  if (principal !== undefined && namedBy(principal, inquiry.principal, inquiry.bounded) === named.notAtAll) {
    const element = principal.includes ? 'Principal' : 'NotPrincipal'
    return { element, wanted: principal.written, found: nameOf(inquiry.principal) }
  }
  if (!matchesAction(actions, inquiry.action)) {
    const element = actions.includes ? 'Action' : 'NotAction'
    return { element, wanted: actions.written, found: request.action }
  }
  if (resources !== undefined && !matchesResources(resources, inquiry.resource, inquiry.context)) {
    const element = resources.includes ? 'Resource' : 'NotResource'
    return { element, wanted: resources.written, found: request.resource }
  }
  const failing = conditions.find((condition) => !holds(condition, inquiry.context))
  if (failing === undefined) return undefined
  const { operator, keyName, key, wanted } = failing
  return { element: 'Condition', operator, key: keyName, wanted, found: inquiry.context.get(key) }
}

function nameOf(principal: Principal): string {
  switch (principal.type) {
    case 'anonymous':
      return 'anonymous'
    case 'federated':
      return principal.provider
    case 'service':
      return principal.host
    case 'root':
      return `arn:aws:iam::${principal.account}:root`
    case 'user':
    case 'role-session':
    case 'federated-user':
      break
  }
  return principal.arn
}

/**
 * One line for the audit record: the outcome and which statements or missing Allows it rests on, by name only.
 * Quotes nothing of a policy but names and Sids, holds no control character, and has a few hundred characters at most.
 */
export function describeDecision(decision: Decision): string {
  const { outcome, matched, missing } = decision
  const shown = matched.slice(0, maxNamed).map(describeMatch)
  if (matched.length > maxNamed) shown.push(`${matched.length - maxNamed} more`)
  const reasons = shown.length === 0 ? '' : ` by ${shown.join(', ')}`
  if (outcome !== 'implicitDeny') return `${outcome}${reasons}`
  const lacking =
    missing === undefined || missing.length === 0 ? 'any layer' : [...new Set(missing)].join(', ')
  return `implicitDeny: no allow from ${lacking}${reasons === '' ? '' : `; allowed${reasons}`}`
}

const maxNamed = 3

function describeMatch({ layer, policy, statement }: MatchedStatement): string {
  return `${layer} ${clean(policy)} ${clean(statement)}`
}

function clean(name: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what this removes
  const line = name.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069`]/g, '\ufffd')
  return `\`${line.length <= 100 ? line : `${line.slice(0, 97)}...`}\``
}
