/**
 * `POST /v1/revocations` ends sessions before their time, `GET /v1/revocations` lists what is in force. What a
 * revocation ends is `credentials/`'s business; here it is decided who may, and written down.
 *
 * The revocation comes before its record: where the record cannot be written the answer is an error, and the sessions
 * are over all the same. Ending access is the safe side, and to ask again does no harm.
 */
import { auditEvent, identityOfSigner } from '../audit/build-event.js'
import type { AuditEvent, AuditLog, UserIdentity } from '../audit/event.js'
import type { RevocationList } from '../credentials/revocation-list.js'
import { Fault } from '../fault.js'
import type { WireRequest, WireResponse, WireRoom } from '../http/wire.js'
import type { Log } from '../operation/log.js'
import { describeDecision } from '../policy/explain.js'
import { identityOfCaller } from '../role/caller.js'
import { permissionOf } from '../role/permission.js'
import type { ReplayGuard } from '../signature/replay-guard.js'
import { jsonAnswer, jsonError, signatureStatuses } from './json-answer.js'
import { BadRequest } from './json-reading.js'
import {
  accountOfTarget,
  organizationAccount,
  parseRevocationRequest,
  type AccountsOfProvider,
} from './revocation-request.js'
import { shownRevocation } from './revocation-view.js'
import { authenticateCall, type SignedCall, type SignedCallDeps } from './signed-call.js'

export interface RevocationsRoomDeps extends SignedCallDeps {
  readonly revocations: Pick<RevocationList, 'revoke' | 'hasRoomFor' | 'inForce' | 'ends' | 'endsKey'>
  /** For `POST`, whatever the configuration asks for elsewhere. */
  readonly singleUse: ReplayGuard
  /** Deletes a user's key for ever, so that it is dead beyond the revocation's end. False: there is no such key. */
  readonly deleteKey: (accessKeyId: string) => Promise<boolean>
  readonly providers: () => readonly AccountsOfProvider[]
  readonly audit: AuditLog
  readonly log: Log
  readonly randomUuid: () => string
}

const path = '/v1/revocations'
const maxBodyBytes = 16_384

/** What the record says, filled in while the request goes by. */
interface Progress {
  eventName: string
  userIdentity: UserIdentity
  call?: SignedCall
  parameters: AuditEvent['requestParameters']
  resource?: { readonly ARN: string; readonly accountId: string }
}

type Outcome =
  | { readonly ok: true; readonly body: Readonly<Record<string, unknown>>; readonly record?: AuditEvent['responseElements'] } // prettier-ignore
  | { readonly ok: false; readonly status: number; readonly code: string; readonly message: string; readonly reason: string; readonly more?: Readonly<Record<string, unknown>> } // prettier-ignore

export function createRevocationsRoom(deps: RevocationsRoomDeps): WireRoom {
  async function answer(request: WireRequest, progress: Progress): Promise<Outcome> {
    if (request.method !== 'POST' && request.method !== 'GET')
      return refused(405, 'MethodNotAllowed', 'send GET or POST', 'revoke:method')
    const replay = request.method === 'POST' ? () => onceWhereKnown(request) : deps.replay
    const authenticated = await authenticateCall(request, { ...deps, replay })
    if (!authenticated.ok) {
      const { refusal, claimed } = authenticated
      if (claimed !== undefined) progress.userIdentity = identityOfSigner(claimed)
      return refused(signatureStatuses[refusal.code], refusal.code, refusal.message, refusal.reason)
    }
    const { call } = authenticated
    progress.call = call
    progress.userIdentity = identityOfSigner(call.caller)
    return request.method === 'GET' ? list(call) : revoke(request, call, progress)
  }

  /**
   * Of a role or person each use ends what was issued until then, so a captured request must not count again. Whether
   * it was used is not asked of a store that is down: ending access is the safe side.
   */
  function onceWhereKnown({ origin: { requestId } }: WireRequest): ReplayGuard {
    return {
      use: (signature, until) =>
        deps.singleUse.use(signature, until).catch((cause: unknown) => {
          if (!(cause instanceof Fault)) throw cause
          deps.log.warn('revocations.replayUnchecked', { requestId, cause })
          return true
        }),
    }
  }

  async function revoke(request: WireRequest, call: SignedCall, progress: Progress): Promise<Outcome> {
    const asked = await parseRevocationRequest(request.body, call.directory, deps.providers())
    const { eventName, resource, account, target } = asked
    progress.eventName = eventName
    progress.parameters = { ...(target ?? { resource }) }
    progress.resource = { ARN: resource, accountId: account ?? '' }
    const denied = lacks(call, 'rolegate:Revoke', resource, account)
    if (denied !== undefined) return denied
    if (target === undefined)
      return refused(404, 'NoSuchEntity', 'there is nothing of that name here', 'revoke:unknown')
    if (!deps.revocations.hasRoomFor(target)) {
      const { requestId } = request.origin
      deps.log.error('revocations.full', { requestId, by: identityOfCaller(call.caller).arn })
      return refused(429, 'LimitExceeded', 'too many revocations are in force', 'revoke:full')
    }
    const revocation = await deps.revocations.revoke(target, identityOfCaller(call.caller).arn)
    const keyDeleted = target.type === 'key' ? await deps.deleteKey(target.accessKeyId) : undefined
    const shown = { ...shownRevocation(revocation), ...(keyDeleted === undefined ? {} : { keyDeleted }) }
    return { ok: true, body: { revocation: shown }, record: shown }
  }

  /** Those of the caller's account; for the account that speaks for the organization, all. */
  function list(call: SignedCall): Outcome {
    const denied = lacks(call, 'rolegate:ListRevocations', '*', undefined)
    if (denied !== undefined) return denied
    const { organization } = call.directory
    const { account } = identityOfCaller(call.caller)
    const isAll = account === organizationAccount(organization)
    const found = deps.revocations
      .inForce()
      .filter(({ target }) => isAll || accountOfTarget(target, organization) === account)
    return { ok: true, body: { revocations: found.map(shownRevocation) } }
  }

  return {
    name: 'revocations',
    maxBodyBytes,
    accepts: (_method, rawPath) => rawPath === path,
    tooLarge: (requestId) =>
      jsonError(413, { code: 'RequestEntityTooLarge', message: 'the body is too long' }, requestId),
    async handle(request) {
      const { requestId } = request.origin
      const progress: Progress = {
        eventName: request.method === 'GET' ? 'ListRevocations' : 'Revoke',
        userIdentity: { type: 'Unknown' },
        parameters: null,
      }
      const outcome = await answer(request, progress).catch((cause: unknown) => failed(cause, requestId))
      try {
        await deps.audit.record(eventOf(outcome, progress, request))
      } catch (cause) {
        deps.log.error('revocations.unrecorded', { requestId, eventName: progress.eventName, cause })
        return written(unavailable('revoke:audit'), requestId)
      }
      return written(outcome, requestId)
    },
  }

  function failed(cause: unknown, requestId: string): Outcome {
    if (cause instanceof BadRequest) {
      const message = cause.path === '' ? cause.message : `\`${cause.path}\` ${cause.message}`
      return refused(400, 'ValidationError', message, 'revoke:request')
    }
    deps.log.error('revocations.failed', { requestId, cause })
    if (cause instanceof Fault) return unavailable(cause.reason ?? 'revoke:fault')
    return refused(500, 'InternalFailure', 'something went wrong on our side', 'revoke:internal')
  }

  function eventOf(outcome: Outcome, progress: Progress, request: WireRequest): AuditEvent {
    const { call, resource, userIdentity, eventName } = progress
    const failure = outcome.ok ? undefined : outcome
    return auditEvent({
      now: deps.now(),
      eventID: deps.randomUuid(),
      origin: call?.origin ?? request.origin,
      eventSource: 'rolegate.amazonaws.com',
      eventName,
      userIdentity,
      requestParameters: progress.parameters,
      responseElements: outcome.ok ? (outcome.record ?? null) : null,
      ...(resource === undefined ? {} : { resources: [{ ...resource, type: 'Rolegate::Revocation' }] }),
      ...(failure && {
        errorCode: failure.code,
        errorMessage: failure.message,
        additionalEventData: { reason: failure.reason, identityProven: call !== undefined, ...failure.more },
      }),
      readOnly: eventName.startsWith('List'),
      ...(call === undefined ? {} : { recipientAccountId: identityOfCaller(call.caller).account }),
    })
  }
}

/**
 * @param account of the resource. Who belongs to the account that speaks for the organization needs his own policies
 * only, as for what is the organization's; everybody else stays within his account.
 * @returns undefined when the caller may.
 */
function lacks(
  { caller, origin, directory, now }: SignedCall,
  action: string,
  resource: string,
  account: string | undefined,
): Outcome | undefined {
  const { arn, account: own } = identityOfCaller(caller)
  const isOwners = own === organizationAccount(directory.organization)
  const resourceAccount = isOwners || resource === '*' ? own : account
  // Without the resource: a role's path and an account's id may be what the caller did not know.
  const message = `User: ${arn} is not authorized to perform: ${action}`
  if (resourceAccount === undefined || resourceAccount !== own)
    return refused(403, 'AccessDenied', message, 'revoke:account')
  const asked = { caller, origin, action, resource, resourceAccount }
  const { decision } = permissionOf(asked, directory, now)
  return decision.outcome === 'allowed'
    ? undefined
    : refused(403, 'AccessDenied', message, 'revoke:permission', { explanation: describeDecision(decision) })
}

function refused(
  status: number,
  code: string,
  message: string,
  reason: string,
  more?: Readonly<Record<string, unknown>>,
): Extract<Outcome, { ok: false }> {
  return { ok: false, status, code, message, reason, ...(more === undefined ? {} : { more }) }
}

function unavailable(reason: string): Outcome {
  return refused(
    503,
    'ServiceUnavailable',
    'the revocation may not have reached every server, or could not be recorded: try again',
    reason,
  )
}

function written(outcome: Outcome, requestId: string): WireResponse {
  if (outcome.ok) return jsonAnswer(200, { ...outcome.body, requestId }, requestId)
  const { status, code, message } = outcome
  return jsonError(status, { code, message }, requestId)
}
