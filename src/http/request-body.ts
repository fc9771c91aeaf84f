/** Reading a request's body with an end in sight: so many bytes, so many milliseconds, nothing decoded. */
import type { IncomingMessage } from 'node:http'

export type ReadBody =
  | { readonly type: 'read'; readonly body: Buffer }
  | { readonly type: 'too-large' }
  | { readonly type: 'too-slow' }
  /** The client went away. */
  | { readonly type: 'gone' }

/** After anything but `read` the connection cannot be used again: part of the body may still be on its way. */
export function readBody(
  request: IncomingMessage,
  limits: { readonly maxBytes: number; readonly timeoutMs: number },
): Promise<ReadBody> {
  const declared = Number(request.headers['content-length'] ?? 0)
  if (declared > limits.maxBytes) return Promise.resolve({ type: 'too-large' })
  if (declared === 0 && request.headers['transfer-encoding'] === undefined)
    return Promise.resolve({ type: 'read', body: Buffer.alloc(0) })

  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let length = 0
    const finish = (result: ReadBody): void => {
      clearTimeout(timer)
      request.off('data', onData).off('end', onEnd).off('close', onGone)
      if (result.type !== 'read') request.pause()
      resolve(result)
    }
    const onData = (chunk: Buffer): void => {
      length += chunk.length
      if (length > limits.maxBytes) finish({ type: 'too-large' })
      else chunks.push(chunk)
    }
    const onEnd = (): void =>
      finish({ type: 'read', body: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks) })
    const onGone = (): void => finish({ type: 'gone' })
    const timer = setTimeout(() => finish({ type: 'too-slow' }), limits.timeoutMs)
    request.on('data', onData).on('end', onEnd).on('close', onGone)
    // Stays for the request's life: an error after the answer must not become an uncaught one.
    request.on('error', onGone)
  })
}
