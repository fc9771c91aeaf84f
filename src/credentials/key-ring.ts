/**
 * The key ring: the secrets from which everything sealed by this installation is derived. One key is active and
 * seals; the others only open: the next one, so that every process knows it before any process seals with it, and
 * retired ones, until nothing that they sealed can be valid any more.
 *
 * How a ring is written down and kept in a file stands in the `ring-…` files; how a running server follows it, in
 * `key-ring-live.ts`.
 */
import { createRingKey, type RingKey } from './ring-key.js'
import type { RingContent, WrittenKey } from './ring-content.js'

export interface KeyRing {
  /** Bound into everything that is sealed, so that a key copied to another deployment opens nothing there. */
  readonly installation: string
  readonly active: RingKey
  /** The active key first. */
  readonly keys: readonly RingKey[]
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

/** When a key that was retired at this instant opens nothing any more. */
export function opensUntil(retiredAt: Date): Date {
  return new Date(retiredAt.getTime() + openingSeconds * 1000)
}

/** @throws {Error} that an operator can act on, when a key is weak, no base64, or there twice. */
export function keyRingOf({ installation, keys }: RingContent, where: string): KeyRing {
  const made = keys.map((written, position) => ({
    state: written.state,
    key: createRingKey(written.secret, `${where}, key ${position + 1}`, endOf(written)),
  }))
  const active = made.find(({ state }) => state === 'active')?.key
  if (active === undefined) throw new Error(`${where}: it holds no key`)
  if (new Set(made.map(({ key }) => key.id)).size !== made.length)
    throw new Error(`${where}: a key is in it twice`)
  return {
    installation,
    active,
    keys: [active, ...made.map(({ key }) => key).filter((key) => key !== active)],
  }
}

/** The ring without the keys whose time is over; the same object when there are none. */
export function withoutEnded(ring: KeyRing, now: Date): KeyRing {
  const keys = ring.keys.filter((key) => key.opensUntil === undefined || key.opensUntil > now)
  return keys.length === ring.keys.length ? ring : { ...ring, keys }
}

function endOf(written: WrittenKey): Date | undefined {
  return written.state === 'retired' ? opensUntil(written.retiredAt) : undefined
}
