/**
 * Handing a role to a service. There is no call of that name: a service asks for `iam:PassRole` on the role's ARN
 * whenever a request would give it a role, and later assumes that role itself, as the role's trust policy lets it.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
 */
import { parseRoleArn } from './arn.js'
import type { ContextValue, RequestContext } from './context.js'
import type { PolicyDocument } from './document.js'
import { type Decision, evaluate, type PolicyLayers } from './evaluate.js'
import type { Principal } from './principal.js'

export interface PassedRole {
  readonly caller: Principal
  readonly roleArn: string
  /** Host of the service that will use the role, e.g. `lambda.amazonaws.com`: `iam:PassedToService`. Not every service says it. */
  readonly service?: string
  /** The resource that will hold the role: `iam:AssociatedResourceArn`. Not every service says it. */
  readonly associatedResourceArn?: string
  /** The rest of the request; keys in lower case. */
  readonly context: RequestContext
}

/**
 * Whether the caller may hand the role over: `iam:PassRole` by what applies to him alone, and only within one account,
 * since no policy of a role speaks about passing it. Does not ask whether the service may use it: see `mayUseRole`.
 */
export function passRole(passed: PassedRole, layers: Omit<PolicyLayers, 'resource'>): Decision {
  const context = new Map<string, ContextValue>(passed.context)
  if (passed.service !== undefined) context.set('iam:passedtoservice', passed.service)
  if (passed.associatedResourceArn !== undefined) {
    context.set('iam:associatedresourcearn', passed.associatedResourceArn)
  }
  const { resource: _none, ...callersOwn }: PolicyLayers = layers
  return evaluate(
    {
      principal: passed.caller,
      action: 'iam:PassRole',
      resource: passed.roleArn,
      resourceAccount: parseRoleArn(passed.roleArn)?.account ?? '',
      context,
    },
    callersOwn,
  )
}

/** The other half: whether the service may assume the role that it was given. */
export function mayUseRole(
  service: string,
  role: { readonly arn: string; readonly trustPolicy: PolicyDocument },
  context: RequestContext,
): Decision {
  return evaluate(
    {
      principal: { type: 'service', host: service },
      action: 'sts:AssumeRole',
      resource: role.arn,
      resourceAccount: parseRoleArn(role.arn)?.account ?? '',
      context,
    },
    { identity: [], resource: role.trustPolicy },
  )
}
