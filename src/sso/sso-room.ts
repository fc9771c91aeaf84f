/**
 * The Identity-Center-style JSON endpoints in front of everything else: one table of routes, every shared phase
 * (body, token, errors) here, one function per operation in the files beside.
 */
import { Fault } from '../fault.js'
import type { WireRequest, WireResponse, WireRoom } from '../http/wire.js'
import type { Log } from '../operation/log.js'
import { createAccessOperations, type AccessDeps } from './access-operations.js'
import { createLoginOperations, type LoginDeps } from './login-operations.js'
import { denialEvent } from './denial.js'
import { errorResponse, faultShapes, SsoError } from './errors.js'

/** Gives the JSON of a 200 answer; throws `SsoError` or a `Fault` otherwise. */
export type Operation = (request: WireRequest) => Promise<unknown>

export interface SsoRoomDeps extends LoginDeps, AccessDeps {
  readonly log: Log
}

export function createSsoRoom(deps: SsoRoomDeps): WireRoom {
  const operations = new Map<string, Operation>([
    ...createLoginOperations(deps),
    ...createAccessOperations(deps),
  ])
  return {
    name: 'sso',
    accepts: (method, rawPath) => operations.has(`${method} ${rawPath}`),
    maxBodyBytes: 65_536,
    async handle(request) {
      const requestId = request.origin.requestId
      try {
        const operation = operations.get(`${request.method} ${request.rawPath}`)
        if (operation === undefined) throw new SsoError('ResourceNotFoundException', 'no such operation')
        return json(await operation(request), requestId)
      } catch (cause) {
        if (cause instanceof SsoError) await recordDenial(deps, cause, request)
        return failure(cause, requestId, deps.log)
      }
    },
    tooLarge: (requestId) => ({
      ...errorResponse('InvalidRequestException', 'the request is too large', requestId),
      status: 413,
    }),
  }
}

/** Nothing was granted, so a record that cannot be written changes no answer. */
async function recordDenial(deps: SsoRoomDeps, error: SsoError, request: WireRequest): Promise<void> {
  const { requestId } = request.origin
  const event = denialEvent(error, request, { now: deps.now(), eventID: deps.randomUuid() })
  if (event === undefined) return
  await deps.audit
    .record(event)
    .catch((cause: unknown) => deps.log.error('sso.denial.unrecorded', { requestId, cause }))
}

function json(value: unknown, requestId: string): WireResponse {
  return {
    status: 200,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'x-amzn-requestid': requestId,
    },
    body: value === undefined ? '' : JSON.stringify(value),
  }
}

function failure(cause: unknown, requestId: string, log: Log): WireResponse {
  if (cause instanceof SsoError) return errorResponse(cause.shape, cause.message, requestId)
  if (cause instanceof Fault) {
    log.info('sso.refused', { requestId, fault: cause.code, reason: cause.reason })
    return errorResponse(faultShapes[cause.code], cause.message, requestId)
  }
  log.error('sso.failed', { requestId, cause })
  return errorResponse('InternalServerException', 'something went wrong on our side', requestId)
}
