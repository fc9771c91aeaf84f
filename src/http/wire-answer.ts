/** Writing a WireResponse to a node:http response, and the few answers that the server gives by itself. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { WireResponse } from './wire.js'

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

export function send(response: ServerResponse, answer: WireResponse): void {
  const body = Buffer.from(answer.body, 'utf8')
  response.writeHead(answer.status, { ...answer.headers, 'content-length': body.length })
  response.end(body)
}

/** The connection ends with this answer: what follows on it cannot be trusted or is not wanted. */
export function sendLast(response: ServerResponse, answer: WireResponse): void {
  response.shouldKeepAlive = false
  send(response, answer)
}

/**
 * As `sendLast`, while the rest of the body is still arriving. Closing at once would reset the connection, and the
 * client would see that instead of the answer; so what arrives in the next moment is read and thrown away.
 */
export async function sendLastAndDiscard(
  request: IncomingMessage,
  response: ServerResponse,
  answer: WireResponse,
): Promise<void> {
  response.shouldKeepAlive = false
  const body = Buffer.from(answer.body, 'utf8')
  response.writeHead(answer.status, { ...answer.headers, 'content-length': body.length })
  if (body.length > 0) response.write(body)
  else response.flushHeaders()
  await discarded(request)
  response.end()
}

function discarded(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, discardMs)
    const done = (): void => {
      clearTimeout(timer)
      resolve()
    }
    request.once('end', done).once('close', done).resume()
  })
}
