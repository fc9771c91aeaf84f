/**
 * Temporary credentials that nobody has to store: the session token is the sealed Session, and the secret access
 * key follows from the key ring, the access key id and the token's nonce. Whoever has the ring opens every token;
 * whoever loses it loses every token (rotation is how all outstanding credentials are ended at once).
 */
import { Fault, type RandomBytes } from '../fault.js'
import { maxSessionTokenLength } from '../role/session.js'
import { isTemporaryAccessKeyId, newAccessKeyId } from './access-key-id.js'
import { isBase64 } from './base64-text.js'
import type { SessionCredentials } from './credentials.js'
import { createEnvelope, envelopeOverhead } from './envelope.js'
import type { RingInForce } from './key-ring.js'
import { drawAhead } from './random-draw.js'
import { decodeSession, encodeSession } from './session-codec.js'

const nothing = Buffer.alloc(0)

export function createSessionCredentials(
  ring: RingInForce,
  { random }: { readonly random: RandomBytes },
): SessionCredentials {
  const noise = drawAhead(random)
  const envelope = createEnvelope(ring, 'session-token', noise)
  return {
    issue(unnamed, minimumTokenLength = 0) {
      const accessKeyId = newAccessKeyId(unnamed.account, noise)
      const content = encodeSession(unnamed, contentBytesFor(minimumTokenLength))
      const { bytes, extra } = envelope.seal(content, accessKeyId)
      const sessionToken = bytes.toString('base64')
      if (sessionToken.length > maxSessionTokenLength) {
        const percent = Math.ceil((100 * sessionToken.length) / maxSessionTokenLength)
        throw new Fault(
          'PackedPolicyTooLarge',
          `Packed policy consumes ${percent}% of allotted space, please use smaller policy.`,
          { reason: 'token:size' },
        )
      }
      return {
        accessKeyId,
        secretAccessKey: extra.toString('base64'),
        sessionToken,
        expiresAt: unnamed.expiresAt,
        session: { ...unnamed, accessKeyId },
      }
    },
    open(accessKeyId, sessionToken) {
      const bytes =
        sessionToken.length <= maxSessionTokenLength && isTemporaryAccessKeyId(accessKeyId)
          ? Buffer.from(sessionToken, 'base64')
          : undefined
      if (bytes === undefined || !isBase64(sessionToken, bytes)) {
        // What cannot be a token costs what a wrong one costs.
        envelope.open(nothing, '')
        return undefined
      }
      const openedBy = ring.current()
      const opened = envelope.open(bytes, accessKeyId)
      if (opened === undefined) return undefined
      try {
        const session = decodeSession(opened.content, accessKeyId)
        const stillOpens = () => ring.current() === openedBy
        return { session, secretAccessKey: opened.extra.toString('base64'), stillOpens }
      } catch {
        return undefined
      }
    },
  }
}

/** What has to be sealed for a base64 text of this length; 4,096 characters are just possible. */
function contentBytesFor(tokenLength: number): number {
  return Math.max(0, Math.ceil((tokenLength * 3) / 4) - envelopeOverhead)
}
