/**
 * What stands for the body in the canonical request: its hash, computed here when the body is here, or the one that
 * the client declared and signed when a proxy keeps the body to itself.
 */
import { sha256Hex } from './canonical-request.js'
import type { SignatureClaim } from './claim.js'
import { mismatchMessage, signatureRefusal, type SignatureRefusal } from './refusal.js'

export type Payload =
  /**
   * The body is here. `hash` is the hex SHA-256 of its bytes as received, asked for late, since most bad requests end
   * earlier. A hash that was declared must be equal to it, so `UNSIGNED-PAYLOAD` and `STREAMING-…` are refused.
   */
  | { readonly type: 'computed'; readonly hash: () => string }
  /**
   * The body is elsewhere. What a signed `x-amz-content-sha256` says is believed: whoever has the body has to compare.
   * `allowUnsigned`: `UNSIGNED-PAYLOAD` counts too, and the body may then be any. `STREAMING-…` never counts.
   * `empty`: there is no body, which is what a signature covers where no hash was declared.
   */
  | { readonly type: 'declared'; readonly allowUnsigned: boolean; readonly empty?: boolean }

const emptyHash = sha256Hex('')
const unsigned = 'UNSIGNED-PAYLOAD'
const hexHash = /^[0-9a-f]{64}$/

export interface ResolvedPayload {
  /** For the canonical request: hex SHA-256 or `UNSIGNED-PAYLOAD`; with a refusal, anything. */
  readonly hash: string
  readonly refusal: SignatureRefusal | undefined
}

export function resolvePayload({ declaredHash }: SignatureClaim, payload: Payload): ResolvedPayload {
  if (payload.type === 'computed') {
    const hash = payload.hash()
    // UNSIGNED-PAYLOAD and STREAMING-… end here too: a body that is not covered could be swapped.
    return declaredHash === undefined || declaredHash === hash ? accepted(hash) : refused()
  }
  if (declaredHash === undefined) return payload.empty === true ? accepted(emptyHash) : refused()
  const counts =
    declaredHash === unsigned
      ? payload.allowUnsigned
      : hexHash.test(declaredHash) && (payload.empty !== true || declaredHash === emptyHash)
  return counts ? accepted(declaredHash) : refused()
}

function accepted(hash: string): ResolvedPayload {
  return { hash, refusal: undefined }
}

function refused(): ResolvedPayload {
  return {
    hash: emptyHash,
    refusal: signatureRefusal('SignatureDoesNotMatch', mismatchMessage, 'sts:payload'),
  }
}
