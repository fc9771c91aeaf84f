/** Writing a WireResponse to a node:http response, and the few answers that the server gives by itself. */
import type { Readable } from 'node:stream'
import type { WireResponse } from './wire.js'

/** What of a response is needed here; HTTP/2's has it too, but for the connection, which is not one response's to end. */
export interface Answerable {
  shouldKeepAlive?: boolean
  readonly headersSent: boolean
  flushHeaders?(): void
  destroy(): unknown
  writeHead(status: number, headers: Readonly<Record<string, string | number>>): unknown
  write(body: string): unknown
  end(): unknown
  end(body: string, encoding: BufferEncoding): unknown
}

/** How long the rest of an unwanted body is read before the connection is cut. */
const discardMs = 1000

export function plainAnswer(status: number, text: string, requestId: string): WireResponse {
  return {
    status,
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      'x-amzn-requestid': requestId,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    },
    body: `${text}\n`,
  }
}

export function send(response: Answerable, { status, headers, body }: WireResponse): void {
  const length = Buffer.byteLength(body)
  response.writeHead(status, { ...headers, 'content-length': length })
  // A text goes out in one piece with its head. ASCII is the same in both, and its way is the shorter one.
  response.end(body, length === body.length ? 'latin1' : 'utf8')
}

/** The connection ends with this answer: what follows on it cannot be trusted or is not wanted. */
export function sendLast(response: Answerable, answer: WireResponse): void {
  response.shouldKeepAlive = false
  send(response, answer)
}

/**
 * As `sendLast`, while the rest of the body is still arriving. Closing at once would reset the connection, and the
 * client would see that instead of the answer; so what arrives in the next moment is read and thrown away.
 */
export async function sendLastAndDiscard(
  request: Pick<Readable, 'once' | 'resume'>,
  response: Answerable,
  { status, headers, body }: WireResponse,
): Promise<void> {
  response.shouldKeepAlive = false
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) })
  if (body.length > 0) response.write(body)
  else response.flushHeaders?.()
  await discarded(request)
  response.end()
}

function discarded(request: Pick<Readable, 'once' | 'resume'>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, discardMs)
    const done = (): void => {
      clearTimeout(timer)
      resolve()
    }
    request.once('end', done)
    request.once('close', done)
    request.resume()
  })
}
