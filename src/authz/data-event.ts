/**
 * Audit records of decisions about requests to others. There may be very many and none of them grants anything that
 * Rolegate keeps, so they are data events, as CloudTrail calls them, and noted rather than waited for.
 */
import { auditEvent, identityOfSigner } from '../audit/build-event.js'
import type { AuditEvent, RequestOrigin } from '../audit/event.js'
import { describeDecision } from '../policy/explain.js'
import { accessKeyIdOf, identityOfCaller, type Caller } from '../role/caller.js'
import type { Permission } from '../role/permission.js'

export interface DecidedResource {
  readonly action: string
  readonly resource: string
  readonly account: string
  readonly decision?: Permission
}

export interface DataFacts {
  readonly now: Date
  readonly eventID: string
  readonly origin: RequestOrigin
  readonly eventName: 'Authorize' | 'Verify'
  /** Who made the call: for `Authorize` the resource server, for `Verify` the client. */
  readonly caller?: Caller
  /** Whether the caller's signature was verified, rather than only its token opened. */
  readonly proven: boolean
  /** Whose request the resource server asked about. */
  readonly client?: Caller
  readonly clientProven?: boolean
  readonly service?: string
  /** One line each, however many a call decides. */
  readonly decided?: readonly DecidedResource[]
  readonly refusal?: { readonly code: string; readonly message: string; readonly reason?: string }
}

export function dataEvent(facts: DataFacts): AuditEvent {
  const { caller, client, service, decided = [], refusal, now, eventID, origin, eventName } = facts
  const [only] = decided
  return auditEvent({
    now,
    eventID,
    origin,
    eventSource: 'rolegate.amazonaws.com',
    eventName,
    eventCategory: 'Data',
    readOnly: true,
    userIdentity: caller === undefined ? { type: 'Unknown' } : identityOfSigner(caller),
    requestParameters: service === undefined ? null : { service, questions: decided.map(shortly) },
    ...(decided.length === 1 && only !== undefined
      ? { resources: [{ ARN: only.resource, accountId: only.account, type: 'Rolegate::Resource' }] }
      : {}),
    ...(refusal === undefined ? {} : { errorCode: refusal.code, errorMessage: refusal.message }),
    additionalEventData: {
      ...(refusal?.reason === undefined ? {} : { reason: refusal.reason }),
      ...(refusal === undefined || caller === undefined ? {} : { identityProven: facts.proven }),
      ...(client === undefined ? {} : { client: { ...shownClient(client), proven: facts.clientProven } }),
    },
    ...(caller === undefined ? {} : { recipientAccountId: identityOfCaller(caller).account }),
  })
}

function shortly({ action, resource, decision }: DecidedResource): Readonly<Record<string, string>> {
  return decision === undefined
    ? { action, resource }
    : { action, resource, outcome: decision.outcome, because: reasonOf(decision) }
}

function reasonOf(decision: Permission): string {
  const { outcome, credentialLimit } = decision
  return credentialLimit === undefined ? describeDecision(decision) : `${outcome}: ${credentialLimit}`
}

function shownClient(client: Caller): Readonly<Record<string, unknown>> {
  const sourceIdentity = client.type === 'session' ? client.session.sourceIdentity : undefined
  return {
    arn: identityOfCaller(client).arn,
    accessKeyId: accessKeyIdOf(client),
    ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
  }
}
