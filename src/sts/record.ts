/**
 * Audit records of what never reached the broker: requests that were malformed, not authenticated or refused by an
 * action itself, and GetCallerIdentity. Role decisions are recorded by the broker.
 */
import { auditEvent, identityOfSigner } from '../audit/build-event.js'
import type { AuditEvent, RequestOrigin, UserIdentity } from '../audit/event.js'
import { identityOfCaller, type Caller } from '../role/caller.js'
import type { Recordable } from './action.js'
import type { Refusal } from './wire-errors.js'

export interface StsRecord {
  readonly now: Date
  readonly eventID: string
  readonly origin: RequestOrigin
  /** As sent; shown only when it looks like an action's name. */
  readonly action: string
  readonly parameters: Recordable | null
  readonly caller?: Caller
  /** Whether the caller's signature was verified, rather than only its token opened. */
  readonly proven: boolean
  readonly identity?: UserIdentity
  readonly refusal?: Refusal
  /** What came of it, where that is worth a record. */
  readonly elements?: Recordable
}

export function stsEvent(record: StsRecord): AuditEvent {
  const { caller, refusal, parameters } = record
  const roleArn = parameters?.roleArn
  return auditEvent({
    now: record.now,
    eventID: record.eventID,
    origin: record.origin,
    eventSource: 'sts.amazonaws.com',
    eventName: /^[A-Za-z]{1,64}$/.test(record.action) ? record.action : 'Unknown',
    eventType: 'AwsApiCall',
    userIdentity: record.identity ?? (caller === undefined ? { type: 'Unknown' } : identityOfSigner(caller)),
    requestParameters: parameters,
    responseElements: record.elements ?? null,
    ...(typeof roleArn === 'string'
      ? { resources: [{ ARN: roleArn, accountId: roleArn.split(':')[4] ?? '', type: 'AWS::IAM::Role' }] }
      : {}),
    ...(refusal === undefined ? {} : { errorCode: refusal.code, errorMessage: refusal.message }),
    ...(refusal === undefined
      ? {}
      : {
          additionalEventData: {
            ...(refusal.reason === undefined ? {} : { reason: refusal.reason }),
            ...(refusal.cause === undefined ? {} : { cause: refusal.cause }),
            ...(caller === undefined ? {} : { identityProven: record.proven }),
          },
        }),
    readOnly: true,
    ...(caller === undefined ? {} : { recipientAccountId: identityOfCaller(caller).account }),
  })
}
