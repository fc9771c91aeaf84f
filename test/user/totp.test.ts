import { randomBytes } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { codeAt, otpauthUri, secretFromText, secretText, stepAt, stepOfCode } from '../../src/user/totp.js'

describe('RFC 6238 appendix B, with six digits', () => {
  const secret = Buffer.from('12345678901234567890')
  it.each([
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
    [20_000_000_000, '353130'],
  ])('at %d seconds the code is %s', (seconds, code) => {
    const step = stepAt(new Date(seconds * 1000))
    expect(codeAt(secret, step)).toBe(code)
    expect(stepOfCode(secret, code, [step - 1, step, step + 1])).toBe(step)
  })
})

describe('a code', () => {
  const secret = randomBytes(20)
  const code = codeAt(secret, 1000)

  it('is of no step but its own', () => {
    expect(stepOfCode(secret, code, [1000])).toBe(1000)
    expect(stepOfCode(secret, code, [])).toBeUndefined()
    expect(stepOfCode(randomBytes(20), code, [1000])).toBeUndefined()
  })

  it.each([
    ['nothing', () => ''],
    ['five digits', () => code.slice(1)],
    ['seven digits', () => `${code}0`],
    ['a blank in front', () => ` ${code}`],
    ['a line end', () => `${code}\n`],
    ['full-width digits', () => code.replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit)))],
    [
      'Arabic-Indic digits',
      () => code.replace(/\d/g, (digit) => String.fromCodePoint(0x660 + Number(digit))),
    ],
    ['a sign', () => `+${code.slice(1)}`],
    ['a megabyte', () => code.repeat(170_000)],
  ])('is none with %s', (_, spell) => {
    expect(stepOfCode(secret, spell(), [1000])).toBeUndefined()
  })
})

describe('a secret', () => {
  it('reads back as it was written, however people space it', () => {
    const secret = randomBytes(20)
    const text = secretText(secret)
    expect(text).toMatch(/^[A-Z2-7]{32}$/)
    expect(secretFromText(text)).toEqual(secret)
    expect(secretFromText(` ${text.toLowerCase().replace(/(.{4})/g, '$1 ')}\n`)).toEqual(secret)
    expect(secretFromText(`${text.slice(0, 16)}-${text.slice(16)}======`)).toEqual(secret)
  })

  it.each([
    ['', 'short'],
    ['JBSWY3DPEHPK3PXP', '10 bytes'],
    ['0189'.repeat(8), 'no base32'],
    ['A'.repeat(200), 'long'],
  ])('is not taken: %j (%s)', (text) => expect(secretFromText(text)).toBeUndefined())
})

describe('the URI that an app scans', () => {
  it('says what apps need, and keeps names apart from one another', () => {
    const secret = Buffer.from('12345678901234567890')
    const uri = new URL(otpauthUri({ issuer: 'Big: Corp', label: 'ann+x=y@111122223333', secret }))
    expect(uri.protocol).toBe('otpauth:')
    expect(uri.host).toBe('totp')
    expect(decodeURIComponent(uri.pathname)).toBe('/Big  Corp:ann+x=y@111122223333')
    expect(Object.fromEntries(uri.searchParams)).toEqual({
      issuer: 'Big  Corp',
      secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ',
      algorithm: 'SHA1',
      digits: '6',
      period: '30',
    })
  })
})
