/**
 * Answers to what never became a request: bytes that are no HTTP, a head that is too long or never ends. Node's own
 * have neither a date nor a request id, and nobody could find them again.
 */
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'

/** How long the rest of it is read before the connection is cut: cut at once, the client would not see the answer. */
const discardMs = 1000

const statuses: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
}

export interface Unreadable {
  readonly requestId: string
  readonly now: Date
  /** False when an answer is under way on this connection, which another one would corrupt. */
  readonly answerable: boolean
}

/** For node's `clientError`; ends the connection. */
export function answerUnreadable(error: Error, socket: Socket, unreadable: Unreadable): void {
  // The rest of what was answered already.
  if (socket.writableEnded) return
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (!socket.writable || !unreadable.answerable || code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const status = statuses[code] ?? 400
  const phrase = STATUS_CODES[status] ?? ''
  const head = [
    `HTTP/1.1 ${status} ${phrase}`,
    'content-type: text/plain; charset=utf-8',
    `x-amzn-requestid: ${unreadable.requestId}`,
    'cache-control: no-store',
    'x-content-type-options: nosniff',
    `content-length: ${phrase.length + 1}`,
    `Date: ${unreadable.now.toUTCString()}`,
    'Connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${phrase}\n`)
  const cut = setTimeout(() => socket.destroy(), discardMs)
  socket.once('close', () => clearTimeout(cut))
}
