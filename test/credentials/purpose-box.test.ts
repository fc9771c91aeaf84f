import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { createPurposeBox } from '../../src/credentials/purpose-box.js'
import { freshKey, ringOf } from '../support/key-ring.js'

describe('a purpose box', () => {
  it('gives every text back, in characters that fit cookies and URLs', async () => {
    const box = createPurposeBox(await ringOf(), 'pending-sign-in')
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const sealed = box.seal(text)
        expect(sealed).toMatch(/^[\w-]+$/)
        expect(box.open(sealed)).toBe(text)
      }),
    )
  })

  it('opens nothing of another purpose, another ring or another installation', async () => {
    const keys = [freshKey()]
    const ring = await ringOf({ keys, installation: 'one' })
    const sealed = createPurposeBox(ring, 'sign-in-session').seal('ada')
    expect(createPurposeBox(ring, 'pending-sign-in').open(sealed)).toBeUndefined()
    expect(createPurposeBox(await ringOf(), 'sign-in-session').open(sealed)).toBeUndefined()
    const elsewhere = await ringOf({ keys, installation: 'other' })
    expect(createPurposeBox(elsewhere, 'sign-in-session').open(sealed)).toBeUndefined()
  })

  it('TOK-04: notices every flipped bit and every other spelling', async () => {
    const box = createPurposeBox(await ringOf(), 'sign-in-session')
    const sealed = box.seal('ada')
    const bytes = Buffer.from(sealed, 'base64url')
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const altered = Buffer.from(bytes)
      altered[bit >> 3]! ^= 1 << (bit & 7)
      expect(box.open(altered.toString('base64url'))).toBeUndefined()
    }
    for (const spelling of ['', '""', `"${sealed}"`, `s:${sealed}`, `j:{"x":1}`, `${sealed}=`, `${sealed} `])
      expect(box.open(spelling)).toBeUndefined()
  })
})
