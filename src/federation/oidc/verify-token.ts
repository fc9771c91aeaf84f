/**
 * From a compact JWT to claims that hold: syntax, issuer, algorithm, key, signature, then subject, audience and
 * times. The one verifier for workload tokens, context assertions and ID tokens of people who sign in; logout tokens
 * share its first half.
 */
import { Fault, type Clock } from '../../fault.js'
import { parseCompactToken, type CompactToken } from './compact-token.js'
import { acceptedAlgorithms, type IssuerMetadata } from './discovery.js'
import type { KeptDocument } from './kept-document.js'
import { candidates, type KeySet } from './key-set.js'
import { signatureHolds } from './signature.js'
import { member, type JsonObject } from './strict-json.js'
import { checkClaims, type CheckedClaims } from './token-claims.js'

export interface SignedToken {
  /** Signed by the issuer, whose `iss` they have; nothing else about them is known. */
  readonly claims: JsonObject
  /** The algorithm of the signature, e.g. `RS256`; `at_hash` depends on it. */
  readonly algorithm: string
}

/** @throws {Fault} `InvalidAssertion`, or `ProviderUnavailable` when the key could not be asked for. */
export type VerifySignature = (
  token: string,
  limits?: { readonly maximumBytes?: number; readonly types?: RegExp },
) => Promise<SignedToken>

export interface VerifiedToken extends SignedToken, CheckedClaims {}

/**
 * @throws {Fault} `InvalidAssertion`, `ExpiredAssertion`, or `ProviderUnavailable` when the key could not be asked for.
 * Does not look at `nonce`, `at_hash` or replay.
 */
export type VerifyToken = (
  token: string,
  expected: {
    readonly audiences: readonly string[]
    readonly maxAgeSeconds: number
    readonly maximumBytes?: number
  },
) => Promise<VerifiedToken>

// A token without a key id is tried against every key that fits; this bounds the work a stranger can cause.
const maximumTries = 10
const noKey =
  "Couldn't retrieve verification key from your identity provider,  please reference " +
  'AssumeRoleWithWebIdentity documentation for requirements'

export function createSignatureVerifier(
  settings: { readonly issuer: string },
  deps: { readonly metadata: KeptDocument<IssuerMetadata>; readonly keys: KeptDocument<KeySet> },
): VerifySignature {
  return async (text, limits) => {
    const token = parseCompactToken(text, limits)
    if (!acceptedAlgorithms.includes(token.algorithm)) throw invalid('jwt:alg')
    if (member(token.claims, 'iss') !== settings.issuer) throw invalid('jwt:iss')
    const { algorithms } = await deps.metadata.current()
    if (!algorithms.includes(token.algorithm)) throw invalid('jwt:alg')

    let failed = await findFailure(token, await deps.keys.current())
    if (failed === 'jwt:kid' || (failed !== undefined && token.keyId === undefined)) {
      failed = await findFailure(token, await deps.keys.newest())
    }
    if (failed === 'jwt:kid' || failed === 'jwt:key') {
      throw new Fault('InvalidAssertion', noKey, { reason: failed })
    }
    if (failed !== undefined) throw invalid(failed)
    return { claims: token.claims, algorithm: token.algorithm }
  }
}

export function createTokenVerifier(
  settings: { readonly clockSkewSeconds: number },
  deps: { readonly now: Clock; readonly verifySignature: VerifySignature },
): VerifyToken {
  return async (text, { audiences, maxAgeSeconds, ...limits }) => {
    const { claims, algorithm } = await deps.verifySignature(text, limits)
    const clock = { now: deps.now(), clockSkewSeconds: settings.clockSkewSeconds }
    return { ...checkClaims(claims, { audiences, maxAgeSeconds, ...clock }), algorithm }
  }
}

/** @returns undefined when a key of the set made the signature, otherwise the reason. */
async function findFailure(token: CompactToken, set: KeySet): Promise<string | undefined> {
  const named = candidates(set, token.keyId)
  if (named.length === 0) {
    return token.keyId !== undefined && set.refusedIds.has(token.keyId) ? 'jwt:key' : 'jwt:kid'
  }
  const fitting = named.filter((key) => key.algorithms.includes(token.algorithm))
  if (fitting.length === 0) return 'jwt:alg'
  for (const { key } of fitting.slice(0, maximumTries)) {
    if (await signatureHolds(token.text, key, token.algorithm)) return undefined
  }
  return 'jwt:signature'
}

function invalid(reason: string): Fault {
  return new Fault('InvalidAssertion', 'the token could not be verified', { reason })
}
