/**
 * An answer in time or a Fault. The engines' own time limits leave gaps (a command already sent, a disk that
 * hangs), and a caller must never wait for them.
 */
import { Fault } from '../fault.js'

/**
 * Settles as `operation` does, at the latest after `timeoutMs`. What arrives later is dropped: the operation may
 * still have taken effect.
 * @throws {Fault} `StoreUnavailable` for the time limit and for whatever the engine rejects with.
 */
export function inTime<T>(timeoutMs: number, operation: () => PromiseLike<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(unavailable(`no answer within ${timeoutMs} ms`)), timeoutMs)
    const settle = (done: () => void) => {
      clearTimeout(timer)
      done()
    }
    void (async () => operation())().then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error instanceof Fault ? error : unavailable('engine', error))),
    )
  })
}

export function unavailable(reason: string, cause?: unknown): Fault {
  return new Fault('StoreUnavailable', 'the store cannot be reached, try again', {
    reason: `store:${reason}`,
    ...(cause === undefined ? {} : { cause }),
  })
}
