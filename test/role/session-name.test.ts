import { describe, expect, it } from '@jest/globals'
import { roleSessionName } from '../../src/role/session-name.js'

describe('the name of a role session', () => {
  it.each([
    ['ada', 'ada'],
    ['ada@example.test', 'ada@example.test'],
    ['a.b_c+d=e,f-g', 'a.b_c+d=e,f-g'],
    ['x'.repeat(64), 'x'.repeat(64)],
  ])('is the username when that fits: %s', (username, expected) => {
    expect(roleSessionName({ username })).toBe(expected)
  })

  it('is what the provider says when it says something', () => {
    expect(roleSessionName({ username: 'ada', roleSessionName: 'ada.l' })).toBe('ada.l')
  })

  it.each(['', 'x', 'ann!', 'José Ñ', 'CN=Ada,OU=Dev', 'a/b', 'x'.repeat(65), '\u0000', '🦆🦆', 'a\nb'])(
    'always has the shape that STS demands: %j',
    (username) => {
      expect(roleSessionName({ username })).toMatch(/^[\w+=,.@-]{2,64}$/)
    },
  )

  it('keeps names apart that would look alike once cleaned', () => {
    const names = ['ann!', 'ann?', 'ann-', 'ann'].map((username) => roleSessionName({ username }))
    expect(new Set(names).size).toBe(4)
  })

  it('keeps accents readable', () => {
    expect(roleSessionName({ username: 'José' })).toMatch(/^Jose-[0-9a-f]{8}$/)
  })
})
