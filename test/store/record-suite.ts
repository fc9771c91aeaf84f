/** What every engine does with records. */
import { expect, it } from '@jest/globals'
import { brokenKeys, freshKey, hostileTexts, type StoreUnderTest } from './suite.js'

export function recordStoreCases(under: () => StoreUnderTest): void {
  const records = () => under().store.records
  const others = () => under().other.records

  it('adds, swaps and deletes, seen by another handle at once', async () => {
    const key = freshKey('record')
    expect(await records().get(key)).toBeUndefined()
    expect(await records().replace(key, undefined, 'first')).toBe(true)
    expect(await others().get(key)).toBe('first')
    expect(await others().replace(key, 'first', 'second')).toBe(true)
    expect(await records().get(key)).toBe('second')
    expect(await records().replace(key, 'second', undefined)).toBe(true)
    expect(await others().get(key)).toBeUndefined()
    expect(await others().list(key)).toEqual([])
  })

  it('changes nothing when something else is there than was expected', async () => {
    const key = freshKey('record')
    expect(await records().replace(key, 'value', 'new')).toBe(false)
    expect(await records().replace(key, '', 'new')).toBe(false)
    expect(await records().replace(key, 'value', undefined)).toBe(false)
    expect(await records().get(key)).toBeUndefined()
    await records().replace(key, undefined, 'value')
    for (const expected of [undefined, '', 'valu', 'value ', 'VALUE', '+value']) {
      expect(await records().replace(key, expected, 'new')).toBe(false)
      expect(await records().replace(key, expected, undefined)).toBe(false)
    }
    expect(await records().get(key)).toBe('value')
  })

  it('answers whether something is there without changing it', async () => {
    const key = freshKey('record')
    expect(await records().replace(key, undefined, undefined)).toBe(true)
    await records().replace(key, undefined, 'value')
    expect(await records().replace(key, undefined, undefined)).toBe(false)
    expect(await records().replace(key, 'value', 'value')).toBe(true)
    expect(await records().get(key)).toBe('value')
  })

  it.each(hostileTexts.map((text) => [text.slice(0, 12), text] as const))(
    'keeps and compares any text exactly: %j',
    async (_start, text) => {
      const key = freshKey('record')
      expect(await records().replace(key, undefined, text)).toBe(true)
      expect(await others().get(key)).toBe(text)
      expect(await others().list(key)).toEqual([{ key, value: text }])
      expect(await others().replace(key, `${text}.`, 'new')).toBe(false)
      expect(await others().replace(key, text, 'new')).toBe(true)
      expect(await others().replace(key, 'new', text)).toBe(true)
      expect(await records().replace(key, text, undefined)).toBe(true)
    },
  )

  it('is a space of its own: no key of the expiring store is a record', async () => {
    const { store, later } = under()
    for (const key of [freshKey('space'), 'records', 'feed', 'entries']) {
      await store.put(key, 'expires', later())
      expect(await records().get(key)).toBeUndefined()
      expect(await records().replace(key, undefined, 'stays')).toBe(true)
      expect(await store.take(key)).toBe('expires')
      expect(await records().replace(key, 'stays', undefined)).toBe(true)
    }
  })

  it('lets exactly one of 50 simultaneous writers have its way', async () => {
    for (const expected of [undefined, 'before'] as const) {
      const key = freshKey('race')
      if (expected !== undefined) await records().replace(key, undefined, expected)
      const writers = Array.from({ length: 50 }, async (_, n) => ({
        n,
        won: await (n % 2 ? records() : others()).replace(key, expected, String(n)),
      }))
      const winners = (await Promise.all(writers)).filter(({ won }) => won)
      expect(winners).toHaveLength(1)
      expect(await records().get(key)).toBe(String(winners[0]?.n))
    }
  })

  it('lists the records under a prefix by key, 5,000 of them too, and no neighbours', async () => {
    const prefix = freshKey('list')
    const keys = Array.from({ length: 5_000 }, (_, n) => `${prefix}:${n}`)
    const neighbours = [prefix.slice(0, -1), `${prefix}-`, `${prefix}z`]
    const all = [...keys, ...neighbours]
    for (let n = 0; n < all.length; n += 100) {
      const added = await Promise.all(
        all.slice(n, n + 100).map((key) => records().replace(key, undefined, `value of ${key}`)),
      )
      expect(added).not.toContain(false)
    }
    const expected = keys.toSorted().map((key) => ({ key, value: `value of ${key}` }))
    expect(await others().list(`${prefix}:`)).toEqual(expected)
    expect(await records().list(`${prefix}:4999`)).toEqual([
      { key: `${prefix}:4999`, value: `value of ${prefix}:4999` },
    ])
    expect(await records().list(`${prefix}:5000`)).toEqual([])
    const everything = (await records().list('')).map(({ key }) => key)
    expect(everything).toEqual(everything.toSorted())
    expect(new Set(everything)).toEqual(new Set([...everything, ...all]))
  }, 120_000)

  it.each(brokenKeys)('refuses the key %j as a mistake of the caller', async (key) => {
    await expect(records().get(key)).rejects.toThrow(TypeError)
    await expect(records().replace(key, undefined, 'v')).rejects.toThrow(TypeError)
    if (key !== '') await expect(records().list(key)).rejects.toThrow(TypeError)
  })

  it('accepts a key of 512 characters', async () => {
    const key = 'r'.repeat(512)
    expect(await records().replace(key, undefined, 'v')).toBe(true)
    expect(await records().list(key)).toEqual([{ key, value: 'v' }])
    expect(await records().replace(key, 'v', undefined)).toBe(true)
  })
}
