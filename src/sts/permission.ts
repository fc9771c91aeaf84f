/** The permission that an action asks for, and the refusal in AWS's words when the caller does not have it. */
import type { RequestOrigin } from '../audit/event.js'
import type { Clock } from '../fault.js'
import type { ContextValue } from '../policy/context.js'
import { describeDecision } from '../policy/explain.js'
import { identityOfCaller, type Caller } from '../role/caller.js'
import { permissionOf } from '../role/permission.js'
import type { RoleDirectory } from '../role/role.js'
import type { StsOutcome } from './action.js'
import { refusal, type Refusal } from './wire-errors.js'

export interface PermissionDeps {
  /** The directory in force now. */
  readonly directory: () => RoleDirectory
  readonly now: Clock
}

export interface NeededPermission {
  /** e.g. `sts:GetAccessKeyInfo` */
  readonly action: string
  /** ARN; `*` by default, for an action that has no resource. */
  readonly resource?: string
  readonly context?: ReadonlyMap<string, ContextValue>
}

/** @returns undefined when the caller has it. */
export function lacks(
  caller: Caller,
  origin: RequestOrigin,
  needed: NeededPermission,
  deps: PermissionDeps,
): Refusal | undefined {
  const { action, resource = '*', context } = needed
  const { decision } = permissionOf(
    { caller, action, resource, origin, ...(context === undefined ? {} : { context }) },
    deps.directory(),
    deps.now(),
  )
  return decision.outcome === 'allowed'
    ? undefined
    : { ...notAuthorized(caller, action, resource), cause: describeDecision(decision) }
}

/** The same sentence whatever the reason, so that it tells nothing about policies. */
export function notAuthorized(caller: Caller, action: string, resource: string): Refusal {
  return refusal(
    'AccessDenied',
    `User: ${identityOfCaller(caller).arn} is not authorized to perform: ${action} on resource: ${resource}`,
    'sts:permission',
  )
}

/** An outcome that nobody has recorded yet. */
export function refused(refusal: Refusal): StsOutcome {
  return { ok: false, refusal, recorded: false }
}
