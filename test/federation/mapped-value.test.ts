import { describe, expect, it } from '@jest/globals'
import { mappedValue } from '../../src/federation/mapped-value.js'

const single = { from: 'departmentNumber', to: 'department', list: false }
const list = { ...single, list: true }

describe('a mapped attribute', () => {
  it('is one text, or a list where the configuration says so, or absent', () => {
    expect(mappedValue('ldap', single, ['sales'])).toBe('sales')
    expect(mappedValue('ldap', single, ['sales', 'sales'])).toBe('sales')
    expect(mappedValue('ldap', list, ['sales'])).toEqual(['sales'])
    expect(mappedValue('ldap', list, ['sales', 'x'])).toEqual(['sales', 'x'])
    expect(mappedValue('ldap', list, [])).toBeUndefined()
    expect(mappedValue('ldap', single, [])).toBeUndefined()
  })

  it('with a second value where one is expected is refused, so that no Deny is slipped past', () => {
    expect(() => mappedValue('ldap', single, ['sales', 'x'])).toThrow(
      expect.objectContaining({ code: 'InvalidAssertion', reason: 'ldap:attribute-values' }),
    )
  })
})
