/**
 * Guessing passwords costs places, and there are few. A place is taken in the shared store before a password is
 * looked at, so parallel guesses at several replicas count like guesses one after the other. Owns the counting; who
 * calls it decides what an account and an address are.
 *
 * Of `attempts` = N within the window there are
 *   - N places for one account from one address: the limit a person meets;
 *   - 2N for one account from all addresses it has not been used from: the limit of a distributed guess;
 *   - 2N for one address, whatever the accounts: the limit of trying one password on many names.
 * An address from which the account has signed in during the last 30 days does not share the second budget, so a
 * stranger who uses it up does not lock its owner out. Keep 2N below a directory's own lockout threshold, and
 * strangers cannot lock the account there either.
 */
import { createHash } from 'node:crypto'
import { isIPv6 } from 'node:net'
import type { Clock } from '../fault.js'
import type { ExpiringStore } from '../store/expiring-store.js'

export interface Throttle {
  /**
   * @param account the name as typed, with its provider's name in front where several providers are throttled.
   * @param address the client's IP address.
   * @throws {Fault} `StoreUnavailable`: without counting, no password is looked at.
   */
  attempt(account: string, address: string): Promise<Attempt>
}

export type Attempt =
  | {
      readonly allowed: true
      /** Gives back the places of this attempt and of earlier failures of this account from this address. */
      succeeded(): Promise<void>
      /** Gives back the places of this attempt only: nobody could judge the password. */
      abandoned(): Promise<void>
    }
  | { readonly allowed: false; readonly retryAfterSeconds: number }

const rememberedSeconds = 30 * 24 * 60 * 60

export function createThrottle(
  store: ExpiringStore,
  settings: { readonly attempts: number; readonly windowSeconds: number },
  now: Clock,
): Throttle {
  const budgets = (account: string, address: string) => {
    const who = hash(oneSpelling(account))
    const where = hash(addressKey(address))
    return {
      pair: { prefix: `throttle:pair:${who}.${where}`, places: settings.attempts },
      account: { prefix: `throttle:account:${who}`, places: settings.attempts * 2 },
      address: { prefix: `throttle:address:${where}`, places: settings.attempts * 2 },
      known: `throttle:known:${who}.${where}`,
    }
  }

  async function occupy({ prefix, places }: Budget): Promise<string | undefined> {
    const expiresAt = new Date(now().getTime() + settings.windowSeconds * 1000)
    for (let place = 0; place < places; place += 1) {
      const key = `${prefix}:${place}`
      if (await store.add(key, String(expiresAt.getTime()), expiresAt)) return key
    }
    return undefined
  }

  async function secondsUntilFree({ prefix, places }: Budget): Promise<number> {
    const ends = await Promise.all(
      Array.from({ length: places }, (_, place) => store.get(`${prefix}:${place}`)),
    )
    const left = ends.map((end) => Math.ceil((Number(end ?? 0) - now().getTime()) / 1000))
    return Math.max(1, Math.min(...left))
  }

  async function giveBack(keys: readonly string[]): Promise<void> {
    await Promise.all(keys.map((key) => store.take(key)))
  }

  return {
    async attempt(account, address) {
      const { pair, account: all, address: source, known } = budgets(account, address)
      const familiar = (await store.get(known)) !== undefined
      const taken: string[] = []
      for (const budget of familiar ? [pair, source] : [pair, all, source]) {
        const key = await occupy(budget)
        if (key === undefined) {
          await giveBack(taken)
          return { allowed: false, retryAfterSeconds: await secondsUntilFree(budget) }
        }
        taken.push(key)
      }
      const occupiedUntil = now().getTime() + settings.windowSeconds * 1000
      return {
        allowed: true,
        async abandoned() {
          if (now().getTime() < occupiedUntil) await giveBack(taken)
        },
        async succeeded() {
          // Once the window is over these places may be somebody else's.
          if (now().getTime() < occupiedUntil) {
            const own = Array.from({ length: pair.places }, (_, place) => `${pair.prefix}:${place}`)
            await giveBack([...own, ...taken.slice(1)])
          }
          await store.put(known, '1', new Date(now().getTime() + rememberedSeconds * 1000))
        },
      }
    },
  }
}

interface Budget {
  readonly prefix: string
  readonly places: number
}

/**
 * One key for every spelling that some directory takes for the same name: case, width, ligatures, accents, invisible
 * and repeated spaces. It merges names that differ, which costs them a shared budget and gives nobody an identity.
 */
export function oneSpelling(account: string): string {
  return account
    .normalize('NFKD')
    .replace(/[\p{M}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, '')
    .toUpperCase()
    .toLowerCase()
    .normalize('NFKC')
    .replace(/\s+/gu, ' ')
    .trim()
}

/** An IPv6 customer holds at least a /64, so that is one address; IPv4 written as IPv6 is IPv4. */
function addressKey(address: string): string {
  const plain = address.replace(/%.*$/, '').toLowerCase()
  if (!isIPv6(plain)) return plain
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(plain)
  if (mapped !== null) return mapped[1]!
  const [head = '', tail] = plain.split('::')
  const groups = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  // A dotted tail stands for two groups, so the gap may be one too long; the first four groups do not notice.
  const gap = tail === undefined ? 0 : 8 - groups.length - after.length
  const all = [...groups, ...Array<string>(gap).fill('0'), ...after]
  return all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
