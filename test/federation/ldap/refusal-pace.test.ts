import { expect, it } from '@jest/globals'
import { createRefusalPace } from '../../../src/federation/ldap/refusal-pace.js'

it('an unknown name waits as long as a refused one took, an accepted one teaches nothing', async () => {
  const readings = [0, 5_000, 5_040, 5_040, 5_041]
  const pace = createRefusalPace(
    () => readings.shift()!,
    () => 0.99,
  )
  expect(await pace.observe(() => Promise.resolve(true))).toBe(true)
  expect(await pace.observe(() => Promise.resolve(false))).toBe(false)
  let answered = false
  const began = performance.now()
  expect(
    await pace.imitate(() => {
      answered = true
      return Promise.resolve(false)
    }),
  ).toBe(false)
  expect(answered).toBe(true)
  expect(performance.now() - began).toBeGreaterThan(35)
})
