import { describe, expect, it } from '@jest/globals'
import { createSettledPast } from '../../src/store/settled-past.js'

const noon = Date.parse('2026-01-02T12:00:00Z')
const minutes = (count: number) => count * 60_000

/** Minutes that have passed, minutes that the clock is ahead, and up to how many minutes after noon it is past then. */
type Look = readonly [passed: number, ahead: number, settled: number | undefined]

describe('what is past for sure', () => {
  it.each<readonly [string, ...Look[]]>([
    ['nothing before two looks', [0, 0, undefined], [9, 0, undefined]],
    ['what was past at both of two looks', [0, 0, undefined], [10, 0, 0], [15, 0, 0], [20, 0, 10]],
    ['also after a long pause', [0, 0, undefined], [500, 0, 0]],
    [
      'not what a clock said that came back',
      [0, 0, undefined],
      [5, 9_000, undefined],
      [10, 0, 0],
      [20, 0, 10],
    ],
    ['not what it says at the second look only', [0, 0, undefined], [10, 9_000, 0], [11, 0, 0], [20, 0, 11]],
    ['not what it said at the first look only', [0, 9_000, undefined], [5, 0, undefined], [10, 9_000, 5]],
    [
      'not any more when a clock comes back later',
      [0, 99, undefined],
      [10, 99, 99],
      [11, 0, 11],
      [21, 0, 11],
    ],
    ['less when a clock is set back', [0, 0, undefined], [10, 0, 0], [11, -60, -49], [20, -60, -49]],
  ])('is %s', (_what, ...looks) => {
    let [passed, ahead] = [0, 0]
    const past = createSettledPast({
      now: () => new Date(noon + minutes(passed + ahead)),
      monotonic: () => minutes(passed),
    })
    for (const [atMinute, aheadBy, settled] of looks) {
      ;[passed, ahead] = [atMinute, aheadBy]
      const expected = settled === undefined ? undefined : new Date(noon + minutes(settled))
      expect(past.look()).toEqual(expected)
    }
  })
})
