/**
 * The revocations in force, in this process's memory: read at the start, kept current through the feed, told to
 * everybody through it. Owns what happens when the feed is not heard of any more or has lost its history; what a
 * revocation ends is `revocation-index.ts`, who may revoke is decided by the faces.
 */
import { Fault, type Clock } from '../fault.js'
import type { Log } from '../operation/log.js'
import type { RevocationMetrics } from '../operation/metrics.js'
import type { Feed } from '../store/feed.js'
import type { FeedFollower } from '../store/feed-follower.js'
import { createSettledPast } from '../store/settled-past.js'
import type { Revocations, SignInRevocations } from './revocation.js'
import {
  clockMarginMs,
  entryOf,
  readEntry,
  revocationTopic,
  targetName,
  type Revocation,
  type RevocationTarget,
} from './revocation-entry.js'
import { createRevocationIndex } from './revocation-index.js'

export interface RevocationSettings {
  /** Whether credentials are refused while revocations cannot be heard of. */
  readonly strict: boolean
  readonly lostAfterSeconds: number
  /** How long the longest sign-in lasts, in a browser or on a command line. */
  readonly longestSignInSeconds: number
  /** How far the clock of an identity provider may be ahead. */
  readonly providerClockSkewSeconds: number
}

export interface RevocationList extends Revocations, SignInRevocations {
  /**
   * In force here at once, and at every process that follows the feed as soon as that hears of it.
   * @param signedOutAt ends only what goes back to a sign-in until then, by the identity provider's clock; for what a
   * provider says about a person.
   * @throws {Fault} `StoreUnavailable` when it may not be in the feed: in force here all the same, and told to the
   * others as soon as the store answers, unless this process ends before.
   */
  revoke(target: RevocationTarget, by: string, signedOutAt?: Date): Promise<Revocation>
  /**
   * Whether one more fits into the memory that strangers' calls may fill; always for what is known already. What is
   * heard and what `revoke` is told is taken in any case: to forget one would give access back.
   */
  hasRoomFor(target: RevocationTarget): boolean
  /** Oldest first. */
  inForce(): readonly Revocation[]
  /**
   * For the answer whether this process is ready.
   * @returns a word when the feed is lost and that is tolerated. Rejects when credentials are refused because of it.
   */
  works(): Promise<string | undefined>
  /** Follows no more; what is known stays. */
  close(): void
}

/** The longest that anything issued lives. */
const longestSessionSeconds = 129_600
/** The store's clock decides when an entry is over. */
const keptLongerSeconds = 900
const lookEveryMs = 250
const sweepEveryMs = 60_000
const pageSize = 500
/** A quarter of a million with names as they usually are. */
const defaultMostBytes = 256 * 1024 * 1024

/**
 * Resolves when the revocations are read, or cannot be now: then everything is refused until they are, since a process
 * that has just started knows of none.
 * @param deps.follower looks at least every 300 ms, so that every replica has heard within a second.
 */
export async function createRevocations(deps: {
  readonly feed: Feed
  readonly follower: FeedFollower
  readonly now: Clock
  /** Milliseconds on a clock that nobody sets; the process's own when absent. */
  readonly monotonic?: () => number
  readonly settings: () => RevocationSettings
  /** For `hasRoomFor`. */
  readonly mostBytes?: number
  readonly log: Log
  readonly metrics: RevocationMetrics
}): Promise<RevocationList> {
  const { feed, follower, now, monotonic = () => performance.now(), settings, log, metrics } = deps
  const { mostBytes = defaultMostBytes } = deps
  const index = createRevocationIndex()
  /** Made here and not in the feed, as far as is known. */
  const untold = new Map<string, Revocation>()
  let telling = false
  const startedAt = now()
  const past = createSettledPast({ now, monotonic })
  let sweptAt = monotonic()
  let lost = false
  /** Read for every request: a boolean, so that asking costs nothing. */
  let refuses = true

  async function tell(revocation: Revocation): Promise<void> {
    await feed.append(entryOf(revocation), revocation.expiresAt)
  }

  async function tellUntold(): Promise<void> {
    if (telling || untold.size === 0) return
    telling = true
    try {
      for (const [name, revocation] of untold) {
        await tell(revocation)
        if (untold.get(name) === revocation) untold.delete(name)
        log.info('revocation.toldLate', { target: revocation.target })
      }
    } catch {
      // The follower says that the store does not answer; the next look tries again.
    } finally {
      telling = false
    }
  }

  /** What the feed may have lost and this process knows. Replicas may do the same at once, which does no harm. */
  async function restore(): Promise<void> {
    const present = await entriesIn(feed)
    const missing = inForce().filter((revocation) => !present.has(entryOf(revocation)))
    for (const revocation of missing) await tell(revocation)
    log.warn('revocation.historyLost', { known: inForce().length, toldAgain: missing.length })
    metrics.revocationHistoryLost()
  }

  function inForce(): readonly Revocation[] {
    const at = now()
    return [...index.all()]
      .filter(({ expiresAt }) => expiresAt > at)
      .toSorted((one, other) => one.revokedAt.getTime() - other.revokedAt.getTime())
  }

  const followed = follower.listen({
    prefix: revocationTopic,
    begin: ({ lost: historyLost }) => (historyLost ? restore() : undefined),
    hear(entries) {
      for (const { entry, expiresAt } of entries) {
        const revocation = readEntry(entry, expiresAt)
        if (revocation === undefined) log.error('revocation.notUnderstood', { expiresAt })
        else index.add(revocation)
      }
    },
  })

  function look(): void {
    const { strict, lostAfterSeconds } = settings()
    const at = now()
    const heard = followed.heardAt()
    const isHeard = heard !== undefined
    // A clock that was set back makes an old hearing look like one to come.
    const ageSeconds = Math.abs(at.getTime() - (heard ?? startedAt).getTime()) / 1000
    const wasLost = lost
    lost = !isHeard || ageSeconds > lostAfterSeconds
    refuses = !isHeard || (strict && lost)
    if (lost && !wasLost) log.error('revocation.feedLost', { ageSeconds, refuses })
    if (!lost && wasLost) log.info('revocation.feedHeardAgain')
    metrics.revocationFeed({ lost, ageSeconds })
    void tellUntold()
    const settled = past.look()
    if (settled !== undefined && monotonic() - sweptAt >= sweepEveryMs) {
      index.sweep(settled)
      sweptAt = monotonic()
    }
  }

  function requireHeard(): void {
    if (!refuses) return
    throw new Fault('StoreUnavailable', 'it cannot be known now what was revoked, try again', {
      reason: 'sts:revocation-feed',
    })
  }

  await followed.catchUp().catch((cause: unknown) => {
    if (!(cause instanceof Fault)) throw cause
  })
  look()
  const timer = setInterval(look, lookEveryMs)
  timer.unref()

  return {
    ends(session) {
      requireHeard()
      return index.ends(session)
    },
    endsKey(accessKeyId) {
      requireHeard()
      return index.endsKey(accessKeyId)
    },
    endsSignIn(signIn, beganAt) {
      requireHeard()
      return index.endsSignIn(signIn, beganAt)
    },
    async revoke(target, by, signedOutAt) {
      const revocation = revocationAt(now(), target, by, settings(), signedOutAt)
      const known = index.add(revocation)
      try {
        await tell(revocation)
      } catch (cause) {
        untold.set(targetName(target), known)
        log.error('revocation.untold', { target, cause })
        throw cause
      }
      metrics.revoked(target.type)
      return revocation
    },
    hasRoomFor: (target) => index.bytes() < mostBytes || index.knows(target),
    inForce,
    async works() {
      if (refuses) throw new Error('revocations are not heard of')
      return lost ? 'lost' : undefined
    },
    close() {
      clearInterval(timer)
      void followed.stop()
    },
  }
}

/** As it goes into the feed, for commands that work beside a server. */
export function revocationAt(
  revokedAt: Date,
  target: RevocationTarget,
  by: string,
  settings: Pick<RevocationSettings, 'longestSignInSeconds' | 'providerClockSkewSeconds'>,
  signedOutAt?: Date,
): Revocation {
  const at = revokedAt.getTime()
  const seconds = Math.max(longestSessionSeconds, settings.longestSignInSeconds) + keptLongerSeconds
  const issuedUntil = new Date(at + clockMarginMs)
  const beganUntil = new Date(at + Math.max(clockMarginMs, settings.providerClockSkewSeconds * 1000))
  return {
    target,
    revokedAt,
    ...(target.type === 'role' ? { issuedUntil } : {}),
    ...(target.type === 'person' && signedOutAt === undefined ? { issuedUntil, beganUntil } : {}),
    ...(target.type === 'person' && signedOutAt !== undefined ? { beganUntil: signedOutAt } : {}),
    expiresAt: new Date(at + seconds * 1000),
    by,
  }
}

async function entriesIn(feed: Feed): Promise<ReadonlySet<string>> {
  const found = new Set<string>()
  let position: string | undefined
  for (;;) {
    const page = await feed.after(position, pageSize)
    for (const { entry } of page.entries) if (entry.startsWith(revocationTopic)) found.add(entry)
    if (page.position === position) return found
    position = page.position
  }
}
