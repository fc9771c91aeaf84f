/**
 * Authenticated encryption under a key ring, for one purpose. The layout, all of it authenticated:
 * version (1) | key id (8) | nonce (24) | ciphertext | tag (16).
 *
 * Each message has its own AES-256-GCM key, made by HMAC-SHA-512 from the purpose's key, the nonce and a label, so
 * that no number of messages wears a ring key out (NIST SP 800-38D §8.3 bounds one key with random IVs to 2^32).
 */
import { createCipheriv, createDecipheriv, createHmac, type KeyObject } from 'node:crypto'
import type { RandomBytes } from '../fault.js'
import type { KeyRing } from './key-ring.js'

export interface Envelope {
  /** @param label authenticated, not stored: opening needs the same one. */
  seal(content: Buffer, label: string): Sealed
  /**
   * @returns undefined for anything this ring did not seal under this purpose and label. Never throws, and does the
   * same work for a key it does not know.
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
}

const version = 1
const keyIdBytes = 8
const nonceBytes = 24
const tagBytes = 16
const headBytes = 1 + keyIdBytes
const contentAt = headBytes + nonceBytes
/** What an envelope adds to its content. */
const envelopeOverhead = contentAt + tagBytes

export function createEnvelope(ring: KeyRing, purpose: string, random: RandomBytes): Envelope {
  const keys = new Map<string, KeyObject>(ring.keys.map((key) => [key.id, key.derive(purpose, 64)]))
  const activeKey = keys.get(ring.active.id)!
  const head = Buffer.concat([Buffer.of(version), Buffer.from(ring.active.id, 'hex')])
  // Opened with when the key is unknown, so that an unknown key costs what a wrong one costs.
  const strangerKey = ring.active.derive(`${purpose}/unknown-key`, 64)
  const bound = (label: string): string => `${purpose}\0${ring.installation}\0${label}`

  return {
    seal(content, label) {
      const nonce = random(nonceBytes)
      const { messageKey, extra } = expand(activeKey, nonce, label)
      const cipher = createCipheriv('aes-256-gcm', messageKey, nonce.subarray(12), {
        authTagLength: tagBytes,
      })
      cipher.setAAD(Buffer.concat([head, Buffer.from(bound(label))]))
      const bytes = Buffer.concat([head, nonce, cipher.update(content), cipher.final(), cipher.getAuthTag()])
      return { bytes, extra }
    },
    open(bytes, label) {
      if (bytes.length < envelopeOverhead || bytes[0] !== version) return undefined
      const nonce = bytes.subarray(headBytes, contentAt)
      const key = keys.get(bytes.toString('hex', 1, headBytes))
      const { messageKey, extra } = expand(key ?? strangerKey, nonce, label)
      const decipher = createDecipheriv('aes-256-gcm', messageKey, nonce.subarray(12), {
        authTagLength: tagBytes,
      })
      decipher.setAAD(Buffer.concat([bytes.subarray(0, headBytes), Buffer.from(bound(label))]))
      decipher.setAuthTag(bytes.subarray(bytes.length - tagBytes))
      const content = decipher.update(bytes.subarray(contentAt, bytes.length - tagBytes))
      try {
        decipher.final()
      } catch {
        return undefined
      }
      return key === undefined ? undefined : { content, extra }
    },
  }
}

function expand(key: KeyObject, nonce: Buffer, label: string): { messageKey: Buffer; extra: Buffer } {
  const output = createHmac('sha512', key).update(nonce).update(label).digest()
  return { messageKey: output.subarray(0, 32), extra: output.subarray(32, 62) }
}
