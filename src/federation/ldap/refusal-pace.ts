/**
 * How long a refusal takes, so that one for an unknown name takes as long. The requests are the same already; this
 * levels what is left, a directory that hashes slowly when there is a password to compare.
 */
export interface RefusalPace {
  /** Runs the bind of a known name and remembers how long a refusal took. */
  observe(bind: () => Promise<boolean>): Promise<boolean>
  /** Runs the bind of an unknown name and then waits for the rest of a remembered time. */
  imitate(bind: () => Promise<boolean>): Promise<boolean>
}

const remembered = 16

export interface RefusalPaceDeps {
  /** Milliseconds on a clock that never goes back. */
  readonly elapsed: () => number
  /** Uniform in [0, 1). */
  readonly draw: () => number
  /** Resolves after so many milliseconds. */
  readonly wait?: (milliseconds: number) => Promise<void>
}

export function createRefusalPace({ elapsed, draw, wait = delay }: RefusalPaceDeps): RefusalPace {
  const refusals: number[] = []
  return {
    async observe(bind) {
      const began = elapsed()
      const accepted = await bind()
      if (!accepted) {
        refusals.push(elapsed() - began)
        if (refusals.length > remembered) refusals.shift()
      }
      return accepted
    },
    async imitate(bind) {
      const began = elapsed()
      const accepted = await bind()
      const typical = refusals[Math.floor(draw() * refusals.length)] ?? 0
      const rest = typical - (elapsed() - began)
      if (rest > 0) await wait(rest)
      return accepted
    },
  }
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
