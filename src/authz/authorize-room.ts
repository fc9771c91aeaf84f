/**
 * `POST /v1/authorize`: a resource server shows a request that a client signed and asks who it was and what they may.
 * The server signs its own call with its own credentials and needs `rolegate:Authorize` for the service it speaks for.
 *
 * A client that is refused is an answer (200): the server asked, and that is what it wanted to know. Errors are about
 * the server's own call.
 */
import type { AuditLog } from '../audit/event.js'
import type { WireRequest, WireResponse, WireRoom } from '../http/wire.js'
import type { Log } from '../operation/log.js'
import type { MessageBox } from '../role/authorization-message.js'
import { identityOfCaller } from '../role/caller.js'
import type { AccessRequest } from './access.js'
import { parseAuthorizeRequest } from './authorize-request.js'
import { dataEvent, type DataFacts } from './data-event.js'
import { decidedFacts } from './decided-facts.js'
import { jsonAnswer, jsonError, signatureStatuses } from './json-answer.js'
import { BadRequest } from './json-reading.js'
import { judge, type Judgement } from './judge.js'
import { createResourcePolicies } from './resource-policies.js'
import { authenticateCall, decideCall, type SignedCall, type SignedCallDeps } from './signed-call.js'

export interface AuthorizeRoomDeps extends SignedCallDeps {
  readonly authorizationMessages: MessageBox
  readonly audit: AuditLog
  readonly log: Log
  /** For the ids of audit records. */
  readonly randomUuid: () => string
}

const path = '/v1/authorize'
const maxBodyBytes = 262_144

type Facts = Omit<DataFacts, 'now' | 'eventID' | 'eventName'>

interface Outcome {
  readonly response: WireResponse
  readonly facts: Facts
}

export function createAuthorizeRoom(deps: AuthorizeRoomDeps): WireRoom {
  const policies = createResourcePolicies()

  async function answer(request: WireRequest): Promise<Outcome> {
    const { origin } = request
    const { requestId } = origin
    if (request.method !== 'POST')
      return refused({ origin, proven: false }, 405, 'MethodNotAllowed', 'send POST', requestId)
    const authenticated = await authenticateCall(request, deps)
    if (!authenticated.ok) {
      const { refusal, claimed } = authenticated
      const response = jsonError(signatureStatuses[refusal.code], shown(refusal), requestId)
      return {
        response,
        facts: { origin, proven: false, refusal, ...(claimed === undefined ? {} : { caller: claimed }) },
      }
    }
    const { call } = authenticated
    const { caller } = call
    const { arn, account } = identityOfCaller(caller)
    const facts = { origin: call.origin, caller, proven: true }
    let asked: AccessRequest
    try {
      asked = parseAuthorizeRequest(request.body, account, policies)
    } catch (cause) {
      if (!(cause instanceof BadRequest)) throw cause
      const { message, details } = cause
      const problem = { code: 'ValidationError', message: cause.sentence, path: cause.path, ...details }
      return {
        response: jsonError(400, problem, requestId),
        facts: { ...facts, refusal: { code: problem.code, message, reason: 'authorize:request' } },
      }
    }
    const resource = `arn:aws:rolegate::${account}:service/${asked.service}`
    if (!maySpeakFor(asked, resource, call)) {
      const message = `User: ${arn} is not authorized to perform: rolegate:Authorize on resource: ${resource}`
      return refused({ ...facts, service: asked.service }, 403, 'AccessDenied', message, requestId)
    }
    const judgement = await judge(
      asked,
      { requestId, account },
      {
        ...deps,
        directory: call.directory,
        now: call.now,
        clockSkewSeconds: deps.settings().clockSkewSeconds,
      },
    )
    return {
      response: told(judgement, asked, requestId),
      facts: { ...facts, ...decidedFacts(asked, judgement) },
    }
  }

  return {
    name: 'authorize',
    maxBodyBytes,
    accepts: (_method, rawPath) => rawPath === path,
    tooLarge: (requestId) =>
      jsonError(
        413,
        { code: 'RequestEntityTooLarge', message: `the body may have ${maxBodyBytes} bytes` },
        requestId,
      ),
    async handle(request) {
      const { requestId } = request.origin
      try {
        const { response, facts } = await answer(request)
        deps.audit.note(
          dataEvent({ ...facts, now: deps.now(), eventID: deps.randomUuid(), eventName: 'Authorize' }),
        )
        return response
      } catch (cause) {
        // A record that cannot be kept, too: what was decided unrecorded is not told.
        deps.log.error('authorize.failed', { requestId, cause })
        return unavailable(requestId)
      }
    },
  }
}

/** Policies can bind a resource server to its own names by `rolegate:Hosts`. */
function maySpeakFor(asked: AccessRequest, resource: string, call: SignedCall): boolean {
  const context = new Map([['rolegate:hosts', asked.hosts]])
  return decideCall(call, { action: 'rolegate:Authorize', resource, context }).outcome === 'allowed'
}

/** Who asks one question at the top gets its answer at the top. */
function told(judgement: Judgement, { several }: AccessRequest, requestId: string): WireResponse {
  if (judgement.authenticated) {
    const { decisions, ...known } = judgement.answer
    const answer = several ? { ...known, decisions } : { ...known, ...decisions[0] }
    return jsonAnswer(200, { ...answer, requestId }, requestId)
  }
  const { code, message } = judgement.refusal
  return code === 'ServiceUnavailable'
    ? unavailable(requestId)
    : jsonAnswer(200, { authenticated: false, code, message, requestId }, requestId)
}

function refused(facts: Facts, status: number, code: string, message: string, requestId: string): Outcome {
  return {
    response: jsonError(status, { code, message }, requestId),
    facts: { ...facts, refusal: { code, message } },
  }
}

function shown({ code, message }: { readonly code: string; readonly message: string }) {
  return { code, message }
}

function unavailable(requestId: string): WireResponse {
  return jsonError(
    503,
    { code: 'ServiceUnavailable', message: 'the service cannot answer now, try again' },
    requestId,
  )
}
