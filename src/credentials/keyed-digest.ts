/** A short name for a text that must not be readable or guessable from it: equal texts stay recognisable as equal. */
import { createHmac } from 'node:crypto'
import type { RingInForce } from './key-ring.js'
import { perKey } from './ring-derivation.js'

export type KeyedDigest = (text: string) => string

/**
 * 16 hexadecimal digits of HMAC-SHA-256 under a key of this purpose: without the key ring nobody can try texts against
 * it.
 *
 * Changes with the active key, for records: what is written down stays comparable between two rotations, and cannot be
 * tried any more once its key has left the ring. For the same reason it is no name to find something stored again by.
 */
export function createKeyedDigest(ring: RingInForce, purpose: string): KeyedDigest {
  const keys = perKey(ring, (key) => key.derive(`digest/${purpose}`, 32))
  return (text) => createHmac('sha256', keys().active).update(text).digest('hex').slice(0, 16)
}
