/**
 * The server. Requests for a wire room are read and answered here, on bare node:http; everything else goes on to the
 * Express application. Owns limits, timeouts, the request id, the client's address and the graceful stop. What a
 * request costs here is a good part of what a token costs, so the path of a wire request does each thing once.
 */
import { randomUUID } from 'node:crypto'
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import type { RequestOrigin } from '../audit/event.js'
import type { Log } from '../operation/log.js'
import type { Metrics } from '../operation/metrics.js'
import { createClientAddresses } from './client-address.js'
import { trackConnections } from './connections.js'
import { chooseProtocol, sendToHttp1, serveHttp2, type Http2Connections } from './http2-connections.js'
import { createOutbox, type Outbox } from './outbox.js'
import { createBodyReader, type BodyReader } from './request-body.js'
import { headerPairs, makeOrigin, type HeaderPairs } from './request-origin.js'
import { answerUnreadable } from './unreadable-request.js'
import { plainAnswer, send, sendLast, sendLastAndDiscard, type Answerable } from './wire-answer.js'
import type { WireRequest, WireRoom } from './wire.js'

export interface HotServerDeps {
  /** Asked in this order. */
  readonly rooms: readonly WireRoom[]
  /** Everything that no room accepts; an Express application is such a function. */
  readonly application: (request: IncomingMessage, response: ServerResponse) => void
  /** CIDR blocks whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed. */
  readonly trustedProxies: readonly string[]
  /** PEM. */
  readonly tls?: { readonly certificate: string; readonly key: string }
  readonly log: Log
  readonly metrics: Metrics
  /** Request ids; UUIDs unless a test wants others. */
  readonly randomUuid?: () => string
  /** Milliseconds on a clock that never steps, for durations. */
  readonly monotonicMs?: () => number
  /** How long a body may take to arrive. */
  readonly bodyTimeoutMs?: number
}

export interface HotServer {
  readonly server: Server
  /** @param port 0 for a free one. @returns the address in use. */
  listen(listen: { readonly host: string; readonly port: number }): Promise<AddressInfo>
  /** For the application. @throws {TypeError} for a request that did not come through this server. */
  originOf(request: IncomingMessage): RequestOrigin
  /**
   * Takes no new connections, lets requests under way finish, and cuts what is left after `deadlineMs`.
   * Resolves when the last connection is gone.
   */
  close(deadlineMs: number): Promise<void>
}

const maxHeaderBytes = 16_384
// Longer than the idle time of common load balancers, so that they close first.
const idleMs = 65_000
const options: ServerOptions = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  // How often the two above are looked at; node's own default would let slow clients stay for a minute.
  connectionsCheckingInterval: 2_000,
  keepAliveTimeout: idleMs,
  maxHeaderSize: maxHeaderBytes,
  // Answered here, with a request id.
  requireHostHeader: false,
}
const hostPattern = /^(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/

/** What is known of a request before its body. */
interface Head extends Omit<WireRequest, 'body'> {
  readonly url: string
  /** None: it is the application's. */
  readonly room: WireRoom | undefined
}

type AnyRequest = IncomingMessage | Http2ServerRequest

export function createHotServer(deps: HotServerDeps): HotServer {
  const { rooms, log, metrics } = deps
  const addresses = createClientAddresses(deps.trustedProxies)
  const origins = new WeakMap<IncomingMessage, RequestOrigin>()
  const newRequestId = deps.randomUuid ?? randomUUID
  const monotonicMs = deps.monotonicMs ?? (() => performance.now())
  const readBody = createBodyReader(deps.bodyTimeoutMs ?? 10_000)
  const serving = { log, readBody, outbox: createOutbox() }
  let stopping = false

  const headOf = (request: AnyRequest): Head => {
    const url = request.url ?? ''
    const query = url.indexOf('?')
    const rawPath = query < 0 ? url : url.slice(0, query)
    const rawQuery = query < 0 ? '' : url.slice(query + 1)
    const method = request.method ?? ''
    const contentType = request.headers['content-type'] ?? ''
    const headers = headerPairs(request.rawHeaders)
    const origin = makeOrigin(request, headers, addresses, newRequestId())
    const room = rooms.find((room) => room.accepts(method, rawPath, rawQuery, contentType))
    return { url, method, rawPath, rawQuery, headers, origin, room }
  }
  const measured = ({ room }: Head, startedAt: number): void =>
    metrics.httpRequest(
      room === undefined ? 'pages' : (room.name ?? 'wire'),
      (monotonicMs() - startedAt) / 1000,
    )

  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const startedAt = monotonicMs()
    const head = headOf(request)
    const { socket } = request
    connections.began(socket, response)
    response.on('close', () => {
      connections.ended(socket)
      measured(head, startedAt)
    })
    if (stopping) response.shouldKeepAlive = false
    if (!isWellFormed(head)) {
      sendLast(response, plainAnswer(400, 'Bad Request', head.origin.requestId))
    } else if (head.room === undefined) {
      origins.set(request, head.origin)
      deps.application(request, response)
    } else void serve(serving, head.room, request, response, head)
  }
  const http2Listener = (request: Http2ServerRequest, response: Http2ServerResponse): void => {
    const startedAt = monotonicMs()
    const head = headOf(request)
    response.on('close', () => measured(head, startedAt))
    if (!isWellFormed(head)) send(response, plainAnswer(400, 'Bad Request', head.origin.requestId))
    else if (head.room === undefined) sendToHttp1(response)
    else void serve(serving, head.room, request, response, head)
  }

  let server: Server
  let http2: Http2Connections | undefined
  if (deps.tls === undefined) server = createServer(options, listener)
  else {
    const { certificate: cert, key } = deps.tls
    const tlsServer = createTlsServer(
      { ...options, cert, key, minVersion: 'TLSv1.2', ALPNCallback: chooseProtocol },
      listener,
    )
    http2 = serveHttp2(tlsServer, { maxHeaderBytes, idleMs }, http2Listener)
    server = tlsServer
  }
  const connections = trackConnections(server, { tls: deps.tls !== undefined })
  server.on('clientError', (error: Error, socket: Socket) =>
    answerUnreadable(error, socket, {
      requestId: newRequestId(),
      now: new Date(),
      answerable: connections.betweenAnswers(socket),
    }),
  )
  // Node's own answer to other expectations than 100-continue has no request id.
  server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) =>
    sendLast(response, plainAnswer(417, 'Expectation Failed', newRequestId())),
  )

  return {
    server,
    listen({ host, port }) {
      return new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen(port, host, () => {
          server.off('error', reject)
          resolve(server.address() as AddressInfo)
        })
      })
    },
    originOf(request) {
      const origin = origins.get(request)
      if (origin === undefined) throw new TypeError('the request did not come through this server')
      return origin
    },
    close(deadlineMs) {
      stopping = true
      return new Promise((resolve) => {
        const deadline = setTimeout(() => {
          log.warn('http.stop-forced', { deadlineMs })
          connections.destroyAll()
        }, deadlineMs)
        server.close(() => {
          clearTimeout(deadline)
          resolve()
        })
        connections.drain()
        http2?.drain()
      })
    },
  }
}

interface ServeDeps {
  readonly log: Log
  readonly readBody: BodyReader
  readonly outbox: Outbox
}

/** Settles in every case: whatever goes wrong becomes an answer or a closed connection. */
async function serve(
  { log, readBody, outbox }: ServeDeps,
  room: WireRoom,
  request: AnyRequest,
  response: Answerable,
  { method, rawPath, rawQuery, headers, origin }: Head,
): Promise<void> {
  const { requestId } = origin
  const failed = (cause: unknown): void => {
    log.error('http.room-failed', { requestId, cause })
    if (response.headersSent) response.destroy()
    else sendLast(response, plainAnswer(500, 'InternalFailure', requestId))
  }
  try {
    const encoding = request.headers['content-encoding']
    if (encoding !== undefined && encoding.trim().toLowerCase() !== 'identity') {
      await sendLastAndDiscard(request, response, plainAnswer(415, 'Unsupported Media Type', requestId))
      return
    }
    const read = await readBody(request, room.maxBodyBytes)
    if (read.type === 'read') {
      const { body } = read
      const answer = await room.handle({ method, rawPath, rawQuery, headers, body, origin })
      outbox.add(() => send(response, answer), failed)
    } else if (read.type === 'gone') response.destroy()
    else if (read.type === 'too-slow') sendLast(response, plainAnswer(408, 'Request Timeout', requestId))
    else await sendLastAndDiscard(request, response, room.tooLarge(requestId))
  } catch (cause) {
    failed(cause)
  }
}

/** One host, of a form that a host can have, and a path: no absolute URL, no `*`. */
function isWellFormed({ url, headers }: { readonly url: string; readonly headers: HeaderPairs }): boolean {
  let host: string | undefined
  for (const [name, value] of headers) {
    if (name !== 'host') continue
    if (host !== undefined) return false
    host = value
  }
  return url.startsWith('/') && host !== undefined && hostPattern.test(host)
}
