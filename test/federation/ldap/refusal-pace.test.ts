import { expect, it } from '@jest/globals'
import { createRefusalPace } from '../../../src/federation/ldap/refusal-pace.js'

it('an unknown name waits as long as a refused one took, an accepted one teaches nothing', async () => {
  const readings = [0, 5_000, 5_040, 5_040, 5_041]
  const steps: string[] = []
  const pace = createRefusalPace({
    elapsed: () => readings.shift()!,
    draw: () => 0.99,
    wait: async (milliseconds) => void steps.push(`waits ${milliseconds}`),
  })
  expect(await pace.observe(() => Promise.resolve(true))).toBe(true)
  expect(await pace.observe(() => Promise.resolve(false))).toBe(false)
  const bind = async () => {
    steps.push('binds')
    return false
  }
  expect(await pace.imitate(bind)).toBe(false)
  expect(steps).toEqual(['binds', 'waits 39'])
})
