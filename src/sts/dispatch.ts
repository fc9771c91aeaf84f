/**
 * One STS request: parse, authenticate, run, record, render. Every phase that actions share is here, and an action is
 * reached only through it: what is not listed below does not exist, and what is signed cannot run unsigned.
 */
import { randomUUID } from 'node:crypto'
import type { AuditLog } from '../audit/event.js'
import type { SessionCredentials } from '../credentials/credentials.js'
import { Fault, type Clock } from '../fault.js'
import type { IdentityProvider } from '../federation/assertion.js'
import type { WireRequest, WireResponse, WireRoom } from '../http/wire.js'
import type { Log } from '../operation/log.js'
import type { Metrics } from '../operation/metrics.js'
import type { RoleBroker } from '../role/broker.js'
import type { RoleDirectory } from '../role/role.js'
import type { RoleSession } from '../role/role-session.js'
import type { Recordable, StsAction, StsOutcome } from './action.js'
import { assumeRole } from './assume-role.js'
import { assumeRoleWithLdapIdentity } from './assume-role-with-ldap-identity.js'
import { assumeRoleWithSaml } from './assume-role-with-saml.js'
import { assumeRoleWithWebIdentity } from './assume-role-with-web-identity.js'
import { authenticate } from './authenticate.js'
import { getCallerIdentity } from './get-caller-identity.js'
import type { PasswordThrottle } from './password-throttle.js'
import { parseForm, type QueryForm } from './query-form.js'
import { headerValues } from './received-header.js'
import { stsEvent } from './record.js'
import type { SignatureSettings } from './signature.js'
import { refusal, refusalOf, type Refusal } from './wire-errors.js'
import { failure, success, tooLarge } from './xml.js'

export interface StsDeps {
  readonly broker: RoleBroker
  readonly credentials: SessionCredentials
  readonly directory: () => RoleDirectory
  readonly providers: () => readonly IdentityProvider[]
  readonly audit: AuditLog
  readonly metrics: Metrics
  readonly log: Log
  readonly now: Clock
  readonly settings: () => SignatureSettings
  readonly throttle: PasswordThrottle
  /** For the ids of audit records. */
  readonly randomUuid?: () => string
}

const apiVersion = '2011-06-15'
/** A SAML assertion of 100,000 characters, each percent-encoded, and the rest of the form. */
const maxBodyBytes = 512 * 1024
const presignedOrAction = /(?:^|&)(?:Action|X-Amz-Algorithm)=/

export function createStsRoom(deps: StsDeps): WireRoom {
  const actions = new Map<string, StsAction>(
    [
      getCallerIdentity,
      assumeRole(deps.broker),
      assumeRoleWithSaml(deps),
      assumeRoleWithWebIdentity(deps),
      assumeRoleWithLdapIdentity(deps),
    ].map((action) => [action.name, action]),
  )
  const eventID = deps.randomUuid ?? randomUUID

  const handle = async (request: WireRequest): Promise<WireResponse> => {
    const { requestId } = request.origin
    const progress: Progress = { action: '', parameters: null, proven: false }
    try {
      let outcome: StsOutcome
      try {
        outcome = await answer(deps, actions, request, progress)
      } catch (cause) {
        outcome = { ok: false, recorded: false, refusal: refusalForError(deps, request, progress, cause) }
      }
      if (!outcome.recorded) await record(outcome, request, progress)
      deps.metrics.stsRequest(
        actions.has(progress.action) ? progress.action : 'unknown',
        outcome.ok ? 'ok' : outcome.refusal.code,
      )
      return outcome.ok
        ? success(progress.action, outcome.result, requestId)
        : failure(outcome.refusal, requestId)
    } catch (cause) {
      // What could not be recorded is not answered, whatever the answer would have been.
      deps.log.error('sts.record-failed', { requestId, action: progress.action, cause })
      return failure(refusal('ServiceUnavailable', 'The service cannot answer now. Try again.'), requestId)
    }
  }

  const record = (outcome: StsOutcome, { origin }: WireRequest, progress: Progress): Promise<void> =>
    deps.audit.record(
      stsEvent({
        ...progress,
        ...(outcome.ok ? {} : { refusal: outcome.refusal }),
        ...(outcome.ok || outcome.identity === undefined ? {} : { identity: outcome.identity }),
        now: deps.now(),
        eventID: eventID(),
        origin,
      }),
    )

  return {
    maxBodyBytes,
    tooLarge,
    handle,
    accepts(method, rawPath, rawQuery) {
      if (rawPath === '/sts' || rawPath === '/sts/') return true
      return rawPath === '/' && (method === 'POST' || (method === 'GET' && presignedOrAction.test(rawQuery)))
    },
  }
}

/** What the record will say if the request ends here. */
interface Progress {
  action: string
  parameters: Recordable | null
  caller?: RoleSession
  proven: boolean
}

async function answer(
  deps: StsDeps,
  actions: ReadonlyMap<string, StsAction>,
  request: WireRequest,
  progress: Progress,
): Promise<StsOutcome> {
  if (request.method !== 'POST' && request.method !== 'GET')
    return refused(refusal('MethodNotAllowed', 'Send GET or POST.', 'sts:method'))
  const parsed = parseForm({
    rawQuery: request.rawQuery,
    contentType: headerValues(request.headers, 'content-type')[0] ?? '',
    body: request.body,
  })
  if (!parsed.ok) return refused(parsed.refusal)
  progress.action = parsed.form.get('Action') ?? ''
  const chosen = chooseAction(actions, parsed.form)
  if ('code' in chosen) return refused(chosen)

  if (!chosen.signed) {
    const command = chosen.parse(parsed.form)
    if (!command.ok) return refused(command.refusal)
    progress.parameters = command.recordable
    return command.run(request.origin)
  }
  const authentication = authenticate(request, {
    credentials: deps.credentials,
    directory: deps.directory(),
    settings: deps.settings(),
    now: deps.now(),
  })
  if (!authentication.ok) {
    if (authentication.claimed !== undefined) progress.caller = authentication.claimed
    return refused(authentication.refusal)
  }
  progress.caller = authentication.caller
  progress.proven = true
  const command = chosen.parse(parsed.form)
  if (!command.ok) return refused(command.refusal)
  progress.parameters = command.recordable
  return command.run(authentication.caller, request.origin)
}

function chooseAction(actions: ReadonlyMap<string, StsAction>, form: QueryForm): StsAction | Refusal {
  const name = form.get('Action')
  if (name === undefined)
    return refusal('MissingAction', 'The request has no parameter Action.', 'sts:action')
  const version = form.get('Version')
  const action = version === apiVersion ? actions.get(name) : undefined
  return (
    action ??
    refusal(
      'InvalidAction',
      `Could not find operation ${name.slice(0, 128)} for version ${version?.slice(0, 32) ?? 'NO_VERSION_SPECIFIED'}`,
      'sts:action',
    )
  )
}

function refused(refusal: Refusal): StsOutcome {
  return { ok: false, refusal, recorded: false }
}

/** A Fault has words for the caller; anything else is a mistake of ours, and its words stay here. */
function refusalForError(
  deps: StsDeps,
  { origin }: WireRequest,
  { action }: Progress,
  cause: unknown,
): Refusal {
  if (cause instanceof Fault && cause.code === 'AuditUnavailable') throw cause
  if (cause instanceof Fault) {
    if (cause.cause !== undefined)
      deps.log.warn('sts.refused', {
        requestId: origin.requestId,
        action,
        reason: cause.reason,
        cause: cause.cause,
      })
    return refusalOf(cause)
  }
  deps.log.error('sts.failed', { requestId: origin.requestId, action, cause })
  return refusal('InternalFailure', 'The request failed because of an internal error.', 'sts:internal')
}
