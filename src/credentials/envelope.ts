/**
 * Authenticated encryption under a key ring, for one purpose. The layout, all of it authenticated:
 * version (1) | key id (8) | nonce (24) | ciphertext | tag (16).
 *
 * Each message has its own AES-256-GCM key, made by HMAC-SHA-512 from the purpose's key, the nonce and a label, so
 * that no number of messages wears a ring key out (NIST SP 800-38D §8.3 bounds one key with random IVs to 2^32).
 */
import { createCipheriv, createDecipheriv, createHmac, type KeyObject } from 'node:crypto'
import type { RandomBytes } from '../fault.js'
import type { RingInForce } from './key-ring.js'
import { perKey } from './ring-derivation.js'

export interface Envelope {
  /** @param label authenticated, not stored: opening needs the same one. */
  seal(content: Buffer, label: string): Sealed
  /**
   * @returns undefined for anything this ring did not seal under this purpose and label. Never throws, and does the
   * same work whatever is wrong with the bytes.
   */
  open(bytes: Buffer, label: string): Opened | undefined
}

interface Sealed {
  readonly bytes: Buffer
  /** 30 bytes that only a holder of the ring can compute, different for every message. */
  readonly extra: Buffer
}

interface Opened {
  readonly content: Buffer
  /** Equal to the one from sealing. */
  readonly extra: Buffer
  /** Whether the key that sealed it is the one that seals now. */
  readonly isCurrent: boolean
}

const version = 1
const keyIdBytes = 8
const nonceBytes = 24
const tagBytes = 16
const headBytes = 1 + keyIdBytes
const contentAt = headBytes + nonceBytes
/** Bytes that an envelope adds to its content. */
export const envelopeOverhead = contentAt + tagBytes

/** What a message without room for a key is read as, so that it costs what others cost. */
const emptyMessage = Buffer.alloc(envelopeOverhead)

export function createEnvelope(ring: RingInForce, purpose: string, random: RandomBytes): Envelope {
  const keys = perKey(ring, (key) => ({
    head: Buffer.concat([Buffer.of(version), Buffer.from(key.id, 'hex')]),
    key: key.derive(purpose, 64),
    // Opened with when the key is unknown, so that an unknown key costs what a wrong one costs.
    strangerKey: key.derive(`${purpose}/unknown-key`, 64),
  }))
  const bound = (head: Buffer, installation: string, label: string): Buffer => {
    const text = `${purpose}\0${installation}\0${label}`
    const bytes = Buffer.allocUnsafe(headBytes + Buffer.byteLength(text))
    bytes.set(head)
    bytes.write(text, headBytes)
    return bytes
  }

  return {
    seal(content, label) {
      const { active, installation } = keys()
      const nonce = random(nonceBytes)
      const { messageKey, extra } = expand(active.key, nonce, label)
      // Without options, since its tag is as long as `tagBytes` anyway.
      const cipher = createCipheriv('aes-256-gcm', messageKey, nonce.subarray(12))
      cipher.setAAD(bound(active.head, installation, label))
      const sealed = cipher.update(content)
      // Adds nothing in this mode, but the tag is not there before.
      cipher.final()
      const bytes = Buffer.allocUnsafe(envelopeOverhead + sealed.length)
      bytes.set(active.head)
      bytes.set(nonce, headBytes)
      bytes.set(sealed, contentAt)
      bytes.set(cipher.getAuthTag(), contentAt + sealed.length)
      return { bytes, extra }
    },
    open(bytes, label) {
      const { active, all, installation } = keys()
      const isWhole = bytes.length >= envelopeOverhead
      const message = isWhole ? bytes : emptyMessage
      const nonce = message.subarray(headBytes, contentAt)
      const sealer = all.get(message.toString('hex', 1, headBytes))
      const isOurs = isWhole && message[0] === version && sealer !== undefined
      const { messageKey, extra } = expand(isOurs ? sealer.key : active.strangerKey, nonce, label)
      const decipher = createDecipheriv('aes-256-gcm', messageKey, nonce.subarray(12), {
        authTagLength: tagBytes,
      })
      decipher.setAAD(bound(message.subarray(0, headBytes), installation, label))
      decipher.setAuthTag(message.subarray(message.length - tagBytes))
      const content = decipher.update(message.subarray(contentAt, message.length - tagBytes))
      if (sealer === undefined) ring.missedKey()
      try {
        decipher.final()
      } catch {
        return undefined
      }
      return isOurs ? { content, extra, isCurrent: sealer === active } : undefined
    },
  }
}

/** @returns the id of the ring key that a message says it is under; nothing is checked. */
export function sealerOf(bytes: Buffer): string {
  return bytes.toString('hex', 1, headBytes)
}

function expand(key: KeyObject, nonce: Buffer, label: string): { messageKey: Buffer; extra: Buffer } {
  const length = Buffer.byteLength(label)
  const input = Buffer.allocUnsafe(nonceBytes + length)
  input.set(nonce)
  input.write(label, nonceBytes)
  const output = createHmac('sha512', key).update(input).digest()
  return { messageKey: output.subarray(0, 32), extra: output.subarray(32, 62) }
}
