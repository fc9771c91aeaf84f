/** A short name for a text that must not be readable or guessable from it: equal texts stay recognisable as equal. */
import { createHmac } from 'node:crypto'
import type { KeyRing } from './key-ring.js'

export type KeyedDigest = (text: string) => string

/**
 * 16 hexadecimal digits of HMAC-SHA-256 under a key of this purpose: without the key ring nobody can try texts against
 * it. Changes when another key of the ring becomes active.
 */
export function createKeyedDigest(ring: KeyRing, purpose: string): KeyedDigest {
  const key = ring.active.derive(`digest/${purpose}`, 32)
  return (text) => createHmac('sha256', key).update(text).digest('hex').slice(0, 16)
}
