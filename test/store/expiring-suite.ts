/** What every engine does with values that expire. */
import { expect, it } from '@jest/globals'
import { brokenKeys, freshKey, hostileTexts, type StoreUnderTest } from './suite.js'

export function expiringStoreCases(under: () => StoreUnderTest): void {
  it('gives back what was put, also to another handle, until it is put again', async () => {
    const key = freshKey('put')
    await under().store.put(key, 'first', under().later())
    expect(await under().other.get(key)).toBe('first')
    await under().other.put(key, 'second', under().later())
    expect(await under().store.get(key)).toBe('second')
  })

  it('keeps any text exactly: empty, with colons, line ends, zero characters and astral characters', async () => {
    for (const value of hostileTexts) {
      const key = freshKey('text')
      await under().store.put(key, value, under().later())
      expect(await under().other.get(key)).toBe(value)
      expect(await under().other.take(key)).toBe(value)
    }
  })

  it('knows nothing of a key that was never there', async () => {
    expect(await under().store.get(freshKey('absent'))).toBeUndefined()
    expect(await under().store.take(freshKey('absent'))).toBeUndefined()
  })

  it('adds a key once and leaves the first value alone', async () => {
    const key = freshKey('add')
    expect(await under().store.add(key, 'first', under().later())).toBe(true)
    expect(await under().other.add(key, 'second', under().later())).toBe(false)
    expect(await under().store.get(key)).toBe('first')
  })

  it('takes a key once', async () => {
    const key = freshKey('take')
    await under().store.put(key, 'value', under().later())
    expect(await under().other.take(key)).toBe('value')
    expect(await under().store.take(key)).toBeUndefined()
    expect(await under().store.get(key)).toBeUndefined()
    expect(await under().store.add(key, 'again', under().later())).toBe(true)
  })

  it('forgets an entry when its time is over, for get, take and add alike', async () => {
    const [got, taken, added, kept] = [freshKey('x'), freshKey('x'), freshKey('x'), freshKey('x')]
    for (const key of [got, taken, added, kept]) await under().store.put(key, 'short', under().soon())
    await under().store.put(kept, 'long', under().later())
    await under().elapse()
    expect(await under().other.get(got)).toBeUndefined()
    expect(await under().other.take(taken)).toBeUndefined()
    expect(await under().other.add(added, 'new', under().later())).toBe(true)
    expect(await under().store.get(added)).toBe('new')
    expect(await under().other.get(kept)).toBe('long')
  })

  it('treats an expiry in the past as absent from the start', async () => {
    const key = freshKey('past')
    await under().store.put(key, 'kept', under().later())
    await under().store.put(key, 'over', new Date(0))
    expect(await under().store.get(key)).toBeUndefined()
    await under().store.add(key, 'over', new Date(0))
    expect(await under().store.get(key)).toBeUndefined()
    expect(await under().other.add(key, 'new', under().later())).toBe(true)
  })

  it('lets exactly one of many simultaneous takers have the value', async () => {
    for (let round = 0; round < 20; round++) {
      const key = freshKey('race-take')
      await under().store.put(key, 'prize', under().later())
      const takers = Array.from({ length: 40 }, (_, n) => (n % 2 ? under().store : under().other).take(key))
      const winners = (await Promise.all(takers)).filter((value) => value !== undefined)
      expect(winners).toEqual(['prize'])
    }
  })

  it('lets exactly one of many simultaneous adders in', async () => {
    for (let round = 0; round < 20; round++) {
      const key = freshKey('race-add')
      const adders = Array.from({ length: 40 }, async (_, n) => ({
        n,
        added: await (n % 2 ? under().store : under().other).add(key, String(n), under().later()),
      }))
      const winners = (await Promise.all(adders)).filter(({ added }) => added)
      expect(winners).toHaveLength(1)
      expect(await under().store.get(key)).toBe(String(winners[0]?.n))
    }
  })

  it.each(brokenKeys)('refuses the key %j as a mistake of the caller', async (key) => {
    await expect(under().store.put(key, 'v', under().later())).rejects.toThrow(TypeError)
    await expect(under().store.add(key, 'v', under().later())).rejects.toThrow(TypeError)
    await expect(under().store.get(key)).rejects.toThrow(TypeError)
    await expect(under().store.take(key)).rejects.toThrow(TypeError)
  })

  it('accepts a key of 512 characters', async () => {
    const key = 'k'.repeat(512)
    expect(await under().store.add(key, 'v', under().later())).toBe(true)
    expect(await under().store.take(key)).toBe('v')
  })

  it('answers a ping', async () => {
    await expect(under().store.ping()).resolves.toBeUndefined()
  })
}
