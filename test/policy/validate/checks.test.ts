import { describe, expect, it } from '@jest/globals'
import { checks } from '../../../src/policy/validate/checks.js'
import { validatePolicy } from '../../../src/policy/validate/validate.js'
import { cases } from './case.js'

const table = new Map(checks.map((check) => [check.code, check]))

describe('every check', () => {
  it.each(cases)('$title', ({ code, kind, hit, miss, at }) => {
    const found = validatePolicy(hit, kind).filter(({ issueCode }) => issueCode === code)
    expect(found.map(({ findingType }) => findingType)).toContain(table.get(code)?.type)
    for (const { findingDetails, locations } of found) {
      expect(findingDetails).toMatch(/^[A-Z`][^\n]*\.$/)
      expect(locations.length).toBeGreaterThan(0)
    }
    if (at !== undefined) {
      const slices = found
        .flatMap(({ locations }) => locations)
        .map(({ span }) => hit.slice(span.start.offset, span.end.offset))
      expect(slices).toContain(at)
    }
    expect(validatePolicy(miss, kind).map(({ issueCode }) => issueCode)).not.toContain(code)
  })

  it('has a case, a name of its own, and an own prefix unless it is published', () => {
    const named = new Set(cases.map(({ code }) => code))
    expect(checks.map(({ code }) => code).filter((code) => !named.has(code))).toEqual([])
    expect(table.size).toBe(checks.length)
    for (const code of table.keys()) expect(code).toMatch(/^[A-Z]+(?:_[A-Z]+)+$/)
  })
})
