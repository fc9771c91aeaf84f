/**
 * Whether a caller may assume a role: `sts:AssumeRole*` and, when tags, a source identity or contexts come along, the further
 * authorisations `sts:TagSession`, `sts:SetSourceIdentity` and `sts:SetContext`, each by the same rules.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_permissions-required
 */
import type { Assertion } from '../federation/assertion.js'
import { providerArn } from '../federation/provider-arn.js'
import { evaluate, type AuthorizationRequest, type Decision, type PolicyLayers } from '../policy/evaluate.js'
import type { Principal } from '../policy/principal.js'
import type { AssumeAction, AssumeCaller } from './broker.js'
import type { Caller } from './caller.js'
import { subjectOf } from './caller-subject.js'
import { contextOfAssertion, contextOfCaller, type ContextParts } from './request-context.js'
import type { Role, RoleDirectory } from './role.js'
import { inheritedTags } from './session-tags.js'

export type Authorization =
  | { readonly allowed: true; readonly decision: Decision }
  | {
      readonly allowed: false
      readonly deniedAction: string
      readonly decision: Decision
      readonly reason: string
    }

export const implicitDeny: Decision = { outcome: 'implicitDeny', matched: [], missing: ['resource'] }

/** The action by which an assertion of this kind assumes a role. */
export function actionFor(caller: AssumeCaller): AssumeAction {
  if (caller.type !== 'assertion') return 'AssumeRole'
  switch (caller.assertion.kind) {
    case 'saml':
      return 'AssumeRoleWithSAML'
    case 'oidc':
      return 'AssumeRoleWithWebIdentity'
    case 'ldap':
      return 'AssumeRoleWithLDAPIdentity'
    case 'local':
      return 'AssumeRoleWithLocalIdentity'
  }
}

/** One authorisation of those that a request to assume a role needs. */
export interface Question {
  readonly request: AuthorizationRequest
  readonly layers: PolicyLayers
}

/** The authorisations that are needed, in order; or the reason why nobody needs to be asked. */
export function questionsFor(
  caller: AssumeCaller,
  directory: RoleDirectory,
  parts: ContextParts,
): readonly Question[] | 'sts:provider-gone' | 'sts:role-claims' | 'sts:caller-gone' {
  // A sign-in lives on when its provider is disabled; what it may become does not.
  if (caller.type === 'assertion' && !directory.vouchesFor(caller.assertion)) return 'sts:provider-gone'
  if (caller.type === 'assertion' && !claimsPermit(caller.assertion, parts.role)) return 'sts:role-claims'
  const subject =
    caller.type === 'assertion'
      ? assertionSubject(caller.assertion, parts)
      : callerSubject(caller, directory, parts)
  if (subject === undefined) return 'sts:caller-gone'
  const { principal, context, layers } = subject
  const { arn: resource, account: resourceAccount } = parts.role
  return neededActions(`sts:${actionFor(caller)}`, parts).map((action) => ({
    request: { principal, action, resource, resourceAccount, context },
    layers,
  }))
}

/** Judges every authorisation the request needs; the first that fails is the answer. */
export function authorize(
  caller: AssumeCaller,
  directory: RoleDirectory,
  parts: ContextParts,
): Authorization {
  const action = `sts:${actionFor(caller)}`
  const questions = questionsFor(caller, directory, parts)
  if (typeof questions === 'string') {
    return { allowed: false, deniedAction: action, decision: implicitDeny, reason: questions }
  }
  let first: Decision | undefined
  for (const { request, layers } of questions) {
    const decision = evaluate(request, layers)
    if (decision.outcome !== 'allowed') {
      const needed = request.action
      const reason = needed === action ? 'sts:trust' : (furtherReasons.get(needed) ?? 'sts:trust')
      return { allowed: false, deniedAction: needed, decision, reason }
    }
    first ??= decision
  }
  return { allowed: true, decision: first ?? implicitDeny }
}

const furtherReasons = new Map([
  ['sts:TagSession', 'sts:tag-session'],
  ['sts:SetSourceIdentity', 'sts:set-source-identity'],
  ['sts:SetContext', 'sts:set-context'],
])

function neededActions(action: string, { passed }: ContextParts): readonly string[] {
  const actions = [action]
  if (passed.tags.size > 0) actions.push('sts:TagSession')
  if (passed.sourceIdentity !== undefined) actions.push('sts:SetSourceIdentity')
  if (passed.contextProviders !== undefined && passed.contextProviders.length > 0)
    actions.push('sts:SetContext')
  return actions
}

interface Subject {
  readonly principal: Principal
  readonly context: ReturnType<typeof contextOfAssertion>
  readonly layers: PolicyLayers
}

function assertionSubject(assertion: Assertion, parts: ContextParts): Subject {
  return {
    principal: { type: 'federated', provider: providerArn(parts.role.account, assertion) },
    context: contextOfAssertion(assertion, parts),
    layers: { identity: [], resource: parts.role.trustPolicy },
  }
}

function callerSubject(caller: Caller, directory: RoleDirectory, parts: ContextParts): Subject | undefined {
  const subject = subjectOf(caller, directory, parts.now)
  if (subject === undefined) return undefined
  return {
    principal: subject.principal,
    context: contextOfCaller(subject.keys, inheritedTags(caller).tags, parts),
    layers: { ...subject.layers, resource: parts.role.trustPolicy },
  }
}

/** When the provider lists roles itself, only those may be assumed; when it says nothing, the trust policy decides. */
function claimsPermit(assertion: Assertion, role: Role): boolean {
  if (assertion.roleClaims === undefined) return true
  const provider = providerArn(role.account, assertion)
  return assertion.roleClaims.some(
    (claim) =>
      claim.roleArn === role.arn && (claim.providerArn === undefined || claim.providerArn === provider),
  )
}
