import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { signingKeyOf } from '../../src/issuer/key-making.js'
import { keptKeys, keptText } from '../../src/issuer/kept-keys.js'
import { after, isDue, publishedAt, signingAt, type SigningKey } from '../../src/issuer/signing-key.js'

const start = new Date('2026-01-02T00:00:00Z')
const hours = (count: number) => after(start, count * 3600)
const days = (count: number) => hours(count * 24)
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
const real = await signingKeyOf(privateKey, 'ES384', start)
const key = (id: string, signsFrom: Date, algorithm: SigningKey['algorithm'] = 'ES384') => ({
  ...real,
  id,
  algorithm,
  signsFrom,
})

describe('which key signs', () => {
  const keys = [key('next', hours(10)), key('first', start), key('rsa', hours(1), 'RS256')]

  it.each([
    [hours(-1), 'first'],
    [start, 'first'],
    [new Date(hours(10).getTime() - 1), 'first'],
    [hours(10), 'next'],
    [days(90), 'next'],
  ])('at %p it is %s', (at, id) => {
    expect(signingAt(keys, 'ES384', at)?.id).toBe(id)
    expect(signingAt(keys, 'RS256', at)?.id).toBe('rsa')
  })

  it('is none when there is none', () => {
    expect(signingAt([], 'ES384', start)).toBeUndefined()
  })
})

describe('which keys are published', () => {
  const keys = [key('first', start), key('next', hours(10)), key('rsa', start, 'RS256')]

  it.each([
    [start, ['first', 'next', 'rsa']],
    [hours(10), ['first', 'next', 'rsa']],
    // An hour for the last token, and a day for a replica that did not hear of the next key.
    [new Date(hours(35).getTime() - 1), ['first', 'next', 'rsa']],
    [hours(35), ['next', 'rsa']],
    [days(400), ['next', 'rsa']],
  ])('at %p they are %p', (at, ids) => {
    expect(publishedAt(keys, at).map(({ id }) => id)).toEqual(ids)
  })
})

describe('when the next key is due', () => {
  it.each([
    [start, false],
    [new Date(days(30).getTime() - 3_600_001), false],
    [new Date(days(30).getTime() - 3_600_000), true],
    [days(300), true],
  ])('at %p: %p', (at, due) => {
    expect(isDue([key('first', start)], 'ES384', at)).toBe(due)
  })

  it('is at once when there is none of the algorithm', () => {
    expect(isDue([key('first', start)], 'RS256', start)).toBe(true)
  })

  it('is not again while one is waiting', () => {
    expect(isDue([key('first', start), key('next', days(30))], 'ES384', days(30))).toBe(false)
  })
})

describe('kept keys', () => {
  const text = keptText('111122223333', [real])

  it('come back as they were', async () => {
    const [back] = (await keptKeys('111122223333', text)) ?? []
    expect(back).toMatchObject({ id: real.id, algorithm: 'ES384', signsFrom: start })
    expect(back?.privateKey.export({ format: 'jwk' })).toEqual(privateKey.export({ format: 'jwk' }))
    expect(back?.publicKey).not.toHaveProperty('d')
  })

  it('are nothing to another account, and nothing to an older version', async () => {
    expect(await keptKeys('444455556666', text)).toBeUndefined()
    expect(await keptKeys('111122223333', text.replace('"layout":1', '"layout":2'))).toBeUndefined()
    expect(await keptKeys('111122223333', text.replace('ES384', 'ES512'))).toBeUndefined()
  })
})
