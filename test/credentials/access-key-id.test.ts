import { randomBytes } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import {
  accountOf,
  isLongTermAccessKeyId,
  isTemporaryAccessKeyId,
  newAccessKeyId,
} from '../../src/credentials/access-key-id.js'

const accounts = fc
  .bigInt({ min: 0n, max: 999_999_999_999n })
  .map((number) => number.toString().padStart(12, '0'))

describe('access key ids', () => {
  it('reads the account of published ids', () => {
    expect(accountOf('ASIAQNZGKIQY56JQ7WML')).toBe('029608264753')
    expect(accountOf('ASIARZPUZDIKAAAAAAAA')).toBe('123456789012')
  })

  it('writes the id that is known for an account and no noise', () => {
    expect(newAccessKeyId('123456789012', (size) => Buffer.alloc(size))).toBe('ASIARZPUZDIKAAAAAAAA')
  })

  it('gives every account back, leading zeros included', () => {
    fc.assert(
      fc.property(accounts, (account) => {
        const id = newAccessKeyId(account, randomBytes)
        expect(isTemporaryAccessKeyId(id)).toBe(true)
        expect(accountOf(id)).toBe(account)
      }),
    )
  })

  it.each([
    '',
    'ASIA',
    'AIDAQNZGKIQY56JQ7WML',
    'asiaqnzgkiqy56jq7wml',
    'ASIAQNZGKIQY56JQ7WM1',
    'ASIAQNZGKIQY56JQ7WML\n',
  ])('knows no account for %j', (id) => {
    expect(isTemporaryAccessKeyId(id)).toBe(false)
    expect(accountOf(id)).toBeUndefined()
  })

  it('names keys that stay by another prefix, from which the account can be read as well', () => {
    const id = newAccessKeyId('123456789012', (size) => Buffer.alloc(size), 'AKIA')
    expect(id).toBe('AKIARZPUZDIKAAAAAAAA')
    expect(accountOf(id)).toBe('123456789012')
    expect(isLongTermAccessKeyId(id)).toBe(true)
    expect(isTemporaryAccessKeyId(id)).toBe(false)
    expect(isLongTermAccessKeyId('ASIARZPUZDIKAAAAAAAA')).toBe(false)
  })

  it('knows no account for ids from before 2019 and for numbers with 13 digits', () => {
    expect(accountOf('ASIAIOSFODNN7EXAMPLE')).toBeUndefined()
    expect(accountOf('ASIA7777777777777777')).toBeUndefined()
  })

  it('refuses to name an id after something that is no account', () => {
    expect(() => newAccessKeyId('12345678901', randomBytes)).toThrow(TypeError)
  })
})
