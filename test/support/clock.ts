import type { Clock } from '../../src/fault.js'

/** A clock that stands still until told otherwise. */
export interface TestClock {
  readonly now: Clock
  advance(seconds: number): void
}

export function testClock(start = '2026-01-02T03:04:05Z'): TestClock {
  let at = new Date(start).getTime()
  return {
    now: () => new Date(at),
    advance(seconds) {
      at += seconds * 1000
    },
  }
}
