/**
 * Audit records of what never reached the broker: requests that were malformed, not authenticated or refused by an
 * action itself, and GetCallerIdentity. Role decisions are recorded by the broker.
 */
import { auditEvent, identityOfSigner, type AuditFacts } from '../audit/build-event.js'
import type { AuditEvent, UserIdentity } from '../audit/event.js'
import { accountOfCaller } from '../role/caller.js'
import type { StsOutcome } from './action.js'
import type { Progress } from './dispatch.js'

/** @param progress its action is as sent, and shown only when it looks like an action's name. */
export function stsEvent(
  progress: Progress,
  outcome: StsOutcome,
  { now, eventID }: { readonly now: Date; readonly eventID: string },
): AuditEvent {
  const { caller, parameters, action } = progress
  const roleArn = parameters?.roleArn
  const facts: { -readonly [Field in keyof AuditFacts]: AuditFacts[Field] } = {
    now,
    eventID,
    origin: progress.origin,
    eventSource: 'sts.amazonaws.com',
    eventName: /^[A-Za-z]{1,64}$/.test(action) ? action : 'Unknown',
    eventType: 'AwsApiCall',
    userIdentity: identityIn(progress, outcome),
    requestParameters: parameters,
    responseElements: outcome.ok ? (outcome.elements ?? null) : null,
    readOnly: true,
  }
  if (typeof roleArn === 'string')
    facts.resources = [{ ARN: roleArn, accountId: roleArn.split(':')[4] ?? '', type: 'AWS::IAM::Role' }]
  if (!outcome.ok) {
    const { refusal } = outcome
    facts.errorCode = refusal.code
    facts.errorMessage = beginning(refusal.message)
    facts.additionalEventData = {
      ...(refusal.reason === undefined ? {} : { reason: refusal.reason }),
      ...(refusal.cause === undefined ? {} : { cause: refusal.cause }),
      ...(caller === undefined ? {} : { identityProven: progress.proven }),
    }
  }
  if (caller !== undefined) facts.recipientAccountId = accountOfCaller(caller)
  return auditEvent(facts)
}

const maxMessageLength = 1_000

/** Sentences repeat what was sent; the record keeps enough of it to recognise it. */
function beginning(message: string): string {
  return message.length > maxMessageLength ? `${message.slice(0, maxMessageLength)}…` : message
}

function identityIn({ caller }: Progress, outcome: StsOutcome): UserIdentity {
  if (!outcome.ok && outcome.identity !== undefined) return outcome.identity
  return caller === undefined ? { type: 'Unknown' } : identityOfSigner(caller)
}
