/**
 * Sealed text for a cookie or a hidden form field: pending sign-ins, sign-in sessions, anything the server hands out
 * and wants back unread and unchanged. Each purpose has its own derived keys, so that what was sealed for one is
 * worthless for another. Does not expire and is not single use: the owner puts an instant or an id inside.
 */
import { randomBytes } from 'node:crypto'
import type { RandomBytes } from '../fault.js'
import { isBase64Url } from './base64-text.js'
import { createEnvelope } from './envelope.js'
import type { KeyRing } from './key-ring.js'

export interface PurposeBox {
  /** @returns base64url text, safe in cookies, URLs and headers: 4/3 of the UTF-8 length and 66 characters. */
  seal(text: string): string
  /** @returns undefined for everything that `seal` of the same ring and purpose did not make. Never throws. */
  open(sealed: string): string | undefined
}

/** @param purpose e.g. `sign-in-session`; a constant in the code, never something a caller chose. */
export function createPurposeBox(
  ring: KeyRing,
  purpose: string,
  { random = randomBytes }: { readonly random?: RandomBytes } = {},
): PurposeBox {
  const envelope = createEnvelope(ring, `box/${purpose}`, random)
  return {
    seal: (text) => envelope.seal(Buffer.from(text, 'utf8'), '').bytes.toString('base64url'),
    open(sealed) {
      const bytes = Buffer.from(sealed, 'base64url')
      return isBase64Url(sealed, bytes) ? envelope.open(bytes, '')?.content.toString('utf8') : undefined
    },
  }
}
