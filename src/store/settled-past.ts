/**
 * Up to when it is past for sure, by a clock that may be wrong for a while: a server's clock that jumps ahead and comes
 * back must not have cost anything that lives. In memory, no timer: who forgets looks from time to time.
 */

/** So long a clock must agree with itself. */
export const settledAfterMs = 600_000

export interface SettledPast {
  /**
   * Looks at the clock.
   * @returns an instant that was past at two looks at least `settledAfterMs` apart and at all looks since the first of
   * them; undefined before there were two.
   */
  look(): Date | undefined
}

/** @param deps.monotonic milliseconds on a clock that nobody sets. */
export function createSettledPast(deps: {
  readonly now: () => Date
  readonly monotonic: () => number
}): SettledPast {
  let windowBegan: number | undefined
  let earliest = Infinity
  let settled: number | undefined
  return {
    look() {
      const time = deps.now().getTime()
      const at = deps.monotonic()
      windowBegan ??= at
      earliest = Math.min(earliest, time)
      if (settled !== undefined) settled = Math.min(settled, time)
      if (at - windowBegan >= settledAfterMs) {
        settled = earliest
        windowBegan = at
        earliest = time
      }
      return settled === undefined ? undefined : new Date(settled)
    },
  }
}
