/**
 * The access keys of all users in this process's memory: read at the start, kept current through the feed. So a
 * signature is checked without asking the store, known keys go on working while it is down, and a key that was
 * deactivated anywhere is refused here as soon as the feed says so. Making and changing keys is
 * `access-key-records.ts`.
 */
import { accountOf, isLongTermAccessKeyId } from '../credentials/access-key-id.js'
import { Fault } from '../fault.js'
import type { Log } from '../operation/log.js'
import type { FeedFollower } from '../store/feed-follower.js'
import { accessKeyTopic, type AccessKeyRecords, type StoredKey } from './access-key-records.js'
import type { LongTermKey, LongTermKeys } from './long-term-key.js'

export interface AccessKeys extends LongTermKeys {
  /** Follows no more; what is known stays. */
  close(): void
}

/** A change whose process ended before it could tell of it is found by then. */
const readAgainMs = 60_000

/**
 * Resolves when the keys are read, or cannot be now: then they are as soon as the store answers, and until then a
 * request with a key that is not known here is answered `StoreUnavailable`.
 */
export async function openAccessKeys(deps: {
  readonly keys: Pick<AccessKeyRecords, 'all' | 'named'>
  readonly follower: FeedFollower
  /** Whether there is such an account here: 12 digits. */
  readonly isAccount: (account: string) => boolean
  readonly log: Pick<Log, 'warn'>
  readonly readAgainMs?: number
}): Promise<AccessKeys> {
  const { keys, follower, isAccount, log } = deps
  let known: ReadonlyMap<string, Known> = new Map()

  /** The same object as before for what did not change: signing keys are kept by it. */
  const current = (stored: StoredKey): Known => {
    const before = known.get(stored.accessKeyId)
    const { document, key } = stored
    const unchanged = before?.key !== undefined && key !== undefined && isSame(before.key, key)
    return unchanged ? before : { document, key }
  }
  const entriesOf = (found: readonly StoredKey[]) =>
    found.map((stored) => [stored.accessKeyId, current(stored)] as const)

  async function readAll(): Promise<void> {
    const found = await keys.all()
    for (const { key, accessKeyId, userArn } of found) {
      if (key === undefined && (known.get(accessKeyId)?.key !== undefined || !known.has(accessKeyId)))
        log.warn('user.keyUnreadable', { accessKeyId, userArn })
    }
    known = new Map(entriesOf(found))
  }

  async function readAgain(documents: ReadonlySet<string>): Promise<void> {
    const found = await Promise.all([...documents].map((document) => keys.named(document)))
    const others = [...known].filter(([, { document }]) => !documents.has(document))
    known = new Map([...others, ...entriesOf(found.flat())])
  }

  /** One at a time: what was read first must not be put in place last. */
  let queue: Promise<void> = Promise.resolve()
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const done = queue.then(work)
    queue = done.catch(() => undefined)
    return done
  }

  const followed = follower.listen({
    prefix: accessKeyTopic,
    begin: () => inTurn(readAll),
    hear: (entries) =>
      inTurn(() => readAgain(new Set(entries.map(({ entry }) => entry.slice(accessKeyTopic.length))))),
  })
  const timer = setInterval(() => {
    // The follower has said that the store is down, and begins anew where that matters.
    void inTurn(readAll).catch(() => undefined)
  }, deps.readAgainMs ?? readAgainMs)
  timer.unref()
  await followed.catchUp().catch((cause: unknown) => {
    if (!(cause instanceof Fault)) throw cause
  })

  return {
    find(accessKeyId) {
      const found = known.get(accessKeyId)
      if (found !== undefined) return found.key
      // A store key, a log line and a round trip are for what can be an id of ours only.
      if (!isLongTermAccessKeyId(accessKeyId)) return undefined
      const account = accountOf(accessKeyId)
      if (account === undefined || !isAccount(account)) return undefined
      // It may have been made a moment ago: all who ask for unknown keys wait for one look at the feed together.
      return followed.catchUp().then(() => known.get(accessKeyId)?.key)
    },
    close() {
      clearInterval(timer)
      void followed.stop()
    },
  }
}

interface Known {
  readonly document: string
  /** Undefined for one that cannot be opened. */
  readonly key: LongTermKey | undefined
}

function isSame(one: LongTermKey, other: LongTermKey): boolean {
  return (
    one.active === other.active &&
    one.secretAccessKey === other.secretAccessKey &&
    one.userArn === other.userArn &&
    one.userId === other.userId
  )
}
