/**
 * evaluate → issue → record for sessions as the root of a member account (AssumeRoot), in this file only. What could
 * not be recorded is not handed out.
 *
 * Two rules stand beside the caller's own permission: the caller belongs to the organization's management account or
 * to one of its root-session administrators, and the target is a member. Nobody is told which of them failed.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoot.html
 */
import { auditEvent, identityOfSigner } from '../audit/build-event.js'
import type { AuditEvent, AuditLog, RequestOrigin } from '../audit/event.js'
import type { SessionCredentials } from '../credentials/credentials.js'
import type { Clock } from '../fault.js'
import type { Metrics } from '../operation/metrics.js'
import { compilePolicy, type PolicyDocument } from '../policy/document.js'
import type { Decision } from '../policy/evaluate.js'
import { implicitDeny } from './authorize.js'
import { identityOfCaller, type Caller } from './caller.js'
import { chainFrom, originOfCaller } from './lineage.js'
import { permissionOf } from './permission.js'
import { issuedCredentials, judged } from './record.js'
import type { Organization, RoleDirectory } from './role.js'
import type { RootSession, TemporaryCredentials } from './session.js'

export interface RootSessionRequest {
  readonly caller: Caller
  /** Account whose root the session is to be: 12 digits. */
  readonly target: string
  /** As it was asked for: an account id or an ARN. */
  readonly targetPrincipal: string
  /** One of the five published ones, `arn:aws:iam::aws:policy/root-task/…`. */
  readonly taskPolicyArn: string
  /** 0 to 900, already checked. */
  readonly durationSeconds?: number
  /** 0 to 4,096 characters: the session token is padded to at least that. */
  readonly minimumTokenLength?: number
  readonly origin: RequestOrigin
}

export type RootSessionOutcome =
  | { readonly granted: true; readonly credentials: TemporaryCredentials; readonly session: RootSession }
  /** Alike for every reason; which it was stands in the record only. */
  | { readonly granted: false }

export interface RootSessionBroker {
  /** @throws {Fault} `AuditUnavailable`. */
  assumeRoot(request: RootSessionRequest): Promise<RootSessionOutcome>
}

export interface RootSessionBrokerDeps {
  readonly directory: () => RoleDirectory
  readonly credentials: SessionCredentials
  readonly audit: AuditLog
  readonly metrics: Metrics
  readonly now: Clock
  readonly randomUuid: () => string
}

const defaultSeconds = 900

export function createRootSessionBroker(deps: RootSessionBrokerDeps): RootSessionBroker {
  return {
    async assumeRoot(request) {
      const { caller } = request
      const directory = deps.directory()
      const now = deps.now()
      const { decision, reason } = judge(request, directory, now)
      if (decision.outcome !== 'allowed') {
        await deps.audit.record(denialEvent(deps, request, decision, reason))
        return { granted: false }
      }
      const sourceIdentity = caller.type === 'session' ? caller.session.sourceIdentity : undefined
      const seconds = request.durationSeconds ?? defaultSeconds
      const { session, ...credentials } = deps.credentials.issue(
        {
          type: 'root',
          account: request.target,
          taskPolicyArn: request.taskPolicyArn,
          issuedAt: now,
          expiresAt: new Date(now.getTime() + seconds * 1000),
          ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
          origin: originOfCaller(caller, now),
          chain: chainFrom(caller),
        },
        request.minimumTokenLength,
      )
      await deps.audit.record(grantEvent(deps, request, decision, session))
      deps.metrics.issued('AssumeRoot')
      return { granted: true, credentials, session }
    },
  }
}

function judge(
  { caller, target, taskPolicyArn, origin }: RootSessionRequest,
  directory: RoleDirectory,
  now: Date,
): { readonly decision: Decision; readonly reason: string } {
  const { organization } = directory
  const denied = (reason: string) => ({ decision: implicitDeny, reason })
  if (organization.managementAccount === undefined) return denied('sts:root-sessions-off')
  const { account } = identityOfCaller(caller)
  if (!mayAdminister(organization, account)) return denied('sts:root-administrator')
  if (caller.type === 'session' && caller.session.type === 'root') return denied('sts:root-caller')
  // An account has an alias, too; only its id names it here.
  if (directory.account(target)?.id !== target || target === organization.managementAccount)
    return denied('sts:root-target')
  const { decision } = permissionOf(
    {
      caller,
      action: 'sts:AssumeRoot',
      resource: rootArn(target),
      resourceAccount: target,
      resourcePolicy: trustIn(account),
      context: new Map([['sts:taskpolicyarn', taskPolicyArn]]),
      origin,
    },
    directory,
    now,
  )
  return { decision, reason: 'sts:permission' }
}

function mayAdminister({ managementAccount, rootSessionAdministrators }: Organization, account: string) {
  return account === managementAccount || rootSessionAdministrators?.includes(account) === true
}

/** What membership in the organization amounts to: the member's root trusts this account, which decides who may. */
function trustIn(account: string): PolicyDocument {
  const source = {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { AWS: rootArn(account) }, Action: 'sts:AssumeRoot', Resource: '*' },
    ],
  }
  const compiled = compilePolicy(source, 'resource', 'organization')
  if (!compiled.ok) throw new TypeError('the trust of a member account does not compile')
  return compiled.policy
}

function rootArn(account: string): string {
  return `arn:aws:iam::${account}:root`
}

function grantEvent(
  deps: RootSessionBrokerDeps,
  request: RootSessionRequest,
  decision: Decision,
  session: RootSession,
): AuditEvent {
  const { sourceIdentity, chain } = session
  return auditEvent({
    ...base(deps, request),
    responseElements: {
      credentials: issuedCredentials(session),
      ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
    },
    additionalEventData: { ...judged(decision), chain: chain.map((link) => link.accessKeyId) },
  })
}

function denialEvent(
  deps: RootSessionBrokerDeps,
  request: RootSessionRequest,
  decision: Decision,
  reason: string,
): AuditEvent {
  return auditEvent({
    ...base(deps, request),
    errorCode: 'AccessDenied',
    errorMessage: 'Not authorized to perform sts:AssumeRoot',
    additionalEventData: { ...judged(decision), reason },
  })
}

function base(deps: RootSessionBrokerDeps, request: RootSessionRequest) {
  const { caller, origin, targetPrincipal, taskPolicyArn, durationSeconds } = request
  return {
    now: deps.now(),
    eventID: deps.randomUuid(),
    origin,
    eventSource: 'sts.amazonaws.com' as const,
    eventName: 'AssumeRoot',
    userIdentity: identityOfSigner(caller),
    requestParameters: {
      targetPrincipal,
      taskPolicyArn: { arn: taskPolicyArn },
      ...(durationSeconds === undefined ? {} : { durationSeconds }),
    },
    readOnly: true,
    recipientAccountId: identityOfCaller(caller).account,
  }
}
