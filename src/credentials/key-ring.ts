/**
 * The key ring: the secrets from which everything sealed by this installation is derived. One key is active and
 * seals; the others only open: the next one, so that every process knows it before any process seals with it, and
 * retired ones, until nothing that they sealed can be valid any more, which for credentials is much sooner than for
 * registrations of programs.
 *
 * How a ring is written down and kept in a file stands in the `ring-…` files; how a running server follows it, in
 * `key-ring-live.ts`.
 */
import { createRingKey, type RingKey, type RingKeyEnd } from './ring-key.js'
import type { KeyState, RingContent, WrittenKey } from './ring-content.js'

export interface KeyRing {
  /** Bound into everything that is sealed, so that a key copied to another deployment opens nothing there. */
  readonly installation: string
  readonly active: RingKey
  /** What opens everything that they sealed; the active key first. */
  readonly keys: readonly RingKey[]
  /** Absent where the ring does not say which key comes next. */
  readonly next?: RingKey
  /** Retired for so long that they open only what is used for longer than credentials, see `withOlderKeys`. */
  readonly older: readonly RingKey[]
}

/** What everything that seals or opens holds on to: the ring of this moment. */
export interface RingInForce {
  /** The same object until something changes, so that what is derived from it can be kept beside it. */
  current(): KeyRing
  /** Told when a message names a key that the ring does not have. Returns at once, whatever comes of it. */
  missedKey(): void
}

/** The longest session, 36 hours, and the largest clock skew that can be configured, an hour. */
export const openingSeconds = 129_600 + 3_600

/** The longest use of all, a program's registration for 90 days, and a day for a server that is late to follow a ring. */
export const keepingSeconds = 91 * 86_400

/** When a key that was retired at this instant opens credentials, and most of all else, no longer. */
export function opensUntil(retiredAt: Date): Date {
  return new Date(retiredAt.getTime() + openingSeconds * 1000)
}

/** When a key that was retired at this instant opens nothing any more. */
export function keptUntil(retiredAt: Date): Date {
  return new Date(retiredAt.getTime() + keepingSeconds * 1000)
}

/**
 * The ring as it is written down; `ringAt` says what of it counts.
 * @throws {Error} that an operator can act on, when a key is weak, no base64, or there twice.
 */
export function keyRingOf({ installation, keys }: RingContent, where: string): KeyRing {
  const made = keys.map((written, position) => ({
    state: written.state,
    key: createRingKey(written.secret, `${where}, key ${position + 1}`, endOf(written)),
  }))
  const of = (state: KeyState): RingKey | undefined => made.find((one) => one.state === state)?.key
  const [active, next] = [of('active'), of('next')]
  if (active === undefined) throw new Error(`${where}: it holds no key`)
  if (new Set(made.map(({ key }) => key.id)).size !== made.length)
    throw new Error(`${where}: a key is in it twice`)
  return {
    installation,
    active,
    keys: [active, ...made.map(({ key }) => key).filter((key) => key !== active)],
    ...(next === undefined ? {} : { next }),
    older: [],
  }
}

/** The ring at a later instant: who has opened credentials for long enough is `older`, and gone in the end. */
export function ringAt(ring: KeyRing, now: Date): KeyRing {
  const opens = ({ end }: RingKey): boolean => end === undefined || end.opensUntil > now
  const keys = ring.keys.filter(opens)
  const older = [...ring.keys.filter((key) => !opens(key)), ...ring.older].filter(
    ({ end }) => end !== undefined && end.keptUntil > now,
  )
  const isSame = keys.length === ring.keys.length && older.length === ring.older.length
  return isSame ? ring : { ...ring, keys, older }
}

/** The ring as it is for what is used for up to 90 days: the older keys open, too. */
export function withOlderKeys(ring: RingInForce): RingInForce {
  const widened = (of: KeyRing): KeyRing =>
    of.older.length === 0 ? of : { ...of, keys: [...of.keys, ...of.older] }
  let of = ring.current()
  let wide = widened(of)
  return {
    current() {
      const current = ring.current()
      if (current !== of) {
        wide = widened(current)
        of = current
      }
      return wide
    },
    missedKey: () => ring.missedKey(),
  }
}

function endOf(written: WrittenKey): RingKeyEnd | undefined {
  if (written.state !== 'retired') return undefined
  return { opensUntil: opensUntil(written.retiredAt), keptUntil: keptUntil(written.retiredAt) }
}
