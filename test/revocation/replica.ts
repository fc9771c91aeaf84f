/** One server's knowledge of what is revoked, on a store that it shares with others. */
import {
  createRevocations,
  type RevocationList,
  type RevocationSettings,
} from '../../src/credentials/revocation-list.js'
import type { Clock } from '../../src/fault.js'
import type { RevocationMetrics } from '../../src/operation/metrics.js'
import { followFeed } from '../../src/store/feed-follower.js'
import type { Feed } from '../../src/store/feed.js'
import { keptLog } from '../support/silent-log.js'

export interface Replica {
  readonly revocations: RevocationList
  readonly log: ReturnType<typeof keptLog>
  /** What the metrics were told last, and how often history was lost. */
  readonly told: {
    lost: boolean
    ageSeconds: number
    historiesLost: number
    revoked: string[]
    looks: number
  }
  /** Events of the log. */
  events(): readonly string[]
  close(): Promise<void>
}

const settings = {
  strict: false,
  lostAfterSeconds: 1,
  longestSignInSeconds: 43_200,
  providerClockSkewSeconds: 60,
} satisfies RevocationSettings

export async function replicaOn(
  feed: Feed,
  {
    now = () => new Date(),
    monotonic = () => performance.now(),
    mostBytes,
    ...changed
  }: Partial<RevocationSettings> & {
    readonly now?: Clock
    readonly monotonic?: () => number
    readonly mostBytes?: number | undefined
  } = {},
): Promise<Replica> {
  const log = keptLog()
  const told = { lost: false, ageSeconds: 0, historiesLost: 0, revoked: [] as string[], looks: 0 }
  const metrics: RevocationMetrics = {
    revocationFeed: (state) => void Object.assign(told, state, { looks: told.looks + 1 }),
    revocationHistoryLost: () => void (told.historiesLost += 1),
    revoked: (type) => void told.revoked.push(type),
  }
  const follower = followFeed({ feed, now, monotonic, intervalMs: 300, log })
  const revocations = await createRevocations({
    feed,
    follower,
    now,
    monotonic,
    ...(mostBytes === undefined ? {} : { mostBytes }),
    settings: () => ({ ...settings, ...changed }),
    log,
    metrics,
  })
  return {
    revocations,
    log,
    told,
    events: () => log.lines.map(({ event }) => event),
    async close() {
      revocations.close()
      await follower.close()
    },
  }
}
