/**
 * The audit records that the pages write themselves: signing in and out, leaving a role, deciding about a program.
 * Becoming a role is recorded by the role room.
 */
import { auditEvent, type AuditFacts } from '../audit/build-event.js'
import type { AuditEvent, AuditLog, RequestOrigin, UserIdentity } from '../audit/event.js'
import type { Clock, FaultCode, RandomBytes } from '../fault.js'
import type { IdentityProvider } from '../federation/assertion.js'
import type { Log } from '../operation/log.js'
import { oneSpelling } from '../session/throttle.js'

/** Makes a record of something that was done at this request's origin. */
export type RecordMaker = (
  origin: RequestOrigin,
  what: Omit<AuditFacts, 'origin' | 'now' | 'eventID'>,
) => AuditEvent

export function createRecordMaker(deps: { readonly now: Clock; readonly random: RandomBytes }): RecordMaker {
  return (origin, what) => auditEvent({ ...what, origin, now: deps.now(), eventID: uuid(deps.random(16)) })
}

/**
 * Somebody who could not be identified. The typed name is left out: people type passwords into the wrong field.
 */
export const unknownIdentity: UserIdentity = { type: 'Unknown', userName: 'HIDDEN_DUE_TO_SECURITY_REASONS' }

/** Who was tried and not proved: an account of ours by its own name, anybody else by a digest of what was typed. */
export interface Attempted {
  readonly userIdentity: UserIdentity
  /** Ties attempts on one name together: a keyed digest of `<provider>/<name>`, in one spelling. */
  readonly userNameDigest?: string
}

export async function attemptedIdentity(
  provider: IdentityProvider,
  typed: string,
  digest: (text: string) => string,
): Promise<Attempted> {
  const userNameDigest = digest(oneSpelling(`${provider.name}/${typed}`))
  const userName = await provider.password?.accountNamed?.(typed)
  return userName === undefined
    ? { userIdentity: unknownIdentity, userNameDigest }
    : { userIdentity: { type: 'LocalUser', userName } }
}

/** Writes down an attempt that was turned away. Nothing was granted, so an unwritten record changes no answer. */
export type RefusalRecorder = (
  origin: RequestOrigin,
  refusal: {
    readonly code: FaultCode
    readonly reason: string
    readonly path: string
    readonly userIdentity?: UserIdentity
  },
) => Promise<void>

export function createRefusalRecorder(
  deps: { readonly audit: AuditLog; readonly log: Log },
  record: RecordMaker,
): RefusalRecorder {
  return async (origin, { code, reason, path, userIdentity = unknownIdentity }) => {
    const event = record(origin, {
      eventSource: 'signin.amazonaws.com',
      eventName: 'RequestRefused',
      userIdentity,
      errorCode: code,
      errorMessage: 'The request was refused',
      additionalEventData: { reason, path },
    })
    await deps.audit
      .record(event)
      .catch((cause: unknown) => deps.log.error('portal.refusal.unrecorded', { reason, cause }))
  }
}

/** RFC 9562 §5.4, from the randomness that was passed in. */
function uuid(random: Buffer): string {
  const bytes = Buffer.from(random)
  bytes[6] = (bytes[6]! & 0x0f) | 0x40
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
