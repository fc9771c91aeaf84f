import { describe, expect, it, jest } from '@jest/globals'
import { drawAhead } from '../../src/credentials/random-draw.js'

/** Counts up, so that a byte that is handed out twice shows. */
function counting() {
  let next = 0
  const asked: number[] = []
  return {
    asked,
    random: (size: number) => {
      asked.push(size)
      return Buffer.from(Array.from({ length: size }, () => next++))
    },
  }
}

describe('bytes drawn ahead', () => {
  it('are each handed out once, in pieces of any size', () => {
    const { random, asked } = counting()
    const draw = drawAhead(random, 10)
    const pieces = [3, 5, 4, 6, 1, 10].map((size) => [...draw(size)])
    expect(pieces.map(({ length }) => length)).toEqual([3, 5, 4, 6, 1, 10])
    const all = pieces.flat()
    expect(new Set(all).size).toBe(all.length)
    expect(asked).toEqual([10, 10, 10, 10])
  })

  it('stay what they are while others are drawn', () => {
    const draw = drawAhead(counting().random, 4)
    const first = draw(3)
    draw(4)
    draw(4)
    expect([...first]).toEqual([0, 1, 2])
  })

  it('are not drawn for a call that wants more', () => {
    const { random, asked } = counting()
    const draw = drawAhead(random, 4)
    expect(draw(5)).toHaveLength(5)
    expect(asked).toEqual([5])
  })

  it('are forgotten after a second', () => {
    jest.useFakeTimers()
    try {
      const draw = drawAhead(counting().random, 8)
      expect([...draw(2)]).toEqual([0, 1])
      jest.advanceTimersByTime(999)
      expect([...draw(2)]).toEqual([2, 3])
      jest.advanceTimersByTime(1)
      expect([...draw(2)]).toEqual([8, 9])
      jest.advanceTimersByTime(999)
      expect([...draw(6)]).toEqual([10, 11, 12, 13, 14, 15])
    } finally {
      jest.useRealTimers()
    }
  })
})
