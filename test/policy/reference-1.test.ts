import { expect, it } from '@jest/globals'
import { compareOn } from './reference-comparison.js'

it('the evaluator and the literal second evaluator agree on 50,000 random requests, part 1 of 4', () => {
  const { requests, outcomes, documents } = compareOn({ from: 1, count: 2_500 })
  expect(requests).toBe(50_000)
  // Each outcome and each kind of document has to be common, or the comparison would compare little.
  for (const count of Object.values(outcomes)) expect(count).toBeGreaterThan(5_000)
  expect(documents.size).toBe(7)
  for (const count of documents.values()) expect(count).toBeGreaterThan(400)
})
