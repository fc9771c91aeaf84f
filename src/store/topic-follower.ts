/**
 * Follows the feed for one topic: when to look, the position, lost history, outages. Topics share nothing, so one that
 * cannot take its entries keeps no other from hearing; what an entry means is the topic's business.
 *
 * A topic never misses an entry: its position moves on only when it has taken the page. It may hear one twice, so
 * hearing one must do no harm, and it must not refuse what it does not understand.
 */
import type { Clock, Fault } from '../fault.js'
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

export interface FollowedTopic {
  /**
   * Resolves when the topic has heard what was in the feed at the call. However many ask, one looks at a time; a topic
   * that failed is not disturbed before its next try.
   * @throws {Fault} `StoreUnavailable`: the feed does not answer, or the topic could not take it.
   */
  catchUp(): Promise<void>
  /** When the look began that last reached the end of the feed; what was appended before it has been heard. */
  heardAt(): Date | undefined
  /** Looks no more; resolves when no look is under way. */
  stop(): Promise<void>
}

export interface FollowingDeps {
  readonly feed: Feed
  readonly now: Clock
  /** Milliseconds on a clock that nobody sets; the process's own when absent. */
  readonly monotonic?: () => number
  readonly intervalMs: number
  readonly log: Pick<Log, 'info' | 'warn'>
}

const pageSize = 500
/** Looks that are asked for follow one another no faster, so that strangers cannot make the store busy. */
const shortestPauseMs = 10
/** Between two tries of a topic that fails; the first pause is the interval, and doubles. */
const longestPauseMs = 5_000
const saidAgainMs = 60_000
/** Clocks are corrected by less all the time. */
const setBackMs = 1_000

/** Looks at once, and again `intervalMs` after each look. */
export function followTopic(
  topic: FeedTopic,
  { feed, now, monotonic = () => performance.now(), intervalMs, log }: FollowingDeps,
): FollowedTopic {
  let begun = false
  let lost = false
  let epoch: string | undefined
  let position: string | undefined
  let heardAt: Date | undefined
  let stopped = false
  /** Why the topic is left alone until the next try. */
  let failed: Fault | undefined
  let failures = 0

  async function handOver(work: () => Promise<void> | void): Promise<void> {
    try {
      await work()
    } catch (cause) {
      failures += 1
      failed = unavailable('topic', cause)
      throw failed
    }
  }

  /** How far the clock has been ahead of one that nobody sets. */
  let aheadMs = -Infinity

  /** While the clock was ahead, entries that are alive counted as expired and were passed. */
  function mindTheClock(startedAt: Date): void {
    const nowAheadMs = startedAt.getTime() - monotonic()
    if (nowAheadMs < aheadMs - setBackMs) {
      log.warn('feed.clockSetBack', { topic: topic.prefix, seconds: (aheadMs - nowAheadMs) / 1000 })
      position = undefined
    } else if (nowAheadMs < aheadMs) return
    aheadMs = nowAheadMs
  }

  async function look(): Promise<void> {
    const startedAt = now()
    mindTheClock(startedAt)
    for (;;) {
      if (!begun) {
        position = undefined
        await handOver(() => topic.begin({ lost }))
        begun = true
      }
      const page = await feed.after(position, pageSize)
      if (stopped) return
      if (epoch !== undefined && page.epoch !== epoch) {
        log.warn('feed.beganAnew', { topic: topic.prefix })
        begun = false
        lost = true
        epoch = page.epoch
        continue
      }
      epoch = page.epoch
      const entries = page.entries.filter(({ entry }) => entry.startsWith(topic.prefix))
      if (entries.length > 0) await handOver(() => topic.hear(entries))
      if (page.position === position) break
      position = page.position
    }
    failures = 0
    heardAt = startedAt
  }

  /** On a clock that nobody sets. */
  let saidAt: number | undefined

  async function lookAndTell(): Promise<void> {
    try {
      await look()
      if (saidAt !== undefined) log.info('feed.heardAgain', { topic: topic.prefix })
      saidAt = undefined
    } catch (cause) {
      const at = performance.now()
      if (saidAt === undefined || at - saidAt >= saidAgainMs) {
        log.warn('feed.unheard', { topic: topic.prefix, cause })
        saidAt = at
      }
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
        if (stopped) throw unavailable('the feed is not followed any more')
        if (failed !== undefined) throw failed
        clearTimeout(timer)
        running = lookAndTell().finally(() => {
          endedAt = performance.now()
          if (!stopped) lookLater()
        })
        return running
      })
    return next
  }

  function lookLater(): void {
    const pauseMs = failed === undefined ? intervalMs : longerPause(intervalMs, failures)
    timer = setTimeout(() => {
      failed = undefined
      void lookSoon().catch(() => undefined)
    }, pauseMs)
    timer.unref()
  }

  void lookSoon().catch(() => undefined)

  return {
    catchUp: lookSoon,
    heardAt: () => heardAt,
    async stop() {
      stopped = true
      clearTimeout(timer)
      await (next ?? running).catch(() => undefined)
    },
  }
}

function longerPause(intervalMs: number, failures: number): number {
  return Math.max(intervalMs, Math.min(longestPauseMs, intervalMs * 2 ** (failures - 1)))
}

function pause(milliseconds: number): Promise<void> {
  return milliseconds <= 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, milliseconds))
}
