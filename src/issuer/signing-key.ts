/**
 * Signing keys of one account and when each of them does what: published first, signing an hour later, published
 * still after its last token has ended. All of it follows from the instant at which a key begins to sign, so that
 * replicas agree without telling each other.
 */
import type { JsonWebKey, KeyObject } from 'node:crypto'
import type { TokenAlgorithm } from './token-algorithm.js'

export interface SigningKey {
  /** RFC 7638 thumbprint; the token's `kid`. */
  readonly id: string
  readonly algorithm: TokenAlgorithm
  readonly privateKey: KeyObject
  readonly publicKey: JsonWebKey
  /** From then on it is the one that signs, until a later one begins. */
  readonly signsFrom: Date
}

/** How long a new key is published before it signs: longer than anybody should keep a key set without asking again. */
export const leadSeconds = 3600
/** A key that has signed so long is followed by another one. */
const rotateAfterSeconds = 30 * 86_400
/**
 * How long a key that no longer signs stays published: the longest token, and a day for a replica that is cut off from
 * the store and goes on with the keys it has.
 */
const publishedAfterSeconds = 3600 + 86_400

/** The one that signs now; before the first begins, that one. */
export function signingAt(
  keys: readonly SigningKey[],
  algorithm: TokenAlgorithm,
  now: Date,
): SigningKey | undefined {
  const own = inOrder(keys, algorithm)
  return own.findLast(({ signsFrom }) => signsFrom <= now) ?? own[0]
}

/** Without those whose last token has ended long ago. */
export function publishedAt(keys: readonly SigningKey[], now: Date): readonly SigningKey[] {
  return keys.filter((key) => {
    const next = inOrder(keys, key.algorithm).find(({ signsFrom }) => signsFrom > key.signsFrom)
    return next === undefined || after(next.signsFrom, publishedAfterSeconds) > now
  })
}

/** Whether it is time to publish the next key of this algorithm. */
export function isDue(keys: readonly SigningKey[], algorithm: TokenAlgorithm, now: Date): boolean {
  const newest = inOrder(keys, algorithm).at(-1)
  return newest === undefined || after(newest.signsFrom, rotateAfterSeconds - leadSeconds) <= now
}

export function after(instant: Date, seconds: number): Date {
  return new Date(instant.getTime() + seconds * 1000)
}

function inOrder(keys: readonly SigningKey[], algorithm: TokenAlgorithm): readonly SigningKey[] {
  return keys
    .filter((key) => key.algorithm === algorithm)
    .sort((one, other) => one.signsFrom.getTime() - other.signsFrom.getTime())
}
