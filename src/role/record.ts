/** The audit records of role decisions: what was asked, what was decided and by which statements, what was issued. */
import { auditEvent, identityOf, identityOfSigner } from '../audit/build-event.js'
import type { AuditEvent } from '../audit/event.js'
import type { Clock, Fault } from '../fault.js'
import { providerArn } from '../federation/provider-arn.js'
import type { Decision } from '../policy/evaluate.js'
import { describeDecision } from '../policy/explain.js'
import { actionFor } from './authorize.js'
import type { AssumeRequest } from './broker.js'
import { deniedMessage } from './denied-message.js'
import { originOfCaller } from './lineage.js'
import { nameQualifierOf } from './name-qualifier.js'
import { accountOf, parametersOf, type Recorded } from './recorded-parameters.js'
import { sessionArn, type RoleSession } from './role-session.js'

export interface RecordDeps {
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
      credentials: issuedCredentials(session),
      assumedRoleUser: {
        assumedRoleId: `${session.roleId}:${session.sessionName}`,
        arn: sessionArn(session),
      },
      ...saidOfProof(request),
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
  const { decision, deniedAction, reason } = denial
  return auditEvent({
    ...base(deps, request),
    errorCode: 'AccessDenied',
    errorMessage: deniedMessage(request.caller, deniedAction, request.roleArn),
    responseElements: null,
    additionalEventData: { ...who(request), ...judged(decision), deniedAction, reason },
  })
}

export function failureEvent(deps: RecordDeps, request: AssumeRequest, fault: Fault): AuditEvent {
  return auditEvent({
    ...base(deps, request),
    ...failureOf(fault),
    responseElements: null,
    additionalEventData: { ...who(request), ...(fault.reason === undefined ? {} : { reason: fault.reason }) },
  })
}

/** A Fault as CloudTrail would name it. */
export function failureOf(fault: Fault): Pick<AuditEvent, 'errorCode' | 'errorMessage'> {
  return {
    errorCode: fault.code === 'InvalidRequest' ? 'ValidationError' : fault.code,
    errorMessage: fault.message,
  }
}

export function issuedCredentials(session: {
  readonly accessKeyId: string
  readonly expiresAt: Date
}): Recorded {
  return { accessKeyId: session.accessKeyId, expiration: cloudTrailTime(session.expiresAt) }
}

export function judged(decision: Decision): Recorded {
  return {
    decision: decision.outcome,
    explanation: describeDecision(decision),
    statements: decision.matched,
  }
}

function base(deps: RecordDeps, request: AssumeRequest) {
  const { roleArn, caller } = request
  const account = accountOf(roleArn)
  const role = { ARN: roleArn, accountId: account, type: 'AWS::IAM::Role' }
  const isSaml = caller.type === 'assertion' && caller.assertion.kind === 'saml'
  return {
    now: deps.now(),
    eventID: deps.randomUuid(),
    origin: request.origin,
    eventSource: request.eventSource,
    eventName: request.eventName,
    eventType:
      request.eventSource === 'sts.amazonaws.com' ? ('AwsApiCall' as const) : ('AwsServiceEvent' as const),
    userIdentity: caller.type === 'assertion' ? identityOf(caller.assertion) : identityOfSigner(caller),
    requestParameters: parametersOf(request),
    resources: isSaml
      ? [
          role,
          {
            ARN: providerArn(account, caller.assertion),
            accountId: account,
            type: 'AWS::IAM::SAMLProvider',
          },
        ]
      : [role],
    readOnly: true,
    recipientAccountId: account,
  }
}

/** What STS answers about the assertion or token, beside the credentials. */
function saidOfProof({ caller, roleArn, eventSource }: AssumeRequest): Recorded {
  if (caller.type !== 'assertion' || eventSource !== 'sts.amazonaws.com') return {}
  const { assertion } = caller
  const { kind, subject, issuer, audience } = assertion
  switch (kind) {
    case 'saml':
      return { subject, issuer, audience, nameQualifier: nameQualifierOf(assertion, accountOf(roleArn)) }
    case 'oidc':
      return { subjectFromWebIdentityToken: subject, provider: issuer, audience }
    case 'ldap':
    case 'local':
      return { subject, provider: issuer }
  }
}

function who(request: AssumeRequest): Recorded {
  const { caller } = request
  const action = `sts:${actionFor(caller)}`
  if (caller.type !== 'assertion') {
    const { issuer, subject } = originOfCaller(caller, new Date(0))
    return { action, issuer, subject }
  }
  const { assertion } = caller
  return {
    action,
    provider: providerArn(accountOf(request.roleArn), assertion),
    issuer: assertion.issuer,
    subject: assertion.subject,
    multiFactor: assertion.multiFactor,
  }
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** CloudTrail writes expirations as `Jul 18, 2014, 4:07:39 PM`, in UTC. By hand: `Intl` costs more than the sealing. */
export function cloudTrailTime(instant: Date): string {
  const hour = instant.getUTCHours()
  const day = `${months[instant.getUTCMonth()]} ${instant.getUTCDate()}, ${instant.getUTCFullYear()}`
  const time = `${hour % 12 || 12}:${twoDigits(instant.getUTCMinutes())}:${twoDigits(instant.getUTCSeconds())}`
  return `${day}, ${time} ${hour < 12 ? 'AM' : 'PM'}`
}

function twoDigits(number: number): string {
  return number < 10 ? `0${number}` : String(number)
}
