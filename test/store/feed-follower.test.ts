import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { createEmbeddedStore } from '../../src/store/embedded-store.js'
import type { Feed, FeedEntry } from '../../src/store/feed.js'
import { followFeed, type FeedFollower } from '../../src/store/feed-follower.js'
import type { Store } from '../../src/store/store.js'
import { keptLog } from '../support/silent-log.js'
import { until } from '../support/until.js'

const now = () => new Date()
const later = () => new Date(Date.now() + 3_600_000)
let folder: string
let store: Store
let serial = 0
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rolegate-follower-'))
  store = await createEmbeddedStore({ directory: folder, now })
})
afterAll(async () => {
  await store.close()
  await rm(folder, { recursive: true, force: true })
})

const following: FeedFollower[] = []
afterEach(async () => {
  for (const one of following.splice(0)) await one.close()
})
function follow(feed: Feed = store.feed, intervalMs = 5) {
  const log = keptLog()
  const follower = followFeed({ feed, now, intervalMs, log })
  following.push(follower)
  return { follower, log }
}

/** A topic that keeps what it is told. */
function listener(prefix: string) {
  const begun: boolean[] = []
  const heard: string[] = []
  return {
    prefix,
    begun,
    heard,
    begin: ({ lost }: { readonly lost: boolean }) => void begun.push(lost),
    hear: (entries: readonly FeedEntry[]): Promise<void> | void =>
      void heard.push(...entries.map(({ entry }) => entry)),
  }
}
const fresh = () => `topic${++serial}:`

describe('following the feed', () => {
  it('tells each topic its own entries, from the start, in order, each once', async () => {
    const [one, two] = [listener(fresh()), listener(fresh())]
    const texts = Array.from({ length: 1_200 }, (_, n) => `${n % 3 ? one.prefix : two.prefix}${n}`)
    await Promise.all(texts.slice(0, 1_100).map((text) => store.feed.append(text, later())))
    const { follower } = follow()
    follower.listen(one)
    follower.listen(two)
    await follower.catchUp()
    expect([...one.heard, ...two.heard].toSorted()).toEqual(texts.slice(0, 1_100).toSorted())
    for (const text of texts.slice(1_100)) await store.feed.append(text, later())
    await until(() => one.heard.length + two.heard.length === texts.length)
    expect([...one.heard, ...two.heard].toSorted()).toEqual(texts.toSorted())
    expect(one.heard.slice(-60)).toEqual(texts.filter((text) => text.startsWith(one.prefix)).slice(-60))
    expect([one.begun, two.begun]).toEqual([[false], [false]])
  })

  it('has heard at a catch-up what was appended before it was asked for', async () => {
    const topic = listener(fresh())
    const { follower } = follow(store.feed, 60_000)
    follower.listen(topic)
    for (let n = 0; n < 20; n += 1) {
      await store.feed.append(`${topic.prefix}${n}`, later())
      const before = new Date()
      await follower.catchUp()
      expect(topic.heard.at(-1)).toBe(`${topic.prefix}${n}`)
      expect(follower.heardAt()!.getTime()).toBeGreaterThanOrEqual(before.getTime())
    }
  })

  it('tells one who comes later everything from the start', async () => {
    const [early, late] = [listener(fresh()), listener(fresh())]
    await store.feed.append(`${late.prefix}old`, later())
    const { follower } = follow()
    follower.listen(early)
    await follower.catchUp()
    const { stop } = follower.listen(late)
    await follower.catchUp()
    expect(late.heard).toEqual([`${late.prefix}old`])
    await stop()
    await store.feed.append(`${late.prefix}new`, later())
    await follower.catchUp()
    expect(late.heard).toEqual([`${late.prefix}old`])
  })

  it('tells again what a topic could not take, and does not claim to have heard it', async () => {
    const topic = listener(fresh())
    let working = false
    const { hear } = topic
    topic.hear = async (entries) => {
      if (!working) throw new Error('not now')
      await hear(entries)
    }
    const { follower, log } = follow()
    follower.listen(topic)
    await follower.catchUp()
    await store.feed.append(`${topic.prefix}important`, later())
    const at = follower.heardAt()
    await expect(follower.catchUp()).rejects.toMatchObject({
      code: 'StoreUnavailable',
      cause: expect.objectContaining({ message: 'not now' }),
    })
    expect(follower.heardAt()).toEqual(at)
    working = true
    await until(() => topic.heard.includes(`${topic.prefix}important`))
    await follower.catchUp()
    expect(log.lines.map(({ event }) => event)).toEqual(['feed.unheard', 'feed.heardAgain'])
  })

  it('lets a topic that fails keep no other from hearing, each with its own time', async () => {
    const [spoilt, sick, stuck, sound] = [listener(fresh()), listener(fresh()), listener(fresh()), listener(fresh())] // prettier-ignore
    spoilt.begin = () => {
      throw new TypeError('spoilt')
    }
    sick.hear = () => Promise.reject(new Error('sick'))
    let release = () => {}
    stuck.hear = () => new Promise<void>((done) => (release = done))
    for (const { prefix } of [sick, stuck, sound]) await store.feed.append(`${prefix}1`, later())
    const { follower, log } = follow()
    const followed = [spoilt, sick, stuck].map((topic) => follower.listen(topic))
    const healthy = follower.listen(sound)
    await healthy.catchUp()
    await store.feed.append(`${sound.prefix}2`, later())
    await healthy.catchUp()
    expect(sound.heard).toEqual([1, 2].map((n) => `${sound.prefix}${n}`))
    expect(healthy.heardAt()).toBeInstanceOf(Date)
    expect(followed.map((one) => one.heardAt())).toEqual([undefined, undefined, undefined])
    expect(follower.heardAt()).toBeUndefined()
    await expect(follower.catchUp()).rejects.toMatchObject({ code: 'StoreUnavailable' })
    await until(() => log.lines.length >= 2)
    expect(log.lines.map(({ fields }) => (fields as { topic: string }).topic).toSorted()).toEqual([spoilt.prefix, sick.prefix].toSorted()) // prettier-ignore
    release()
  })

  it('tries a topic that fails less and less often, also when strangers ask, and says so once', async () => {
    const topic = listener(fresh())
    const tries: number[] = []
    topic.hear = () => {
      tries.push(performance.now())
      throw new Error('not now')
    }
    await store.feed.append(`${topic.prefix}1`, later())
    const { follower, log } = follow()
    const followed = follower.listen(topic)
    let asked = 0
    await until(async () => {
      for (let n = 0; n < 20; n += 1) {
        asked += 1
        await expect(followed.catchUp()).rejects.toMatchObject({ code: 'StoreUnavailable' })
      }
      return tries.length >= 6
    })
    // 5, 10, 20, 40 and 80 ms between them, and not the 10 ms of a look that is asked for.
    expect(tries[5]! - tries[0]!).toBeGreaterThan(150)
    expect(asked).toBeGreaterThan(tries.length)
    expect(log.lines.map(({ event }) => event)).toEqual(['feed.unheard'])
  })

  it('begins anew when entries may have been lost', async () => {
    const topic = listener(fresh())
    let epoch = 'first'
    const feed: Feed = {
      ...store.feed,
      after: async (...given) => ({ ...(await store.feed.after(...given)), epoch }),
    }
    await store.feed.append(`${topic.prefix}1`, later())
    const { follower, log } = follow(feed)
    follower.listen(topic)
    await follower.catchUp()
    epoch = 'second'
    await store.feed.append(`${topic.prefix}2`, later())
    await follower.catchUp()
    expect(topic.begun).toEqual([false, true])
    expect(topic.heard).toEqual([1, 1, 2].map((n) => `${topic.prefix}${n}`))
    expect(log.lines.map(({ event }) => event)).toEqual(['feed.beganAnew'])
  })

  it('misses nothing during an outage, and says once that there is one', async () => {
    const topic = listener(fresh())
    let down = false
    const feed: Feed = {
      ...store.feed,
      after: (...given) => (down ? Promise.reject(new Error('down')) : store.feed.after(...given)),
    }
    const { follower, log } = follow(feed)
    follower.listen(topic)
    await follower.catchUp()
    down = true
    for (let n = 0; n < 10; n += 1) {
      await store.feed.append(`${topic.prefix}${n}`, later())
      await expect(follower.catchUp()).rejects.toThrow('down')
    }
    expect(topic.heard).toEqual([])
    down = false
    await until(() => topic.heard.length === 10)
    await follower.catchUp()
    expect(log.lines.map(({ event }) => event)).toEqual(['feed.unheard', 'feed.heardAgain'])
  })

  it('ends when it is told to', async () => {
    const topic = listener(fresh())
    const { follower } = follow()
    follower.listen(topic)
    await follower.catchUp()
    await follower.close()
    await store.feed.append(`${topic.prefix}late`, later())
    await expect(follower.catchUp()).rejects.toMatchObject({ code: 'StoreUnavailable' })
    expect(topic.heard).toEqual([])
  })
})
