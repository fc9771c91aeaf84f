/**
 * Giving a replica a moment to have a write. It narrows what a fail-over can lose and promises nothing: a replica that
 * does not answer in time fails no write.
 */
import { inTime } from './deadline.js'

/** A replica beside its master says that it has a write within some tens of milliseconds. */
const WAIT_MS = 100
/** One that was too slow, or is not there, is left alone this long. */
const REST_MS = 5_000

/**
 * @param confirm says how many replicas had, within the given time, all that was written before it was called.
 * @returns what resolves after a `confirm` that began later than the call; simultaneous callers share it.
 */
export function createReplicaWait(
  operationTimeoutMs: number,
  confirm: (timeoutMs: number) => Promise<number>,
): () => Promise<void> {
  // A caller may have to let one round end before its own, within the time of its operation.
  const timeoutMs = Math.min(WAIT_MS, Math.ceil(operationTimeoutMs / 4))
  let restUntil = 0
  let current = Promise.resolve()
  let next: Promise<void> | undefined
  const round = async () => {
    next = undefined
    if (performance.now() < restUntil) return
    const replicas = await inTime(timeoutMs * 1.5, () => confirm(timeoutMs)).catch(() => 0)
    if (replicas === 0) restUntil = performance.now() + REST_MS
  }
  return () => {
    if (next === undefined) {
      next = current.then(round)
      current = next
    }
    return next
  }
}
