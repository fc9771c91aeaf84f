/** How long the place of a worker that died stays empty: longer each time, so that one that cannot live costs little. */

export interface ReplacementDelay {
  /** @param livedMs how long the worker served; 0 when it never did. @returns milliseconds until the next one starts. */
  afterDeath(livedMs: number): number
}

const firstMs = 1_000
const longestMs = 30_000
/** Whoever served this long died of something new. */
const recoveredMs = 60_000

export function createReplacementDelay(): ReplacementDelay {
  let next = firstMs
  return {
    afterDeath(livedMs) {
      const delay = livedMs >= recoveredMs ? firstMs : next
      next = Math.min(delay * 2, longestMs)
      return delay
    },
  }
}
