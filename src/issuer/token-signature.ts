/** The door to jose for the tokens that Rolegate signs: the compact token, and the name of a key. */
import { calculateJwkThumbprint, SignJWT } from 'jose'
import type { JsonWebKey, KeyObject } from 'node:crypto'
import type { TokenAlgorithm } from './token-algorithm.js'

/** RFC 7515 §3.1; the header says `typ`, `alg` and `kid` and nothing that a verifier could be led astray with. */
export function signToken(
  claims: Readonly<Record<string, unknown>>,
  key: { readonly id: string; readonly algorithm: TokenAlgorithm; readonly privateKey: KeyObject },
): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: key.algorithm, kid: key.id, typ: 'JWT' })
    .sign(key.privateKey)
}

/** RFC 7638: the same key has the same name wherever it is computed. */
export function keyIdOf(publicKey: JsonWebKey): Promise<string> {
  return calculateJwkThumbprint(publicKey)
}
