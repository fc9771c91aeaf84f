/**
 * Sealed text for a cookie or a hidden form field: pending sign-ins, sign-in sessions, anything the server hands out
 * and wants back unread and unchanged. Each purpose has its own derived keys, so that what was sealed for one is
 * worthless for another. Does not expire and is not single use: the owner puts an instant or an id inside.
 */
import { randomBytes } from 'node:crypto'
import type { RandomBytes } from '../fault.js'
import { isBase64Url } from './base64-text.js'
import { createEnvelope, sealerOf } from './envelope.js'
import { withOlderKeys, type RingInForce } from './key-ring.js'

export interface PurposeBox {
  /** @returns base64url text, safe in cookies, URLs and headers: 4/3 of the UTF-8 length and 66 characters. */
  seal(text: string): string
  /** @returns undefined for everything that `seal` of the same ring and purpose did not make. Never throws. */
  open(sealed: string): string | undefined
  /**
   * The same text sealed under the active key; `sealed` itself when it is already, or under the next one, by a server
   * that follows the ring sooner. Whoever keeps sealed text for longer than a session lasts must put this in its place
   * after a rotation: a retired key opens for 37 hours only.
   * @returns undefined for what `open` does not open.
   */
  renew(sealed: string): string | undefined
}

export interface PurposeBoxOptions {
  readonly random?: RandomBytes
  /**
   * What is sealed is used for up to 90 days, by somebody who cannot be given it anew: a retired key opens it for 91
   * days instead of 37 hours.
   */
  readonly longUse?: boolean
}

/** @param purpose e.g. `sign-in-session`; a constant in the code, never something a caller chose. */
export function createPurposeBox(
  ring: RingInForce,
  purpose: string,
  { random = randomBytes, longUse = false }: PurposeBoxOptions = {},
): PurposeBox {
  const envelope = createEnvelope(longUse ? withOlderKeys(ring) : ring, `box/${purpose}`, random)
  const opened = (sealed: string) => {
    const bytes = Buffer.from(sealed, 'base64url')
    return isBase64Url(sealed, bytes) ? envelope.open(bytes, '') : undefined
  }
  const seal = (content: Buffer): string => envelope.seal(content, '').bytes.toString('base64url')
  return {
    seal: (text) => seal(Buffer.from(text, 'utf8')),
    open: (sealed) => opened(sealed)?.content.toString('utf8'),
    renew(sealed) {
      const found = opened(sealed)
      if (found === undefined) return undefined
      const isLasting =
        found.isCurrent || sealerOf(Buffer.from(sealed, 'base64url')) === ring.current().next?.id
      return isLasting ? sealed : seal(found.content)
    },
  }
}
