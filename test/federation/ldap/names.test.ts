import { describe, expect, it } from '@jest/globals'
import { assert, property, string } from 'fast-check'
import { escapeDnValue, isWithin, leadingValue, parseDn } from '../../../src/federation/ldap/dn.js'
import { toEntry } from '../../../src/federation/ldap/entry.js'
import { compileFilter } from '../../../src/federation/ldap/filter.js'

describe('distinguished names (RFC 4514)', () => {
  it('any value survives being escaped into a name, and stays one value', () => {
    assert(
      property(string({ unit: 'grapheme' }), (value) => {
        const dn = parseDn(`cn=${escapeDnValue(value)},ou=people,dc=example`)
        expect(dn?.map((parts) => parts.length)).toEqual([1, 1, 1])
        expect(leadingValue(dn!, 'CN')).toBe(value)
      }),
      {
        examples: [
          ['\\ '],
          [' '],
          ['  '],
          ['\u3000a'],
          ['a\u00a0'],
          ['# '],
          ['a\\'],
          ['"'],
          ['\0'],
          ['a,ou=admins'],
          ['a+cn=b'],
        ],
      },
    )
  })

  it.each([
    ['cn=Steve Kille,o=Isode Limited', 'Steve Kille'],
    ['CN = L. Eagle , O="Sue, Grabbit and Runn"', 'L. Eagle'],
    [String.raw`cn=Sue\2C Grabbit and Runn,o=x`, 'Sue, Grabbit and Runn'],
    [String.raw`cn=Lu\C4\8Di\C4\87`, 'Lučić'],
    ['ou=Sales+cn=J.  Smith,dc=example', 'J.  Smith'],
    [String.raw`cn=trailing\ ,dc=example`, 'trailing '],
    ['cn="quoted; and \\"escaped\\"";dc=example', 'quoted; and "escaped"'],
  ])('reads %s', (text, value) => {
    expect(leadingValue(parseDn(text)!, 'cn')).toBe(value)
  })

  it.each([
    'cn',
    'cn=a,',
    ',cn=a',
    'cn=a,=b',
    'cn=a\\',
    'cn="a',
    'cn="a"b',
    'cn=a<b',
    '=a',
    'cn=a,,dc=b',
    'c n=a',
  ])('does not read `%s`', (text) => {
    expect(parseDn(text)).toBeUndefined()
  })

  it.each([
    ['uid=a,ou=people,dc=example', 'ou=people,dc=example', 'sub', true],
    ['uid=a,OU = People,DC=EXAMPLE', 'ou=people,dc=example', 'sub', true],
    ['uid=a,ou=x,ou=people,dc=example', 'ou=people,dc=example', 'sub', true],
    ['uid=a,ou=x,ou=people,dc=example', 'ou=people,dc=example', 'one', false],
    ['uid=a,ou=people,dc=example', 'ou=people,dc=example', 'one', true],
    ['ou=people,dc=example', 'ou=people,dc=example', 'base', true],
    ['uid=a,ou=people,dc=example', 'ou=people,dc=example', 'base', false],
    [String.raw`uid=a\,ou=people\,dc=example,dc=evil`, 'ou=people,dc=example', 'sub', false],
    [String.raw`uid=a,ou=people\2Cdc=example`, 'ou=people,dc=example', 'sub', false],
    ['uid=a,ou=people,dc=example,dc=evil', 'ou=people,dc=example', 'sub', false],
    ['uid=a,xou=people,dc=example', 'ou=people,dc=example', 'sub', false],
    ['dc=example', 'ou=people,dc=example', 'sub', false],
    ['uid=a,cn=b+ou=people,dc=example', 'ou=people+cn=B,dc=example', 'sub', true],
    ['uid=a,ou=people', '', 'sub', true],
    ['', '', 'base', false],
  ] as const)('`%s` within `%s` (%s): %s', (dn, base, scope, expected) => {
    expect(isWithin(dn, base, scope)).toBe(expected)
  })
})

describe('filters (RFC 4515)', () => {
  it('any value stays a value', () => {
    const filter = compileFilter('(&(objectClass=person)(uid={username}))')
    assert(
      property(string({ unit: 'grapheme', minLength: 1 }), (username) => {
        const { filters } = filter({ username }) as unknown as { filters: readonly { value: string }[] }
        expect(filters.map(({ value }) => value)).toEqual(['person', username])
      }),
      { examples: [['*'], [')(uid=*'], ['\\2a'], ['\0'], ['{dn}'], ['{username}'], ['$&'], ['\\']] },
    )
  })

  it('puts both values in, where they are asked for', () => {
    const filter = compileFilter('(|(member={dn})(memberUid={username}))')
    expect(String(filter({ dn: String.raw`cn=a\,b,dc=x`, username: 'a*' }))).toBe(
      String.raw`(|(member=cn=a\5c,b,dc=x)(memberUid=a\2a))`,
    )
  })
})

describe('entries', () => {
  it('prints binary identifiers in their usual form, and other bytes as base64', () => {
    const sid = Buffer.from('010500000000000515000000010000000200000003000000f4010000', 'hex')
    const entry = toEntry({
      dn: 'cn=a',
      objectGUID: Buffer.from('00112233445566778899aabbccddeeff', 'hex'),
      objectSid: sid,
      jpegPhoto: Buffer.from([0xff, 0xd8]),
      'cn;lang-de': 'Anna',
      MAIL: ['a@x', 'b@x'],
      title: [],
    })
    expect(entry.values('objectguid')).toEqual(['33221100-5544-7766-8899-aabbccddeeff'])
    expect(entry.values('objectSid')).toEqual(['S-1-5-21-1-2-3-500'])
    expect(entry.values('jpegPhoto')).toEqual(['/9g='])
    expect(entry.values('cn')).toEqual([])
    expect(entry.values('mail')).toEqual(['a@x', 'b@x'])
    expect(entry.values('title')).toEqual([])
    expect(entry.values('__proto__')).toEqual([])
  })
})
