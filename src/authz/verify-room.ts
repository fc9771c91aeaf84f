/**
 * `/v1/verify`: whether a reverse proxy may let a request through to an upstream. Says yes by 200 with the client's
 * identity in headers, no by 401 or 403, and 503 when it cannot know now.
 *
 * Anybody may ask: what is judged is the signature of the client, who alone can have made it and learns nothing about
 * anybody else. What a proxy says of the request is believed because it changes the answer of that proxy only.
 */
import type { AuditLog } from '../audit/event.js'
import type { AuthenticationDeps } from '../authentication/authenticate.js'
import type { Clock } from '../fault.js'
import type { WireRequest, WireResponse, WireRoom } from '../http/wire.js'
import type { Log } from '../operation/log.js'
import { accessKeyIdOf, identityOfCaller, type Caller } from '../role/caller.js'
import { permissionOf } from '../role/permission.js'
import type { RoleDirectory } from '../role/role.js'
import { authenticateClient, declaresPayload, emptyBodyHash } from './client-authentication.js'
import { sessionTagsOf } from './client-identity.js'
import { dataEvent, type DataFacts } from './data-event.js'
import { jsonError, signatureStatuses } from './json-answer.js'
import { originalRequest, verifyPath } from './original-request.js'
import type { ProtectedService } from './protected-service.js'
import { resourcePath } from './request-path.js'
import { serviceAt, serviceQuestion } from './service-question.js'

export interface VerifyRoomDeps extends Pick<AuthenticationDeps, 'sessions' | 'keys' | 'revocations'> {
  /** The directory in force now; read once per request. */
  readonly directory: () => RoleDirectory
  readonly services: () => readonly ProtectedService[]
  readonly settings: () => { readonly clockSkewSeconds: number }
  readonly audit: AuditLog
  readonly log: Log
  readonly now: Clock
  /** For the ids of audit records. */
  readonly randomUuid: () => string
}

interface Outcome {
  readonly response: WireResponse
  readonly facts: Pick<DataFacts, 'caller' | 'service' | 'decided' | 'refusal'> & { readonly region?: string }
}

const below = `${verifyPath}/`
const ambiguous = {
  code: 'AmbiguousRequest',
  message: 'it cannot be told for sure what this request is for',
  reason: 'verify:ambiguous',
}
const unknownService = {
  code: 'UnknownService',
  message: 'no service is reached by this host',
  reason: 'verify:host',
}
const bodyNotSigned = {
  code: 'SignatureDoesNotMatch',
  message: "A request with a body needs its hash in a signed 'x-amz-content-sha256'.",
  reason: 'verify:payload',
}
const unavailable = {
  code: 'ServiceUnavailable',
  message: 'the service cannot answer now, try again',
  reason: 'verify:unavailable',
}

export function createVerifyRoom(deps: VerifyRoomDeps): WireRoom {
  async function answer(request: WireRequest): Promise<Outcome> {
    const { requestId } = request.origin
    const original = originalRequest(request)
    if (original === undefined) return no(403, ambiguous, requestId)
    const service = serviceAt(deps.services(), original.host)
    if (service === undefined) return no(403, unknownService, requestId)
    const path = resourcePath(original.rawPath)
    const question = path === undefined ? undefined : serviceQuestion(service, { ...original, path })
    if (question === undefined) return no(403, ambiguous, requestId, { service: service.name })

    if (original.hasBody && !declaresPayload(original))
      return no(401, bodyNotSigned, requestId, { service: service.name })

    const directory = deps.directory()
    const now = deps.now()
    const { sessions, keys, revocations } = deps
    const authentication = await authenticateClient(
      original,
      { type: 'declared', allowUnsigned: service.allowUnsignedPayload },
      // Only the name that was called: what was signed for one of a service's names is not for the others.
      { service: service.signingName, hosts: [original.host] },
      { sessions, keys, revocations, directory, now, clockSkewSeconds: deps.settings().clockSkewSeconds },
    )
    if (!authentication.ok) {
      const { refusal, claimed } = authentication
      const known = claimed === undefined ? {} : { caller: claimed }
      return no(signatureStatuses[refusal.code], refusal, requestId, { service: service.name, ...known })
    }
    const { caller, region, payloadHash } = authentication
    if (original.hasBody && payloadHash === emptyBodyHash)
      return no(401, bodyNotSigned, requestId, { service: service.name, caller, region })

    const { decision } = permissionOf(
      {
        ...question,
        caller,
        resourceAccount: service.account,
        ...(service.policy === undefined ? {} : { resourcePolicy: service.policy }),
        origin: { ...request.origin, region },
      },
      directory,
      now,
    )
    const facts = {
      service: service.name,
      caller,
      region,
      decided: [{ ...question, account: service.account, decision }],
    }
    if (decision.outcome !== 'allowed') {
      const { action, resource } = question
      const message = `User: ${identityOfCaller(caller).arn} is not authorized to perform: ${action} on resource: ${resource}`
      return no(403, { code: 'AccessDenied', message }, requestId, facts)
    }
    return { response: yes(caller, payloadHash, requestId), facts }
  }

  function note({ facts }: Outcome, { origin }: WireRequest): void {
    const { region, ...rest } = facts
    deps.audit.note(
      dataEvent({
        ...rest,
        proven: region !== undefined,
        origin: region === undefined ? origin : { ...origin, region },
        now: deps.now(),
        eventID: deps.randomUuid(),
        eventName: 'Verify',
      }),
    )
  }

  return {
    name: 'verify',
    maxBodyBytes: 0,
    accepts: (_method, rawPath) => rawPath === verifyPath || rawPath.startsWith(below),
    tooLarge: (requestId) =>
      jsonError(
        413,
        { code: 'RequestEntityTooLarge', message: 'ask without the body of the request' },
        requestId,
      ),
    async handle(request) {
      const { requestId } = request.origin
      try {
        const outcome = await answer(request)
        note(outcome, request)
        return outcome.response
      } catch (cause) {
        // A record that cannot be kept, too: nobody is let through unrecorded.
        deps.log.error('verify.failed', { requestId, cause })
        return no(503, unavailable, requestId).response
      }
    },
  }
}

/** Every header each time, empty where there is nothing to say: what the client sent under its name must not remain. */
function yes(caller: Caller, payloadHash: string, requestId: string): WireResponse {
  const { arn, account, userId } = identityOfCaller(caller)
  const tags = sessionTagsOf(caller)
  return {
    status: 200,
    headers: {
      'cache-control': 'no-store',
      'x-amzn-requestid': requestId,
      'x-rolegate-request-id': requestId,
      'x-rolegate-arn': arn,
      'x-rolegate-account': account,
      'x-rolegate-user-id': userId,
      'x-rolegate-access-key-id': accessKeyIdOf(caller),
      'x-rolegate-source-identity': caller.type === 'session' ? (caller.session.sourceIdentity ?? '') : '',
      'x-rolegate-session-tags': tags.size === 0 ? '' : new URLSearchParams([...tags]).toString(),
      'x-rolegate-content-sha256': payloadHash,
    },
    body: '',
  }
}

function no(
  status: number,
  { code, message, reason }: { readonly code: string; readonly message: string; readonly reason?: string },
  requestId: string,
  facts: Outcome['facts'] = {},
): Outcome {
  return {
    response: jsonError(status, { code, message }, requestId),
    facts: { ...facts, refusal: { code, message, ...(reason === undefined ? {} : { reason }) } },
  }
}
