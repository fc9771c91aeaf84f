import { describe, expect, it } from '@jest/globals'
import { evaluate } from '../../src/policy/evaluate.js'
import { compiledLayers } from './compiled.js'
import { createDice, randomRequest } from './random-request.js'
import { judge } from './reference.js'

describe('the evaluator and the literal second evaluator', () => {
  it('agree on 20,000 random requests over random policies', () => {
    const outcomes = { allowed: 0, explicitDeny: 0, implicitDeny: 0 }
    for (let seed = 1; seed <= 20_000; seed += 1) {
      const { request, layers } = randomRequest(createDice(seed))
      const expected = judge(request, layers)
      const { outcome } = evaluate(request, compiledLayers(layers))
      if (outcome !== expected) {
        const context = Object.fromEntries(request.context)
        const shown = JSON.stringify({ ...request, context, layers }, undefined, 1)
        throw new Error(`seed ${seed}: evaluate says ${outcome}, the reference ${expected}\n${shown}`)
      }
      outcomes[outcome] += 1
    }
    // Each outcome has to be common, or the comparison would compare little.
    for (const count of Object.values(outcomes)) expect(count).toBeGreaterThan(2_000)
  })
})
