/**
 * The signing keys of each account as a running server uses them: made when first needed, followed in the store,
 * replaced by new ones in time, and remembered, so that tokens are issued while the store is down.
 */
import { Fault, type Clock } from '../fault.js'
import type { Log } from '../operation/log.js'
import type { MakeSigningKey } from './key-making.js'
import type { Found, KeyRecords } from './key-records.js'
import { after, isDue, leadSeconds, publishedAt, type SigningKey } from './signing-key.js'
import { tokenAlgorithms } from './token-algorithm.js'

export interface SigningKeys {
  /**
   * The published keys of an account, the ones that sign now or soon among them; both algorithms.
   * @throws {Fault} `StoreUnavailable` when they are not known here and the store cannot be asked.
   */
  of(account: string): Promise<readonly SigningKey[]>
  /**
   * Reads the keys of all accounts that have some, and seals them anew where the key ring has changed. To be called at
   * start and whenever the ring changes; happens by itself every hour. Never rejects.
   */
  refresh(): Promise<void>
  close(): void
}

export interface SigningKeysDeps {
  readonly records: KeyRecords
  readonly make: MakeSigningKey
  /** How this replica's key ring stands to the others': what is sealed here must open there. */
  readonly ringState: () => 'agreed' | 'behind' | 'foreign' | 'unknown'
  readonly now: Clock
  readonly log: Log
  readonly refreshEveryMs?: number
}

interface Known {
  readonly keys: readonly SigningKey[]
  /** Until then the store is not asked again. */
  readonly freshUntil: Date
}

const freshSeconds = 60
/** While the store is down it is asked so often. */
const retrySeconds = 10
/** A record that does not open may wait for a key of the ring that this replica is about to hear of. */
const unreadableSeconds = 60
const refreshEveryMs = 3_600_000

export function createSigningKeys(deps: SigningKeysDeps): SigningKeys {
  const { records, now, log } = deps
  const known = new Map<string, Known>()
  const underWay = new Map<string, Promise<readonly SigningKey[]>>()
  const unreadableSince = new Map<string, Date>()

  async function read(account: string): Promise<readonly SigningKey[]> {
    try {
      const keys = await records.change(account, (found) => keysFrom(account, found))
      known.set(account, { keys, freshUntil: after(now(), freshSeconds) })
      return keys
    } catch (cause) {
      const before = known.get(account)
      if (before === undefined || !(cause instanceof Fault)) throw cause
      log.warn('issuer.keys-unreachable', { account, cause })
      known.set(account, { keys: before.keys, freshUntil: after(now(), retrySeconds) })
      return before.keys
    }
  }

  function shared(account: string): Promise<readonly SigningKey[]> {
    const running = underWay.get(account)
    if (running !== undefined) return running
    const reading = read(account).finally(() => underWay.delete(account))
    underWay.set(account, reading)
    return reading
  }

  async function keysFrom(account: string, found: Found): Promise<readonly SigningKey[]> {
    if (found.state === 'unreadable') return afterUnreadable(account, found.isLaterVersion)
    unreadableSince.delete(account)
    if (found.state === 'readable') return followed(account, found.keys)
    // A store that was emptied gets back what is known here: tokens of these keys are still under way.
    const before = known.get(account)
    return before === undefined ? firstKeys(account) : followed(account, before.keys)
  }

  async function firstKeys(account: string): Promise<readonly SigningKey[]> {
    const ring = deps.ringState()
    if (ring === 'foreign' || ring === 'unknown') throw unavailable(`issuer:ring-${ring}`)
    const at = now()
    const keys = await Promise.all(tokenAlgorithms.map((algorithm) => deps.make(algorithm, at)))
    log.info('issuer.keys-made', { account, keys: keys.map(({ id }) => id) })
    return keys
  }

  /** The very list that was found, when nothing is to be changed. */
  async function followed(account: string, found: readonly SigningKey[]): Promise<readonly SigningKey[]> {
    const at = now()
    const due = tokenAlgorithms.filter((algorithm) => isDue(found, algorithm, at))
    const fresh = await Promise.all(due.map((algorithm) => deps.make(algorithm, after(at, leadSeconds))))
    if (fresh.length > 0) log.info('issuer.keys-followed', { account, keys: fresh.map(({ id }) => id) })
    const published = publishedAt([...found, ...fresh], at)
    return fresh.length === 0 && published.length === found.length ? found : published
  }

  /** What no ring of this installation opens any more is lost; tokens signed with it end as credentials do. */
  function afterUnreadable(account: string, isLaterVersion: boolean): Promise<readonly SigningKey[]> {
    const since = unreadableSince.get(account)
    if (since === undefined) {
      unreadableSince.set(account, now())
      log.error('issuer.keys-unreadable', { account, laterVersion: isLaterVersion })
    }
    const isLost = since !== undefined && after(since, unreadableSeconds) <= now()
    if (isLaterVersion || !isLost || deps.ringState() !== 'agreed')
      throw unavailable('issuer:keys-unreadable')
    unreadableSince.delete(account)
    return firstKeys(account)
  }

  async function refresh(): Promise<void> {
    try {
      for (const account of await records.accounts()) {
        await shared(account).catch((cause: unknown) => log.warn('issuer.refresh-failed', { account, cause }))
      }
    } catch (cause) {
      log.warn('issuer.refresh-failed', { cause })
    }
  }

  const timer = setInterval(() => void refresh(), deps.refreshEveryMs ?? refreshEveryMs)
  timer.unref()
  return {
    async of(account) {
      const entry = known.get(account)
      const keys = entry !== undefined && now() < entry.freshUntil ? entry.keys : await shared(account)
      return publishedAt(keys, now())
    },
    refresh,
    close: () => clearInterval(timer),
  }
}

function unavailable(reason: string): Fault {
  return new Fault('StoreUnavailable', 'web identity tokens cannot be issued here at the moment, try again', {
    reason,
  })
}
