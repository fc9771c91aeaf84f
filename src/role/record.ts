/** The audit records of role decisions: what was asked, what was decided and by which statements, what was issued. */
import { auditEvent, identityOf, identityOfSigner, type AuditFacts } from '../audit/build-event.js'
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
  const { session, decision } = grant
  const elements: Record<string, unknown> = {
    credentials: issuedCredentials(session),
    assumedRoleUser: {
      assumedRoleId: `${session.roleId}:${session.sessionName}`,
      arn: sessionArn(session),
    },
  }
  addSaidOfProof(elements, request)
  if (grant.packedPercent !== undefined) elements.packedPolicySize = grant.packedPercent
  if (session.sourceIdentity !== undefined) elements.sourceIdentity = session.sourceIdentity
  const data = who(request)
  addJudgement(data, decision)
  data.chain = session.chain.map(({ accessKeyId }) => accessKeyId)
  return auditEvent(factsOf(deps, request, { responseElements: elements, additionalEventData: data }))
}

export function denialEvent(
  deps: RecordDeps,
  request: AssumeRequest,
  denial: { readonly decision: Decision; readonly deniedAction: string; readonly reason: string },
): AuditEvent {
  const { decision, deniedAction, reason } = denial
  return auditEvent(
    factsOf(deps, request, {
      errorCode: 'AccessDenied',
      errorMessage: deniedMessage(request.caller, deniedAction, request.roleArn),
      additionalEventData: { ...who(request), ...judged(decision), deniedAction, reason },
    }),
  )
}

export function failureEvent(deps: RecordDeps, request: AssumeRequest, fault: Fault): AuditEvent {
  const { reason } = fault
  return auditEvent(
    factsOf(deps, request, {
      ...failureOf(fault),
      additionalEventData: { ...who(request), ...(reason === undefined ? {} : { reason }) },
    }),
  )
}

/** A Fault as CloudTrail would name it. */
export function failureOf(fault: Fault): Pick<AuditEvent, 'errorCode' | 'errorMessage'> {
  return { errorCode: recordedCodes.get(fault.code) ?? fault.code, errorMessage: fault.message }
}

/** One fault has one name, here and on the STS wire. */
const recordedCodes: ReadonlyMap<Fault['code'], string> = new Map([
  ['InvalidRequest', 'ValidationError'],
  ['StoreUnavailable', 'ServiceUnavailable'],
])

export function issuedCredentials(session: {
  readonly accessKeyId: string
  readonly expiresAt: Date
}): Recorded {
  return { accessKeyId: session.accessKeyId, expiration: cloudTrailTime(session.expiresAt) }
}

export function judged(decision: Decision): Recorded {
  const data = {}
  addJudgement(data, decision)
  return data
}

function addJudgement(data: Record<string, unknown>, decision: Decision): void {
  data.decision = decision.outcome
  data.explanation = describeDecision(decision)
  data.statements = decision.matched
}

type Result = Pick<AuditFacts, 'responseElements' | 'additionalEventData' | 'errorCode' | 'errorMessage'>

function factsOf(deps: RecordDeps, request: AssumeRequest, result: Result): AuditFacts {
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
    ...result,
  }
}

/** What STS answers about the assertion or token, beside the credentials. */
function addSaidOfProof(
  elements: Record<string, unknown>,
  { caller, roleArn, eventSource }: AssumeRequest,
): void {
  if (caller.type !== 'assertion' || eventSource !== 'sts.amazonaws.com') return
  const { assertion } = caller
  const { kind, subject, issuer, audience } = assertion
  switch (kind) {
    case 'saml': {
      const nameQualifier = nameQualifierOf(assertion, accountOf(roleArn))
      Object.assign(elements, { subject, issuer, audience, nameQualifier })
      break
    }
    case 'oidc':
      Object.assign(elements, { subjectFromWebIdentityToken: subject, provider: issuer, audience })
      break
    case 'ldap':
    case 'local':
      Object.assign(elements, { subject, provider: issuer })
  }
}

function who(request: AssumeRequest): Record<string, unknown> {
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
