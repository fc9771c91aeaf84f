/** What every engine does with the feed. */
import { expect, it } from '@jest/globals'
import type { Feed, FeedEntry } from '../../src/store/feed.js'
import { hostileTexts, type StoreUnderTest } from './suite.js'

/** Everything after `position`, as a follower that starts there gets it. */
export async function follow(feed: Feed, position?: string, limit = 100) {
  const entries: FeedEntry[] = []
  for (let at = position; ;) {
    const page = await feed.after(at, limit)
    entries.push(...page.entries)
    if (page.position === at) return { entries, position: page.position, epoch: page.epoch }
    at = page.position
  }
}
/** An engine that answers without waiting for anything would leave no turn to those who append. */
const nextTurn = () => new Promise((resolve) => setImmediate(resolve))
const textsOf = (entries: readonly FeedEntry[]) => entries.map(({ entry }) => entry)

export function feedCases(under: () => StoreUnderTest): void {
  const feed = () => under().store.feed
  const otherFeed = () => under().other.feed
  const end = async () => (await follow(feed())).position

  it('gives what one handle appended to every other, oldest first, page by page', async () => {
    const start = await end()
    const texts = Array.from({ length: 25 }, (_, n) => `entry ${n}`)
    const expiresAt = under().later()
    const positions: string[] = []
    for (const [n, text] of texts.entries())
      positions.push(await (n % 2 ? feed() : otherFeed()).append(text, expiresAt))
    expect(new Set(positions).size).toBe(texts.length)
    for (const limit of [1, 7, 25, 1_000]) {
      const { entries, position } = await follow(otherFeed(), start, limit)
      expect(entries).toEqual(texts.map((entry, n) => ({ position: positions[n], entry, expiresAt })))
      expect(position).toBe(positions.at(-1))
    }
    const first = await feed().after(start, 7)
    expect(textsOf(first.entries)).toEqual(texts.slice(0, 7))
    expect(first.position).toBe(positions[6])
    for (const [n, position] of positions.entries())
      expect(textsOf((await feed().after(position, 2)).entries)).toEqual(texts.slice(n + 1, n + 3))
  })

  it('stays where it was when there is nothing new', async () => {
    const start = await end()
    const page = await feed().after(start, 10)
    expect(page).toEqual({ entries: [], position: start, epoch: page.epoch })
  })

  it('has one epoch for every handle, that appending does not change', async () => {
    const { epoch } = await feed().after(undefined, 1)
    expect(epoch).not.toBe('')
    await otherFeed().append('anything', under().later())
    expect((await otherFeed().after(undefined, 1)).epoch).toBe(epoch)
    expect((await feed().after(undefined, 1)).epoch).toBe(epoch)
  })

  it('keeps any text exactly', async () => {
    const start = await end()
    for (const text of hostileTexts) await feed().append(text, under().later())
    expect(textsOf((await follow(otherFeed(), start)).entries)).toEqual(hostileTexts)
  })

  it('leaves expired entries out and moves on behind them', async () => {
    const start = await end()
    for (let n = 0; n < 5; n++) await feed().append(`short ${n}`, under().soon())
    const last = await feed().append('long', under().later())
    for (let n = 0; n < 3; n++) await feed().append(`over ${n}`, new Date(0))
    await under().elapse()
    const { entries, position } = await follow(otherFeed(), start, 2)
    expect(textsOf(entries)).toEqual(['long'])
    expect(entries[0]?.position).toBe(last)
    await feed().append('next', under().later())
    expect(textsOf((await follow(otherFeed(), position, 1)).entries)).toEqual(['next'])
  })

  it('misses nothing and repeats nothing for followers that poll while others append', async () => {
    const start = await end()
    let appending = true
    const following = [feed(), otherFeed(), otherFeed()].map(async (followed, n) => {
      const seen: FeedEntry[] = []
      let at = start
      for (let last = false; ;) {
        const page = await followed.after(at, 1 + n * 9)
        seen.push(...page.entries)
        if (page.position === at && last) return seen
        last = !appending
        at = page.position
        await nextTurn()
      }
    })
    const appended = Array.from({ length: 10 }, async (_, writer) => {
      const positions: string[] = []
      for (let n = 0; n < 30; n++)
        positions.push(await (writer % 2 ? feed() : otherFeed()).append(`${writer}:${n}`, under().later()))
      return positions
    })
    const positions = await Promise.all(appended)
    appending = false
    const [first = [], ...rest] = await Promise.all(following)
    for (const seen of rest) expect(seen).toEqual(first)
    for (const [writer, own] of positions.entries()) {
      const seen = first.filter(({ entry }) => entry.startsWith(`${writer}:`))
      expect(textsOf(seen)).toEqual(own.map((_, n) => `${writer}:${n}`))
      expect(seen.map(({ position }) => position)).toEqual(own)
    }
    expect(first).toHaveLength(300)
  })

  it.each(['', 'x', '-', '0', '1-', '+', '$', '(1-0', '9'.repeat(60), 'ключ'])(
    'reads from the start for %j, which is no position',
    async (position) => {
      await feed().append('something', under().later())
      expect(await feed().after(position, 3)).toEqual(await feed().after(undefined, 3))
    },
  )

  it('refuses a page of no entries and an expiry that is no time as mistakes of the caller', async () => {
    for (const limit of [0, -1, 1.5, Number.NaN, Infinity])
      await expect(feed().after(undefined, limit)).rejects.toThrow(TypeError)
    await expect(feed().append('entry', new Date(Number.NaN))).rejects.toThrow(TypeError)
  })
}
