import { describe, expect, it } from '@jest/globals'
import { shrunk, type WrittenCase } from './reference-comparison.js'

describe('a case on which the two evaluators disagree', () => {
  const layers = {
    identity: [
      { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: ['a:b', 'a:c'], Resource: '*' }] },
      { Version: '2012-10-17', Statement: [] },
    ],
    boundary: { Version: '2012-10-17', Statement: [] },
  }
  const start: WrittenCase = {
    request: {
      principal: { type: 'anonymous' },
      action: 'a:c',
      resource: '*',
      resourceAccount: '111122223333',
      context: { 'k:v': ['x', 'y'], 'k:w': 'z' },
    },
    layers,
  }

  it('is shown without anything that does not matter', () => {
    const says = (one: WrittenCase) =>
      JSON.stringify([one.layers]).includes('a:c') && JSON.stringify([one.request]).includes('"y"')
    expect(shrunk(start, says)).toEqual({
      request: { context: { 'k:v': ['y'] } },
      layers: { identity: [{ Statement: [{ Action: ['a:c'] }] }] },
    })
    expect(start.layers).toBe(layers)
  })
})
