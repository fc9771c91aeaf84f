/** New signing keys. Made in node's thread pool, one after the other: an RSA key takes a good part of a second. */
import { createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import type { SigningKey } from './signing-key.js'
import type { TokenAlgorithm } from './token-algorithm.js'
import { keyIdOf } from './token-signature.js'

const generate = promisify(generateKeyPair)
/** NIST SP 800-57 part 1 §5.6: 112 bits of strength, good through 2030; verifiers everywhere take it. */
const modulusLength = 2048

export type MakeSigningKey = (algorithm: TokenAlgorithm, signsFrom: Date) => Promise<SigningKey>

export function createKeyMaker(): MakeSigningKey {
  let queue: Promise<unknown> = Promise.resolve()
  return (algorithm, signsFrom) => {
    const made = queue.then(async () => signingKeyOf(await privateKeyFor(algorithm), algorithm, signsFrom))
    queue = made.catch(() => undefined)
    return made
  }
}

export async function signingKeyOf(
  privateKey: KeyObject,
  algorithm: TokenAlgorithm,
  signsFrom: Date,
): Promise<SigningKey> {
  const publicKey = createPublicKey(privateKey).export({ format: 'jwk' })
  return { id: await keyIdOf(publicKey), algorithm, privateKey, publicKey, signsFrom }
}

async function privateKeyFor(algorithm: TokenAlgorithm): Promise<KeyObject> {
  const { privateKey } =
    algorithm === 'RS256'
      ? await generate('rsa', { modulusLength })
      : await generate('ec', { namedCurve: 'P-384' })
  return privateKey
}
