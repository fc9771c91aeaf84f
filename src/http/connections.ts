/**
 * Which connections are busy. Node's own closeIdleConnections leaves those alone that have never sent a request, and
 * a graceful stop would wait for them until its deadline.
 */
import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

export interface Connections {
  /** Counts the request as under way until `ended`. */
  began(socket: Socket, response: ServerResponse): void
  /** The response is over. */
  ended(socket: Socket): void
  /** Whether bytes written to it now would stand at the beginning of an answer, not in the middle of one. */
  betweenAnswers(socket: Socket): boolean
  /** Ends every connection that is not busy now, and from now on each one as soon as it is not. */
  drain(): void
  destroyAll(): void
}

interface Busy {
  requests: number
  /** The newest. */
  response?: ServerResponse
}

/** HTTP/2's connections end themselves when told to; here they are only destroyed. */
export function trackConnections(server: Server, { tls }: { readonly tls: boolean }): Connections {
  const open = new Map<Socket, Busy>()
  /** The same sockets, or below TLS those that carry them, unfinished handshakes included. */
  const carriers = new Set<Socket>()
  let draining = false

  server.on('connection', (socket: Socket) => {
    carriers.add(socket)
    socket.once('close', () => carriers.delete(socket))
  })
  const opened = (socket: Socket): void => {
    if ('alpnProtocol' in socket && socket.alpnProtocol === 'h2') return
    open.set(socket, { requests: 0 })
    socket.once('close', () => open.delete(socket))
    if (draining) socket.destroy()
  }
  // A TLS server announces the encrypted socket, the one that requests come with, apart from its carrier.
  server.on(tls ? 'secureConnection' : 'connection', opened)

  return {
    began(socket, response) {
      const busy = open.get(socket)
      if (busy === undefined) return
      busy.requests += 1
      busy.response = response
    },
    ended(socket) {
      const busy = open.get(socket)
      if (busy === undefined) return
      busy.requests -= 1
      if (busy.requests > 0) return
      delete busy.response
      // By then the last bytes have been handed to the system; `end` lets them out before the connection goes.
      if (draining) socket.end(() => socket.destroy())
    },
    betweenAnswers(socket) {
      const busy = open.get(socket)
      return (
        busy === undefined ||
        busy.requests === 0 ||
        (busy.requests === 1 && busy.response?.headersSent === false)
      )
    },
    drain() {
      draining = true
      for (const [socket, { requests }] of open) if (requests === 0) socket.destroy()
    },
    destroyAll() {
      for (const socket of carriers) socket.destroy()
    },
  }
}
