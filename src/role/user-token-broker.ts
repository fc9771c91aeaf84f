/**
 * evaluate → issue → record for what a user takes with a long-term key: a session of its own (GetSessionToken) and a
 * session for somebody it federates (GetFederationToken). In this file only; what could not be recorded is not handed
 * out. Which credentials may ask at all is decided before.
 */
import { auditEvent, identityOfSigner } from '../audit/build-event.js'
import type { AuditFacts } from '../audit/build-event.js'
import type { RequestOrigin } from '../audit/event.js'
import { Fault } from '../fault.js'
import type { ContextValue } from '../policy/context.js'
import type { Decision } from '../policy/evaluate.js'
import { identityOfCaller, type UserCaller } from './caller.js'
import { chainFrom, originOfCaller } from './lineage.js'
import { packedPolicyPercent } from './packed-size.js'
import { permissionOf } from './permission.js'
import { failureOf, issuedCredentials, judged } from './record.js'
import { narrowingOf, type Recorded } from './recorded-parameters.js'
import { addRequestTags } from './request-context.js'
import type { RoleDirectory } from './role.js'
import type { RoleBrokerDeps } from './role-broker.js'
import type { FederatedUserSession, TemporaryCredentials } from './session.js'
import { userSessionEnd } from './session-lifetime.js'
import { assertInlinePolicies, assertManagedPolicies } from './session-policies.js'
import { joinTags, noTags } from './session-tags.js'

interface UserTokenRequest {
  readonly caller: UserCaller
  /** 900 to 129,600, already checked; absent means 43,200 or what the server allows, if less. */
  readonly durationSeconds?: number
  /** 0 to 4,096 characters: the session token is padded to at least that. */
  readonly minimumTokenLength?: number
  readonly origin: RequestOrigin
}

export interface SessionTokenRequest extends UserTokenRequest {
  /** When the MFA code that came along was accepted, and whose device it was. */
  readonly multiFactor?: { readonly at: Date; readonly serialNumber: string }
}

export interface FederationTokenRequest extends UserTokenRequest {
  /** Already checked against `[\w+=,.@-]{2,32}`. */
  readonly name: string
  readonly sessionPolicies?: readonly string[]
  readonly policyArns?: readonly string[]
  readonly tags?: ReadonlyMap<string, string>
}

export type FederationTokenOutcome =
  | {
      readonly granted: true
      readonly credentials: TemporaryCredentials
      readonly session: FederatedUserSession
      readonly packedPolicyPercent?: number
    }
  | { readonly granted: false; readonly deniedAction: string; readonly resource: string }

export interface UserTokenBroker {
  /**
   * Needs no permission, and no policy can forbid it.
   * @throws {Fault} `InvalidRequest` (duration beyond the server's maximum), `AuditUnavailable`.
   */
  sessionToken(request: SessionTokenRequest): Promise<TemporaryCredentials>
  /**
   * Needs `sts:GetFederationToken`, and `sts:TagSession` when tags are passed.
   * @throws {Fault} as `RoleBroker.assume`.
   */
  federationToken(request: FederationTokenRequest): Promise<FederationTokenOutcome>
}

export function createUserTokenBroker(deps: RoleBrokerDeps): UserTokenBroker {
  return {
    sessionToken: (request) =>
      recordingFaults(deps, sessionTokenFacts(request), () => session(deps, request)),
    federationToken: (request) =>
      recordingFaults(deps, federationTokenFacts(request), () => federate(deps, request)),
  }
}

async function session(deps: RoleBrokerDeps, request: SessionTokenRequest): Promise<TemporaryCredentials> {
  const { caller, multiFactor } = request
  const now = deps.now()
  const issued = deps.credentials.issue(
    {
      type: 'user',
      account: caller.user.account,
      userArn: caller.user.arn,
      userId: caller.user.id,
      issuedAt: now,
      expiresAt: userSessionEnd(now, request.durationSeconds, deps.limits()),
      ...(multiFactor === undefined ? {} : { multiFactorAt: multiFactor.at }),
      origin: originOfCaller(caller, now),
      chain: chainFrom(caller),
    },
    request.minimumTokenLength,
  )
  const { session: _, ...credentials } = issued
  await record(deps, sessionTokenFacts(request), {
    responseElements: { credentials: issuedCredentials(issued) },
    additionalEventData: { multiFactor: multiFactor !== undefined },
  })
  deps.metrics.issued('GetSessionToken')
  return credentials
}

async function federate(
  deps: RoleBrokerDeps,
  request: FederationTokenRequest,
): Promise<FederationTokenOutcome> {
  const directory = deps.directory()
  const now = deps.now()
  const { caller, name } = request
  const { user } = caller
  const policies = request.sessionPolicies ?? []
  const policyArns = request.policyArns ?? []
  assertInlinePolicies(policies)
  const { tags } = joinTags({ tags: request.tags ?? noTags.tags, transitiveTagKeys: [] }, noTags)
  const packedPercent = packedPolicyPercent(policies, policyArns, tags)

  const resource = federatedUserArn(user.account, name)
  const permission = permitted(request, resource, tags, directory, now)
  if (permission.deniedAction !== undefined) {
    const { deniedAction } = permission
    await record(deps, federationTokenFacts(request), {
      errorCode: 'AccessDenied',
      errorMessage: `User: ${user.arn} is not authorized to perform: ${deniedAction} on resource: ${resource}`,
      additionalEventData: { ...judged(permission.decision), deniedAction, reason: 'sts:permission' },
    })
    return { granted: false, deniedAction, resource }
  }

  assertManagedPolicies(policyArns, user.account, directory)
  const issued = deps.credentials.issue(
    {
      type: 'federated-user',
      account: user.account,
      userArn: user.arn,
      userId: user.id,
      name,
      tags,
      issuedAt: now,
      expiresAt: userSessionEnd(now, request.durationSeconds, deps.limits()),
      ...(policies.length === 0 ? {} : { sessionPolicies: policies }),
      ...(policyArns.length === 0 ? {} : { policyArns }),
      origin: originOfCaller(caller, now),
      chain: chainFrom(caller),
    },
    request.minimumTokenLength,
  )
  const { session: federated, ...credentials } = issued
  const { arn, userId } = identityOfCaller({ type: 'session', session: federated })
  await record(deps, federationTokenFacts(request), {
    responseElements: {
      credentials: issuedCredentials(federated),
      federatedUser: { federatedUserId: userId, arn },
      ...(packedPercent === undefined ? {} : { packedPolicySize: packedPercent }),
    },
    additionalEventData: judged(permission.decision),
  })
  deps.metrics.issued('GetFederationToken')
  return {
    granted: true,
    credentials,
    session: federated,
    ...(packedPercent === undefined ? {} : { packedPolicyPercent: packedPercent }),
  }
}

/** Every authorisation that is needed, by the same rules; the first that fails is the answer. */
function permitted(
  { caller, origin }: FederationTokenRequest,
  resource: string,
  tags: ReadonlyMap<string, string>,
  directory: RoleDirectory,
  now: Date,
): { readonly decision: Decision; readonly deniedAction?: string } {
  const context = new Map<string, ContextValue>()
  addRequestTags(context, tags)
  const ask = (action: string) =>
    permissionOf({ caller, action, resource, context, origin }, directory, now).decision
  const decision = ask('sts:GetFederationToken')
  if (decision.outcome !== 'allowed') return { decision, deniedAction: 'sts:GetFederationToken' }
  if (tags.size === 0) return { decision }
  const tagging = ask('sts:TagSession')
  return tagging.outcome === 'allowed' ? { decision } : { decision: tagging, deniedAction: 'sts:TagSession' }
}

type Facts = Pick<AuditFacts, 'origin' | 'eventName' | 'requestParameters' | 'resources'> & {
  readonly caller: UserCaller
}

function sessionTokenFacts({ caller, origin, durationSeconds, multiFactor }: SessionTokenRequest): Facts {
  const parameters: Recorded = {
    ...(durationSeconds === undefined ? {} : { durationSeconds }),
    ...(multiFactor === undefined ? {} : { serialNumber: multiFactor.serialNumber }),
  }
  return {
    caller,
    origin,
    eventName: 'GetSessionToken',
    requestParameters: Object.keys(parameters).length === 0 ? null : parameters,
  }
}

function federationTokenFacts(request: FederationTokenRequest): Facts {
  const { caller, origin, name, durationSeconds } = request
  return {
    caller,
    origin,
    eventName: 'GetFederationToken',
    requestParameters: {
      name,
      ...(durationSeconds === undefined ? {} : { durationSeconds }),
      ...narrowingOf(request),
    },
  }
}

async function record(
  deps: RoleBrokerDeps,
  { caller, ...facts }: Facts,
  outcome: Partial<AuditFacts>,
): Promise<void> {
  await deps.audit.record(
    auditEvent({
      ...facts,
      ...outcome,
      now: deps.now(),
      eventID: deps.randomUuid(),
      eventSource: 'sts.amazonaws.com',
      userIdentity: identityOfSigner(caller),
      recipientAccountId: caller.user.account,
    }),
  )
}

async function recordingFaults<Result>(
  deps: RoleBrokerDeps,
  facts: Facts,
  run: () => Promise<Result>,
): Promise<Result> {
  try {
    return await run()
  } catch (cause) {
    if (!(cause instanceof Fault) || cause.code === 'AuditUnavailable') throw cause
    await record(deps, facts, {
      ...failureOf(cause),
      ...(cause.reason === undefined ? {} : { additionalEventData: { reason: cause.reason } }),
    })
    throw cause
  }
}

function federatedUserArn(account: string, name: string): string {
  return `arn:aws:sts::${account}:federated-user/${name}`
}
