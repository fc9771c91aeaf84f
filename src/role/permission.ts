/**
 * Whether a caller may do something that is no assumption of a role: the identity-based question, with the resource's
 * own policy where it has one. STS actions that need a permission, the `rolegate:` actions and resource servers ask here.
 */
import type { RequestOrigin } from '../audit/event.js'
import type { ContextValue, RequestContext } from '../policy/context.js'
import type { PolicyDocument } from '../policy/document.js'
import { evaluate, type AuthorizationRequest, type Decision, type PolicyLayers } from '../policy/evaluate.js'
import { implicitDeny } from './authorize.js'
import type { Caller } from './caller.js'
import { subjectOf } from './caller-subject.js'
import { addMoment, addOrganization } from './request-context.js'
import type { RoleDirectory } from './role.js'

export interface PermissionRequest {
  readonly caller: Caller
  /** e.g. `sts:GetFederationToken`, `rolegate:Revoke` */
  readonly action: string
  /** ARN, or `*` for an action that has no resource. */
  readonly resource: string
  /** Absent: the caller's own account. */
  readonly resourceAccount?: string
  readonly resourcePolicy?: PolicyDocument
  /** Further condition keys, any case; whoever passes them vouches for them. What is known here wins. */
  readonly context?: ReadonlyMap<string, ContextValue>
  readonly origin: RequestOrigin
}

export interface Permission extends Decision {
  /** Denied because of what kind the credentials are, whatever policies say: the reason, as anybody may be told. */
  readonly credentialLimit?: string
}

export interface PermissionAnswer {
  readonly decision: Permission
  /** What was evaluated, for explanations; absent when the role or user behind the caller is gone. */
  readonly question?: { readonly request: AuthorizationRequest; readonly layers: PolicyLayers }
}

/** Never throws. */
export function permissionOf(
  request: PermissionRequest,
  directory: RoleDirectory,
  now: Date,
): PermissionAnswer {
  const subject = subjectOf(request.caller, directory, now)
  if (subject === undefined) return { decision: implicitDeny }
  const resourceAccount = request.resourceAccount ?? subject.principal.account
  const question = {
    request: {
      principal: subject.principal,
      action: request.action,
      resource: request.resource,
      resourceAccount,
      context: contextOf(request, subject.keys, resourceAccount, directory, now),
    },
    layers: {
      ...subject.layers,
      ...(request.resourcePolicy === undefined ? {} : { resource: request.resourcePolicy }),
    },
  }
  const credentialLimit = limitOf(request)
  if (credentialLimit !== undefined)
    return { decision: { outcome: 'implicitDeny', matched: [], credentialLimit }, question }
  return { decision: evaluate(question.request, question.layers), question }
}

const identityService = /^iam:/i

/**
 * Who holds no more than a user's temporary credentials must not manage users with them.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html
 */
function limitOf({ caller, action }: PermissionRequest): string | undefined {
  if (caller.type === 'user' || !identityService.test(action)) return undefined
  const { session } = caller
  if (session.type === 'federated-user') return 'sessions of GetFederationToken call no action of iam'
  return session.type === 'user' && session.multiFactorAt === undefined
    ? 'sessions of GetSessionToken without a second factor call no action of iam'
    : undefined
}

function contextOf(
  request: PermissionRequest,
  callerKeys: Map<string, ContextValue>,
  resourceAccount: string,
  directory: RoleDirectory,
  now: Date,
): RequestContext {
  const keys = request.context === undefined ? callerKeys : beneath(callerKeys, request.context)
  addMoment(keys, { now, origin: request.origin })
  keys.set('aws:resourceaccount', resourceAccount)
  addOrganization(keys, 'resource', directory.organization, directory.account(resourceAccount))
  return keys
}

function beneath(
  callerKeys: ReadonlyMap<string, ContextValue>,
  context: ReadonlyMap<string, ContextValue>,
): Map<string, ContextValue> {
  const keys = new Map<string, ContextValue>()
  for (const [key, value] of context) keys.set(key.toLowerCase(), value)
  for (const [key, value] of callerKeys) keys.set(key, value)
  return keys
}
