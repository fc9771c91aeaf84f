/** Reading a request's body with an end in sight: so many bytes, so many milliseconds, nothing decoded. */
import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'

export type ReadBody =
  | { readonly type: 'read'; readonly body: Buffer }
  | { readonly type: 'too-large' }
  | { readonly type: 'too-slow' }
  /** The client went away. */
  | { readonly type: 'gone' }

/** What of a request is needed here; HTTP/2's has it too. */
export type BodySource = Pick<Readable, 'on' | 'pause'> &
  Pick<IncomingMessage, 'headers' | 'httpVersionMajor'>

/** After anything but `read` the connection cannot be used again: part of the body may still be on its way. */
export type BodyReader = (request: BodySource, maxBytes: number) => Promise<ReadBody>

const noBody: Promise<ReadBody> = Promise.resolve({ type: 'read', body: Buffer.alloc(0) })

/** @param timeoutMs how long a body may take to arrive. */
export function createBodyReader(timeoutMs: number): BodyReader {
  const deadlines = createDeadlines(timeoutMs)
  return (request, maxBytes) => {
    const declared = Number(request.headers['content-length'] ?? 0)
    if (declared > maxBytes) return Promise.resolve({ type: 'too-large' })
    if (declared === 0 && !mayComeUnannounced(request)) return noBody

    return new Promise((resolve) => {
      const chunks: Buffer[] = []
      let length = 0
      let finished = false
      const finish = (result: ReadBody): void => {
        if (finished) return
        finished = true
        deadlines.delete(deadline)
        if (result.type !== 'read') request.pause()
        resolve(result)
      }
      const deadline = deadlines.add(() => finish({ type: 'too-slow' }))
      request.on('data', (chunk: Buffer) => {
        length += chunk.length
        if (length > maxBytes) finish({ type: 'too-large' })
        else if (!finished) chunks.push(chunk)
      })
      request.on('end', () =>
        finish({ type: 'read', body: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks) }),
      )
      request.on('close', () => finish({ type: 'gone' }))
      // Stays for the request's life: an error after the answer must not become an uncaught one.
      request.on('error', () => finish({ type: 'gone' }))
    })
  }
}

/** In chunks, or over HTTP/2, where a length is optional. */
function mayComeUnannounced({ headers, httpVersionMajor }: BodySource): boolean {
  return (
    headers['transfer-encoding'] !== undefined ||
    (httpVersionMajor > 1 && headers['content-length'] === undefined)
  )
}

interface Deadline {
  readonly at: number
  readonly pass: () => void
}

/** One timer for all of them: since each lasts as long as the others, the oldest is due first. */
function createDeadlines(afterMs: number) {
  const pending = new Set<Deadline>()
  let timer: NodeJS.Timeout | undefined
  const watchOldest = (): void => {
    for (const { at } of pending) {
      timer = setTimeout(passDue, Math.max(1, at - performance.now())).unref()
      return
    }
  }
  const passDue = (): void => {
    timer = undefined
    const now = performance.now()
    for (const deadline of pending) {
      if (deadline.at > now) break
      pending.delete(deadline)
      deadline.pass()
    }
    watchOldest()
  }
  return {
    add(pass: () => void): Deadline {
      const deadline = { at: performance.now() + afterMs, pass }
      pending.add(deadline)
      if (timer === undefined) watchOldest()
      return deadline
    },
    delete: (deadline: Deadline) => pending.delete(deadline),
  }
}
