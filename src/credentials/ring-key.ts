/** One key of the ring. Its bytes never leave this file, only what HKDF makes of them for a named purpose. */
import { createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import { weaknessOf } from './key-strength.js'

export interface RingKey {
  /** 16 hexadecimal digits, a function of the key: it tells keys apart and says nothing about them. */
  readonly id: string
  /** Only a retired key has one. */
  readonly end?: RingKeyEnd
  /** @returns `bytes` bytes that depend on this key and on `purpose` (RFC 5869, purpose as `info`). */
  derive(purpose: string, bytes: number): KeyObject
}

export interface RingKeyEnd {
  /** From then on what this key sealed is not opened any more, except for what is used for longer than credentials. */
  readonly opensUntil: Date
  /** From then on that is not, either. */
  readonly keptUntil: Date
}

export const ringKeyBytes = 32

/** @throws {Error} that an operator can act on: no base64, or a key that nobody should trust. */
export function createRingKey(base64: string, where: string, end?: RingKeyEnd): RingKey {
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.toString('base64').replace(/=+$/, '') !== base64.replace(/=+$/, ''))
    throw new Error(`${where}: it is not base64`)
  const weakness = weaknessOf(bytes, ringKeyBytes)
  if (weakness !== undefined)
    throw new Error(`${where}: ${weakness}; make one with \`openssl rand -base64 32\``)
  const secret = createSecretKey(bytes)
  bytes.fill(0)
  return {
    id: expand(secret, 'key-id', 8).toString('hex'),
    ...(end === undefined ? {} : { end }),
    derive(purpose, length) {
      const derived = expand(secret, purpose, length)
      const key = createSecretKey(derived)
      derived.fill(0)
      return key
    },
  }
}

function expand(secret: KeyObject, purpose: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `rolegate/1/${purpose}`, bytes))
}
