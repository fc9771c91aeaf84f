/**
 * Follows the feed for everybody in this process who wants to know: one reader, however many listen. Owns when to
 * look, the position, lost history and outages; what an entry means is its topic's business.
 *
 * A topic never misses an entry: the position moves on only when every topic has taken the page. It may hear one
 * twice, so hearing one must do no harm, and it must not refuse what it does not understand.
 */
import type { Clock } from '../fault.js'
import type { Log } from '../operation/log.js'
import { unavailable } from './deadline.js'
import type { Feed, FeedEntry } from './feed.js'

export interface FeedTopic {
  /** What its entries begin with, e.g. `key:`. */
  readonly prefix: string
  /**
   * Before the first entry, and whenever acknowledged entries may have been lost: read again what is kept elsewhere,
   * append again what is known and missing. All that is in the feed is told afterwards, from its start.
   */
  begin(what: { readonly lost: boolean }): Promise<void> | void
  /** Some of its entries, oldest first, never none. A rejection is logged and the same entries are told again. */
  hear(entries: readonly FeedEntry[]): Promise<void> | void
}

export interface FeedFollower {
  /** The topic begins with the next look and hears the feed from its start. @returns how to stop. */
  listen(topic: FeedTopic): () => void
  /**
   * Resolves when every topic has heard what was in the feed at the call. However many ask, one looks at a time.
   * @throws {Fault} `StoreUnavailable`, or what a topic rejected with.
   */
  catchUp(): Promise<void>
  /** Up to where every topic has heard everything; undefined before the first page. */
  position(): string | undefined
  /** When the look began that last reached the end of the feed; what was appended before it has been heard. */
  heardAt(): Date | undefined
  /** Resolves when no look is under way any more. */
  close(): Promise<void>
}

const pageSize = 500
/** Looks that are asked for follow one another no faster, so that strangers cannot make the store busy. */
const shortestPauseMs = 10

/** Looks at once, and again `intervalMs` after each look. */
export function followFeed(deps: {
  readonly feed: Feed
  readonly now: Clock
  readonly intervalMs: number
  readonly log: Pick<Log, 'info' | 'warn'>
}): FeedFollower {
  const { feed, now, intervalMs, log } = deps
  /** With whether it has begun: since it listens, and since history was lost. */
  const topics = new Map<FeedTopic, { begun: boolean; lost: boolean }>()
  let epoch: string | undefined
  let position: string | undefined
  let heardAt: Date | undefined
  let failing = false
  let closed = false

  async function beginTopics(): Promise<void> {
    for (const [topic, state] of topics) {
      if (state.begun) continue
      position = undefined
      await topic.begin({ lost: state.lost })
      state.begun = true
    }
  }

  async function look(): Promise<void> {
    const startedAt = now()
    for (;;) {
      await beginTopics()
      const asked = position
      const page = await feed.after(asked, pageSize)
      if (epoch !== undefined && page.epoch !== epoch) {
        log.warn('feed.beganAnew', { topics: [...topics.keys()].map(({ prefix }) => prefix) })
        for (const state of topics.values()) Object.assign(state, { begun: false, lost: true })
        position = undefined
        epoch = page.epoch
        continue
      }
      epoch = page.epoch
      for (const [topic, { begun }] of topics) {
        const entries = page.entries.filter(({ entry }) => entry.startsWith(topic.prefix))
        // One that came meanwhile begins first and hears all of this again.
        if (begun && entries.length > 0) await topic.hear(entries)
      }
      position = page.position
      if (page.position === asked && [...topics.values()].every(({ begun }) => begun)) break
    }
    heardAt = startedAt
  }

  async function lookAndTell(): Promise<void> {
    try {
      await look()
      if (failing) log.info('feed.heardAgain')
      failing = false
    } catch (cause) {
      if (!failing) log.warn('feed.unheard', { cause })
      failing = true
      throw cause
    }
  }

  let running: Promise<void> = Promise.resolve()
  let next: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  let endedAt = -Infinity

  /** A look that begins after the call. */
  function lookSoon(): Promise<void> {
    next ??= running
      .catch(() => undefined)
      .then(() => pause(shortestPauseMs - (performance.now() - endedAt)))
      .then(() => {
        next = undefined
        if (closed) throw unavailable('the feed is not followed any more')
        clearTimeout(timer)
        running = lookAndTell().finally(() => {
          endedAt = performance.now()
          if (closed) return
          timer = setTimeout(() => void lookSoon().catch(() => undefined), intervalMs)
          timer.unref()
        })
        return running
      })
    return next
  }

  void lookSoon().catch(() => undefined)

  return {
    listen(topic) {
      topics.set(topic, { begun: false, lost: false })
      return () => void topics.delete(topic)
    },
    catchUp: lookSoon,
    position: () => position,
    heardAt: () => heardAt,
    async close() {
      closed = true
      clearTimeout(timer)
      await (next ?? running).catch(() => undefined)
    },
  }
}

function pause(milliseconds: number): Promise<void> {
  return milliseconds <= 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, milliseconds))
}
