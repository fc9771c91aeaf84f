/**
 * Which connections are busy. Node's own closeIdleConnections leaves those alone that have never sent a request, and
 * a graceful stop would wait for them until its deadline.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

export interface Connections {
  /** Counts the request as under way until its response is over. */
  began(request: IncomingMessage, response: ServerResponse): void
  /** Ends every connection that is not busy now, and from now on each one as soon as it is not. */
  drain(): void
  destroyAll(): void
}

export function trackConnections(server: Server, { tls }: { readonly tls: boolean }): Connections {
  const open = new Map<Socket, number>()
  /** The same sockets, or below TLS those that carry them, unfinished handshakes included. */
  const carriers = new Set<Socket>()
  let draining = false

  server.on('connection', (socket: Socket) => {
    carriers.add(socket)
    socket.once('close', () => carriers.delete(socket))
  })
  const opened = (socket: Socket): void => {
    open.set(socket, 0)
    socket.once('close', () => open.delete(socket))
    if (draining) socket.destroy()
  }
  // A TLS server announces the encrypted socket, the one that requests come with, apart from its carrier.
  server.on(tls ? 'secureConnection' : 'connection', opened)

  return {
    began({ socket }, response) {
      open.set(socket, (open.get(socket) ?? 0) + 1)
      response.once('close', () => {
        const left = (open.get(socket) ?? 1) - 1
        if (open.has(socket)) open.set(socket, left)
        // By then the last bytes have been handed to the system; `end` lets them out before the connection goes.
        if (draining && left === 0) socket.end(() => socket.destroy())
      })
    },
    drain() {
      draining = true
      for (const [socket, requests] of open) if (requests === 0) socket.destroy()
    },
    destroyAll() {
      for (const socket of carriers) socket.destroy()
    },
  }
}
