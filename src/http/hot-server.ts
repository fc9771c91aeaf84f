/**
 * The server. Requests for a wire room are read and answered here, on bare node:http; everything else goes on to the
 * Express application. Owns limits, timeouts, the request id, the client's address and the graceful stop.
 */
import { randomUUID } from 'node:crypto'
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { RequestOrigin } from '../audit/event.js'
import type { Log } from '../operation/log.js'
import type { Metrics } from '../operation/metrics.js'
import { createClientAddresses } from './client-address.js'
import { trackConnections } from './connections.js'
import { readBody } from './request-body.js'
import { headerPairs, makeOrigin, type HeaderPairs } from './request-origin.js'
import { plainAnswer, send, sendLast, sendLastAndDiscard } from './wire-answer.js'
import type { WireRoom } from './wire.js'

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

const options: ServerOptions = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  // How often the two above are looked at; node's own default would let slow clients stay for a minute.
  connectionsCheckingInterval: 2_000,
  // Longer than the idle time of common load balancers, so that they close first.
  keepAliveTimeout: 65_000,
  maxHeaderSize: 16_384,
}
const hostPattern = /^(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?$/

export function createHotServer(deps: HotServerDeps): HotServer {
  const addresses = createClientAddresses(deps.trustedProxies)
  const origins = new WeakMap<IncomingMessage, RequestOrigin>()
  const newRequestId = deps.randomUuid ?? randomUUID
  const monotonicMs = deps.monotonicMs ?? (() => performance.now())
  let stopping = false

  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const startedAt = monotonicMs()
    const headers = headerPairs(request.rawHeaders)
    const origin = makeOrigin(request, headers, addresses, newRequestId())
    origins.set(request, origin)
    const url = request.url ?? ''
    const query = url.indexOf('?')
    const rawPath = query < 0 ? url : url.slice(0, query)
    const rawQuery = query < 0 ? '' : url.slice(query + 1)
    const method = request.method ?? ''
    const room = deps.rooms.find((room) =>
      room.accepts(method, rawPath, rawQuery, request.headers['content-type'] ?? ''),
    )
    response.on('close', () => {
      deps.metrics.httpRequest(
        room === undefined ? 'pages' : (room.name ?? 'wire'),
        (monotonicMs() - startedAt) / 1000,
      )
    })
    connections.began(request, response)
    if (stopping) response.shouldKeepAlive = false
    if (!isWellFormed(url, headers)) {
      sendLast(response, plainAnswer(400, 'Bad Request', origin.requestId))
      return
    }
    if (room === undefined) {
      deps.application(request, response)
      return
    }
    const wireRequest = { method, rawPath, rawQuery, headers, origin }
    void serve(deps, room, request, response, wireRequest)
  }

  const server: Server =
    deps.tls === undefined
      ? createServer(options, listener)
      : createTlsServer(
          { ...options, cert: deps.tls.certificate, key: deps.tls.key, minVersion: 'TLSv1.2' },
          listener,
        )
  const connections = trackConnections(server, { tls: deps.tls !== undefined })

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
          deps.log.warn('http.stop-forced', { deadlineMs })
          connections.destroyAll()
        }, deadlineMs)
        server.close(() => {
          clearTimeout(deadline)
          resolve()
        })
        connections.drain()
      })
    },
  }
}

/** Settles in every case: whatever goes wrong becomes an answer or a closed connection. */
async function serve(
  deps: HotServerDeps,
  room: WireRoom,
  request: IncomingMessage,
  response: ServerResponse,
  wireRequest: {
    readonly method: string
    readonly rawPath: string
    readonly rawQuery: string
    readonly headers: HeaderPairs
    readonly origin: RequestOrigin
  },
): Promise<void> {
  const { requestId } = wireRequest.origin
  try {
    const encoding = request.headers['content-encoding'] ?? 'identity'
    if (encoding.trim().toLowerCase() !== 'identity') {
      await sendLastAndDiscard(request, response, plainAnswer(415, 'Unsupported Media Type', requestId))
      return
    }
    const read = await readBody(request, {
      maxBytes: room.maxBodyBytes,
      timeoutMs: deps.bodyTimeoutMs ?? 10_000,
    })
    if (read.type === 'gone') response.destroy()
    else if (read.type === 'too-slow') sendLast(response, plainAnswer(408, 'Request Timeout', requestId))
    else if (read.type === 'too-large') await sendLastAndDiscard(request, response, room.tooLarge(requestId))
    else send(response, await room.handle({ ...wireRequest, body: read.body }))
  } catch (cause) {
    deps.log.error('http.room-failed', { requestId, cause })
    if (response.headersSent) response.destroy()
    else sendLast(response, plainAnswer(500, 'InternalFailure', requestId))
  }
}

/** One host, of a form that a host can have, and a path: no absolute URL, no `*`. */
function isWellFormed(url: string, headers: HeaderPairs): boolean {
  const hosts = headers.filter(([name]) => name === 'host')
  return url.startsWith('/') && hosts.length === 1 && hostPattern.test(hosts[0]![1])
}
