/**
 * HTTP/2 on the TLS server, for clients that speak nothing else. Whoever offers HTTP/1.1 gets HTTP/1.1: Express makes
 * its own kind of HTTP/1 objects out of a request and fails on HTTP/2's, so a browser that was given HTTP/2 would see
 * no page; and node's HTTP/1 is the faster one here. Wire rooms answer over both.
 */
import {
  constants,
  createServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2'
import type { Server } from 'node:https'
import type { TLSSocket } from 'node:tls'

export interface Http2Connections {
  /** Lets requests under way finish, and takes no new ones. */
  drain(): void
}

/** For a TLS server's `ALPNCallback`. @returns undefined when there is no protocol in common. */
export function chooseProtocol({ protocols }: { readonly protocols: readonly string[] }): string | undefined {
  return ['http/1.1', 'h2'].find((protocol) => protocols.includes(protocol))
}

/** Takes the server's connections on which HTTP/2 was chosen, and leaves it the others. */
export function serveHttp2(
  server: Server,
  limits: { readonly maxHeaderBytes: number; readonly idleMs: number },
  listener: (request: Http2ServerRequest, response: Http2ServerResponse) => void,
): Http2Connections {
  const sessions = new Set<ServerHttp2Session>()
  let draining = false
  const http2 = createServer(
    { settings: { enablePush: false, maxConcurrentStreams: 100, maxHeaderListSize: limits.maxHeaderBytes } },
    listener,
  )
  http2.setTimeout(limits.idleMs)
  http2.on('session', (session) => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
    if (draining) session.close()
  })

  const overHttp1 = server.listeners('secureConnection') as ((socket: TLSSocket) => void)[]
  server.removeAllListeners('secureConnection')
  server.on('secureConnection', (socket: TLSSocket) => {
    if (socket.alpnProtocol === 'h2') http2.emit('connection', socket)
    else for (const take of overHttp1) take.call(server, socket)
  })

  return {
    drain() {
      draining = true
      for (const session of sessions) session.close()
    },
  }
}

/** Has the client ask again over HTTP/1.1 (RFC 9113 section 7). */
export function sendToHttp1(response: Http2ServerResponse): void {
  response.stream.close(constants.NGHTTP2_HTTP_1_1_REQUIRED)
}
