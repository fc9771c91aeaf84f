/**
 * A guard in front of a handler, for Express and for plain `node:http`: reads the body, has the request judged, and
 * lets through only what is allowed, with the client's identity at `request.rolegate`. Everything else is answered
 * here. Imports no Express: a middleware is a function of request, response and next.
 */
import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createClientAddresses, type ClientAddresses } from '../http/client-address.js'
import { createBodyReader, type BodyReader } from '../http/request-body.js'
import { headerPairs, type HeaderPairs } from '../http/request-origin.js'
import type { WireResponse } from '../http/wire.js'
import { jsonError, signatureStatuses, type JsonError } from './json-answer.js'
import { resourcePath } from './request-path.js'
import { CannotDecide, type Authorized, type AuthorizeQuestion, type Verifier } from './verifier.js'

export interface ProtectedRequest extends IncomingMessage {
  /** Express's: the path before routers cut it. */
  readonly originalUrl?: string
  /** The body as it was received. Kept here for handlers; taken from here where somebody else has read it. */
  rawBody?: Buffer
  /** There when the request was let through. */
  rolegate?: Authorized
}

export interface ProtectOptions<Request extends ProtectedRequest = ProtectedRequest> {
  readonly verifier: Verifier
  /** The service that clients sign for, e.g. `reports`. */
  readonly service: string
  /** This server's own names, `host` or `host:port`, by which clients call it. */
  readonly hosts: readonly string[]
  /** What the request wants, e.g. `reports:Read`. */
  readonly action: (request: Request) => string
  /** ARN of what it wants it of. */
  readonly resource: (request: Request) => string
  /** Owner of the resource; by default the account in its ARN, or else the server's own. */
  readonly resourceAccount?: (request: Request) => string
  /** A policy document of the resource; undefined where it has none. */
  readonly resourcePolicy?: (request: Request) => unknown
  /** Condition keys about the resource and the request. */
  readonly context?: (request: Request) => NonNullable<AuthorizeQuestion['context']>
  /** Longer bodies are answered 413; 1 MiB by default. */
  readonly maxBodyBytes?: number
  /** CIDR blocks whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed; nobody by default. */
  readonly trustedProxies?: readonly string[]
  /** Told why a request was answered 503. */
  readonly onUnavailable?: (cause: unknown) => void
}

/** @throws what a function among the options threw, or `VerifierRefused`, by way of `next`. */
export type Guard<Request> = (
  request: Request,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => Promise<void>

const bodyTimeoutMs = 10_000
const mebibyte = 1_048_576

/** @throws {RangeError} for a trusted proxy that is neither address nor CIDR block. */
export function protect<Request extends ProtectedRequest = ProtectedRequest>(
  options: ProtectOptions<Request>,
): Guard<Request> {
  const { verifier, maxBodyBytes = mebibyte, onUnavailable } = options
  const addresses = createClientAddresses(options.trustedProxies ?? [])
  const readBody = createBodyReader(bodyTimeoutMs)

  return async (request, response, next) => {
    if (resourcePath(targetOf(request).path) === undefined) return answer(response, 400, ambiguous)
    try {
      const body = await bodyOf(request, readBody, maxBodyBytes)
      if (!Buffer.isBuffer(body)) {
        // Part of the body may still be on its way.
        response.shouldKeepAlive = false
        return answer(response, body.status, body)
      }
      request.rawBody = body
      const question = questionOf(request, body, addresses, options)
      const verdict = await verifier.check(question)
      if (!verdict.authenticated) return answer(response, signatureStatuses[verdict.code], verdict)
      if (verdict.decision !== 'allowed')
        return answer(response, 403, denial(verdict, question), verdict.encodedMessage)
      request.rolegate = verdict
    } catch (cause) {
      if (!(cause instanceof CannotDecide)) return next(cause)
      onUnavailable?.(cause)
      return answer(response, 503, {
        code: 'ServiceUnavailable',
        message: 'it cannot be decided now, try again',
      })
    }
    next()
  }
}

const ambiguous: JsonError = {
  code: 'AmbiguousRequest',
  message: 'the path can be read in more than one way',
}

/** Of the request as it came: routers cut `url`. */
function targetOf({ originalUrl, url = '' }: ProtectedRequest) {
  const target = originalUrl ?? url
  const query = target.indexOf('?')
  return query < 0
    ? { path: target, query: '' }
    : { path: target.slice(0, query), query: target.slice(query + 1) }
}

interface Unread extends JsonError {
  readonly status: number
}

/** @throws {TypeError} when somebody has read it and not kept it. */
async function bodyOf(request: ProtectedRequest, read: BodyReader, most: number): Promise<Buffer | Unread> {
  if (request.rawBody !== undefined) return request.rawBody
  if (request.readableDidRead)
    throw new TypeError(
      'the body was read before protect(): put it first, or keep the bytes in request.rawBody',
    )
  const body = await read(request, most)
  switch (body.type) {
    case 'read':
      return body.body
    case 'too-large':
      return { status: 413, code: 'RequestEntityTooLarge', message: `the body may have ${most} bytes` }
    case 'too-slow':
    case 'gone':
      return { status: 408, code: 'RequestTimeout', message: 'the body did not arrive' }
  }
}

function questionOf<Request extends ProtectedRequest>(
  request: Request,
  body: Buffer,
  addresses: ClientAddresses,
  options: ProtectOptions<Request>,
): AuthorizeQuestion {
  const { service, hosts, action, resource, resourceAccount, resourcePolicy, context } = options
  const headers = headerPairs(request.rawHeaders)
  const policy = resourcePolicy?.(request)
  return {
    service,
    hosts,
    request: {
      method: request.method ?? '',
      ...targetOf(request),
      headers,
      payloadHash: createHash('sha256').update(body).digest('hex'),
    },
    ...placeOf(request, headers, addresses),
    action: action(request),
    resource: resource(request),
    ...(resourceAccount === undefined ? {} : { resourceAccount: resourceAccount(request) }),
    ...(policy === undefined ? {} : { resourcePolicy: policy }),
    ...(context === undefined ? {} : { context: context(request) }),
  }
}

function placeOf({ socket }: IncomingMessage, headers: HeaderPairs, addresses: ClientAddresses) {
  const valuesOf = (wanted: string) => headers.filter(([name]) => name === wanted).map(([, value]) => value)
  const forwarding = {
    forwardedFor: valuesOf('x-forwarded-for'),
    forwardedProto: valuesOf('x-forwarded-proto'),
  }
  const peer = socket.remoteAddress ?? ''
  return {
    sourceIp: addresses.sourceIp(peer, forwarding),
    secureTransport: addresses.secure(peer, 'encrypted' in socket && socket.encrypted === true, forwarding),
  }
}

function denial({ identity }: Authorized, { action, resource }: AuthorizeQuestion): JsonError {
  return {
    code: 'AccessDenied',
    message: `User: ${identity.arn} is not authorized to perform: ${action} on resource: ${resource}`,
  }
}

function answer(
  response: ServerResponse,
  status: number,
  { code, message }: JsonError,
  encodedMessage?: string,
): void {
  const told = encodedMessage === undefined ? {} : { encodedMessage }
  const { headers, body }: WireResponse = jsonError(status, { code, message, ...told }, undefined)
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body)
}
