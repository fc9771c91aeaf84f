/**
 * Puts lines that arrive together into one write and one sync, so that being durable costs a busy server little.
 *
 * Every line has a deadline, and how much may wait is bounded: a sink that is slow, full or gone refuses lines soon
 * and takes them again by itself once it works.
 */
import type { Sink } from './sink.js'

export interface GroupCommit {
  /** Resolves when the line is durable (an empty one: when the sink is there and in order); rejects when it was not within the deadline. A rejected line may still be written. */
  append(line: string): Promise<void>
  /** Writes what waits, within the deadline, and closes the sink. */
  close(): Promise<void>
}

interface Waiting {
  readonly line: string
  resolve(): void
  reject(reason: unknown): void
}

const BATCH_CHARACTERS = 1_048_576

export function createGroupCommit(
  sink: Sink,
  limits: { readonly deadlineMs: number; readonly maxWaiting: number },
): GroupCommit {
  let queue: Waiting[] = []
  let writing: Promise<void> | undefined
  /** A write that has outlived the deadline: nothing behind it has a chance, so nothing waits for it. */
  let stuck = false
  let closed = false

  const nextBatch = (): readonly Waiting[] => {
    let characters = 0
    let count = 0
    while (count < queue.length && characters < BATCH_CHARACTERS) characters += queue[count++]!.line.length
    return queue.splice(0, count)
  }
  const writeQueue = async () => {
    while (queue.length > 0) {
      const batch = nextBatch()
      const late = setTimeout(() => {
        stuck = true
      }, limits.deadlineMs)
      try {
        await sink.append(batch.map(({ line }) => line).join(''))
        for (const waiting of batch) waiting.resolve()
      } catch (error) {
        for (const waiting of batch) waiting.reject(error)
      } finally {
        clearTimeout(late)
        stuck = false
      }
    }
    writing = undefined
  }

  return {
    append: (line) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(new Error('closed'))
        if (stuck) return reject(new Error(`a write has taken longer than ${limits.deadlineMs} ms`))
        if (queue.length >= limits.maxWaiting) return reject(new Error('too many records are waiting'))
        const timer = setTimeout(() => {
          queue = queue.filter((other) => other !== waiting)
          reject(new Error(`not written within ${limits.deadlineMs} ms`))
        }, limits.deadlineMs)
        const waiting: Waiting = {
          line,
          resolve: () => {
            clearTimeout(timer)
            resolve()
          },
          reject: (reason) => {
            clearTimeout(timer)
            reject(reason)
          },
        }
        queue.push(waiting)
        // After this turn of the event loop, so that everything recorded in it goes into the first batch.
        writing ??= Promise.resolve().then(writeQueue)
      }),
    async close() {
      closed = true
      const late = new Promise<void>((resolve) => {
        setTimeout(resolve, limits.deadlineMs).unref()
      })
      await Promise.race([writing, late])
      await sink.close()
    },
  }
}
