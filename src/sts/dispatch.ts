/**
 * The phases that every action shares, in order: form, action, authentication, parameters, run. An action is reached
 * only through here: what is not in the table does not exist, and what is signed cannot run unsigned.
 */
import type { RequestOrigin } from '../audit/event.js'
import { authenticate, type Authentication, type AuthenticationDeps } from '../authentication/authenticate.js'
import { Fault, type Clock } from '../fault.js'
import type { WireRequest } from '../http/wire.js'
import type { Log } from '../operation/log.js'
import type { RoleDirectory } from '../role/role.js'
import type { Caller } from '../role/caller.js'
import { sha256Hex } from '../signature/canonical-request.js'
import { headerValues } from '../signature/received-header.js'
import type { SignatureSettings } from '../signature/verification.js'
import type { Answer, Recordable, StsAction, StsOutcome } from './action.js'
import { refuseCaller } from './caller-kind.js'
import { refused } from './permission.js'
import { parseForm, type QueryForm } from './query-form.js'
import { refusal, refusalOf, type Refusal } from './wire-errors.js'

export interface DispatchDeps extends Pick<AuthenticationDeps, 'sessions' | 'keys' | 'revocations'> {
  /** In force when the configuration asks for it. */
  readonly replay: () => AuthenticationDeps['replay']
  readonly directory: () => RoleDirectory
  readonly settings: () => SignatureSettings
  readonly now: Clock
  readonly log: Log
}

/** What the record says about a request that ends early; filled in while the phases go by. */
export interface Progress {
  action: string
  parameters: Recordable | null
  caller?: Caller
  /** Of the request; with the region that was signed for, once that is proven. */
  origin: RequestOrigin
  /** Whether the caller's signature was verified, rather than only its token opened. */
  proven: boolean
}

const apiVersion = '2011-06-15'

/** @throws {Fault} `AuditUnavailable` only; every other failure is an outcome. */
export async function dispatch(
  deps: DispatchDeps,
  actions: ReadonlyMap<string, StsAction>,
  request: WireRequest,
  progress: Progress,
): Promise<StsOutcome> {
  try {
    // A value where nothing has to be waited for, such as GetCallerIdentity with a session.
    const answer = phases(deps, actions, request, progress)
    return answer instanceof Promise ? await answer : answer
  } catch (cause) {
    if (cause instanceof Fault && cause.code === 'AuditUnavailable') throw cause
    const fields = { requestId: request.origin.requestId, action: progress.action }
    if (cause instanceof Fault) {
      deps.log.info('sts.refused', { ...fields, reason: cause.reason, cause: cause.cause })
      return refused(refusalOf(cause))
    }
    // A mistake of ours: its words stay in the log.
    deps.log.error('sts.failed', { ...fields, cause })
    return refused(
      refusal('InternalFailure', 'The request failed because of an internal error.', 'sts:internal'),
    )
  }
}

function phases(
  deps: DispatchDeps,
  actions: ReadonlyMap<string, StsAction>,
  request: WireRequest,
  progress: Progress,
): Answer {
  if (request.method !== 'POST' && request.method !== 'GET')
    return refused(refusal('MethodNotAllowed', 'Send GET or POST.', 'sts:method'))
  const { rawQuery, headers, body } = request
  const contentType = headerValues(headers, 'content-type')[0] ?? ''
  const parsed = parseForm({ rawQuery, contentType, body })
  if (!parsed.ok) return refused(parsed.refusal)
  progress.action = parsed.form.get('Action') ?? ''
  const action = chooseAction(actions, parsed.form)
  if ('code' in action) return refused(action)

  if (!action.signed) {
    const command = action.parse(parsed.form)
    if (!command.ok) return refused(command.refusal)
    progress.parameters = command.recordable
    return command.run(request.origin)
  }
  const { form } = parsed
  const authentication = authenticate(
    request,
    { type: 'computed', hash: () => sha256Hex(body) },
    authenticationDeps(deps),
  )
  return authentication instanceof Promise
    ? authentication.then((done) => signedPhases(action, form, done, progress))
    : signedPhases(action, form, authentication, progress)
}

function authenticationDeps(deps: DispatchDeps): AuthenticationDeps {
  const replay = deps.replay()
  const given = {
    sessions: deps.sessions,
    keys: deps.keys,
    revocations: deps.revocations,
    directory: deps.directory(),
    settings: deps.settings(),
    now: deps.now(),
  }
  return replay === undefined ? given : { ...given, replay }
}

function signedPhases(
  action: Extract<StsAction, { signed: true }>,
  form: QueryForm,
  authentication: Authentication,
  progress: Progress,
): Answer {
  if (!authentication.ok) {
    if (authentication.claimed !== undefined) progress.caller = authentication.claimed
    return refused(authentication.refusal)
  }
  const { caller, region } = authentication
  const { requestId, sourceIp, userAgent, secure } = progress.origin
  const origin = { requestId, sourceIp, userAgent, secure, region }
  progress.caller = caller
  progress.proven = true
  progress.origin = origin
  const command = action.parse(form)
  if (!command.ok) return refused(command.refusal)
  progress.parameters = command.recordable
  const wrongKind = refuseCaller(caller, action.name, command.resource)
  return wrongKind === undefined ? command.run(caller, origin) : refused(wrongKind)
}

function chooseAction(actions: ReadonlyMap<string, StsAction>, form: QueryForm): StsAction | Refusal {
  const name = form.get('Action')
  if (name === undefined)
    return refusal('MissingAction', 'The request has no parameter Action.', 'sts:action')
  const version = form.get('Version')
  const action = version === apiVersion ? actions.get(name) : undefined
  if (action !== undefined) return action
  const shownVersion = version === undefined || version === '' ? 'NO_VERSION_SPECIFIED' : version.slice(0, 32)
  return refusal(
    'InvalidAction',
    `Could not find operation ${name.slice(0, 128)} for version ${shownVersion}`,
    'sts:action',
  )
}
