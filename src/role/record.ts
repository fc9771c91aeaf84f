/** The audit records of role decisions: what was asked, what was decided and by which statements, what was issued. */
import { auditEvent, identityOf, identityOfSigner } from '../audit/build-event.js'
import type { AuditEvent } from '../audit/event.js'
import type { Clock, Fault } from '../fault.js'
import { providerArn } from '../federation/provider-arn.js'
import type { Decision } from '../policy/evaluate.js'
import { describeDecision } from '../policy/explain.js'
import { actionFor } from './authorize.js'
import type { AssumeRequest } from './broker.js'
import { originOfCaller } from './lineage.js'
import { sessionArn, type RoleSession } from './role-session.js'

interface RecordDeps {
  readonly now: Clock
  readonly randomUuid: () => string
}

export function grantEvent(
  deps: RecordDeps,
  request: AssumeRequest,
  grant: {
    readonly decision: Decision
    readonly session: RoleSession
    readonly packedPercent: number | undefined
  },
): AuditEvent {
  const { session } = grant
  return auditEvent({
    ...base(deps, request),
    responseElements: {
      credentials: { accessKeyId: session.accessKeyId, expiration: cloudTrailTime(session.expiresAt) },
      assumedRoleUser: {
        assumedRoleId: `${session.roleId}:${session.sessionName}`,
        arn: sessionArn(session),
      },
      ...(grant.packedPercent === undefined ? {} : { packedPolicySize: grant.packedPercent }),
      ...(session.sourceIdentity === undefined ? {} : { sourceIdentity: session.sourceIdentity }),
    },
    additionalEventData: {
      ...who(request),
      ...judged(grant.decision),
      chain: session.chain.map(({ accessKeyId }) => accessKeyId),
    },
  })
}

export function denialEvent(
  deps: RecordDeps,
  request: AssumeRequest,
  denial: { readonly decision: Decision; readonly deniedAction: string; readonly reason: string },
): AuditEvent {
  return auditEvent({
    ...base(deps, request),
    errorCode: 'AccessDenied',
    errorMessage: `Not authorized to perform ${denial.deniedAction}`,
    responseElements: null,
    additionalEventData: { ...who(request), ...judged(denial.decision), reason: denial.reason },
  })
}

export function failureEvent(deps: RecordDeps, request: AssumeRequest, fault: Fault): AuditEvent {
  return auditEvent({
    ...base(deps, request),
    errorCode: fault.code,
    errorMessage: fault.message,
    responseElements: null,
    additionalEventData: { ...who(request), ...(fault.reason === undefined ? {} : { reason: fault.reason }) },
  })
}

function base(deps: RecordDeps, request: AssumeRequest) {
  const account = request.roleArn.split(':')[4] ?? ''
  return {
    now: deps.now(),
    eventID: deps.randomUuid(),
    origin: request.origin,
    eventSource: request.eventSource,
    eventName: request.eventName,
    eventType:
      request.eventSource === 'sts.amazonaws.com' ? ('AwsApiCall' as const) : ('AwsServiceEvent' as const),
    userIdentity:
      request.caller.type === 'assertion'
        ? identityOf(request.caller.assertion)
        : identityOfSigner(request.caller),
    requestParameters: parameters(request),
    resources: [{ ARN: request.roleArn, accountId: account, type: 'AWS::IAM::Role' }],
    readOnly: true,
    recipientAccountId: account,
  }
}

/** Session policies and external ids are recorded as CloudTrail does; codes, tokens and assertions never are. */
function parameters(request: AssumeRequest): Readonly<Record<string, unknown>> {
  return {
    roleArn: request.roleArn,
    roleSessionName: request.sessionName,
    ...(request.durationSeconds === undefined ? {} : { durationSeconds: request.durationSeconds }),
    ...(request.externalId === undefined ? {} : { externalId: request.externalId }),
    ...(request.sourceIdentity === undefined ? {} : { sourceIdentity: request.sourceIdentity }),
    ...(request.sessionPolicies === undefined || request.sessionPolicies.length === 0
      ? {}
      : { policy: request.sessionPolicies.join('\n') }),
    ...(request.policyArns === undefined || request.policyArns.length === 0
      ? {}
      : { policyArns: request.policyArns.map((arn) => ({ arn })) }),
    ...(request.multiFactor === undefined ? {} : { serialNumber: request.multiFactor.serialNumber }),
    ...(request.contexts === undefined || request.contexts.length === 0
      ? {}
      : { providedContexts: request.contexts.map(({ providerArn }) => ({ providerArn })) }),
    ...(request.tags === undefined || request.tags.size === 0
      ? {}
      : { tags: [...request.tags].map(([key, value]) => ({ key, value })) }),
    ...(request.transitiveTagKeys === undefined || request.transitiveTagKeys.length === 0
      ? {}
      : { transitiveTagKeys: request.transitiveTagKeys }),
  }
}

function who(request: AssumeRequest): Readonly<Record<string, unknown>> {
  const { caller } = request
  const action = `sts:${actionFor(caller)}`
  if (caller.type !== 'assertion') {
    const { issuer, subject } = originOfCaller(caller, new Date(0))
    return { action, issuer, subject }
  }
  const { assertion } = caller
  return {
    action,
    provider: providerArn(request.roleArn.split(':')[4] ?? '', assertion),
    issuer: assertion.issuer,
    subject: assertion.subject,
    multiFactor: assertion.multiFactor,
  }
}

function judged(decision: Decision): Readonly<Record<string, unknown>> {
  return {
    decision: decision.outcome,
    explanation: describeDecision(decision),
    statements: decision.matched,
  }
}

const cloudTrailFormat = new Intl.DateTimeFormat('en-US', {
  timeZone: 'UTC',
  month: 'short',
  day: 'numeric',
  year: 'numeric',
  hour: 'numeric',
  minute: '2-digit',
  second: '2-digit',
})

/** CloudTrail writes expirations as `Jul 18, 2014, 4:07:39 PM`; newer ICU puts a narrow no-break space before PM. */
function cloudTrailTime(instant: Date): string {
  return cloudTrailFormat.format(instant).replaceAll('\u202f', ' ')
}
