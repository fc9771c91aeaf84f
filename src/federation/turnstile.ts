/**
 * Bounded concurrency for the costly part of a password sign-in: connections to a directory, memory-hard hashes.
 * Knows neither of them; whoever waits too long is told so instead of piling up.
 */
export interface Turnstile {
  /** Runs `work` when there is room. @returns undefined when there was none within the waiting time. */
  pass<T>(work: () => Promise<T>): Promise<{ readonly value: T } | undefined>
}

/** `atOnce` run together, `waiting` more queue for at most `waitMs` milliseconds each; the rest is turned away. */
export function createTurnstile(limits: {
  readonly atOnce: number
  readonly waiting: number
  readonly waitMs: number
}): Turnstile {
  let running = 0
  const queue = new Set<() => void>()

  function enter(): Promise<boolean> {
    if (running < limits.atOnce) {
      running += 1
      return Promise.resolve(true)
    }
    if (queue.size >= limits.waiting) return Promise.resolve(false)
    return new Promise((resolve) => {
      const admit = () => {
        clearTimeout(timer)
        resolve(true)
      }
      const timer = setTimeout(() => {
        queue.delete(admit)
        resolve(false)
      }, limits.waitMs)
      queue.add(admit)
    })
  }

  function leave(): void {
    const next = queue.values().next()
    if (next.done) {
      running -= 1
      return
    }
    // The place is handed over, so nobody can slip in between.
    queue.delete(next.value)
    next.value()
  }

  return {
    async pass(work) {
      if (!(await enter())) return undefined
      try {
        return { value: await work() }
      } finally {
        leave()
      }
    },
  }
}
