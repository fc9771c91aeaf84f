/**
 * An issuer's published keys (RFC 7517), entry by entry: a malformed, weak or foreign one is set aside instead of
 * spoiling the others. Which key fits which token is decided here; the signature itself in signature.ts.
 */
import { createPublicKey, type KeyObject } from 'node:crypto'
import { isJsonObject, member, type JsonObject } from './strict-json.js'

export interface KeySet {
  readonly keys: readonly VerificationKey[]
  /** Ids of entries that were set aside, to tell a useless key from an unknown one. */
  readonly refusedIds: ReadonlySet<string>
}

export interface VerificationKey {
  readonly id: string | undefined
  readonly key: KeyObject
  /** What this key may verify. */
  readonly algorithms: readonly string[]
}

const maximumKeys = 200
const rsaAlgorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']
const curveAlgorithms = new Map([
  ['prime256v1', 'ES256'],
  ['secp384r1', 'ES384'],
  ['secp521r1', 'ES512'],
])

/** Throws a plain Error when the document is no key set at all; single entries never make it throw. */
export function parseKeySet(document: unknown): KeySet {
  const entries = isJsonObject(document) ? member(document, 'keys') : undefined
  // An empty set is a mishap more often than a withdrawal of every key, and the known ones end with the cache anyway.
  if (!Array.isArray(entries) || entries.length === 0) throw new Error('key set has no keys')
  if (entries.length > maximumKeys) throw new Error('key set is too long')
  const keys: VerificationKey[] = []
  const refusedIds = new Set<string>()
  for (const entry of entries) {
    if (!isJsonObject(entry)) continue
    const id = member(entry, 'kid')
    const key = parseKey(entry)
    if (key) keys.push(key)
    else if (typeof id === 'string') refusedIds.add(id)
  }
  return { keys, refusedIds }
}

/** Those with the token's key id, or all when it names none. Two keys under one id are both candidates. */
export function candidates(set: KeySet, keyId: string | undefined): readonly VerificationKey[] {
  return keyId === undefined ? set.keys : set.keys.filter((key) => key.id === keyId)
}

/** The sound keys as a JWKS document again, for a library that wants to read one. */
export function toJwks(set: KeySet): { readonly keys: readonly JsonObject[] } {
  const keys = set.keys.map(({ id, key, algorithms: [algorithm, ...others] }) => ({
    ...key.export({ format: 'jwk' }),
    use: 'sig',
    ...(id === undefined ? {} : { kid: id }),
    ...(others.length > 0 ? {} : { alg: algorithm }),
  }))
  return { keys }
}

function parseKey(entry: JsonObject): VerificationKey | undefined {
  const id = member(entry, 'kid')
  if (id !== undefined && typeof id !== 'string') return undefined
  const use = member(entry, 'use')
  if (use !== undefined && use !== 'sig') return undefined
  const operations = member(entry, 'key_ops')
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify')))
    return undefined
  const key = importKey(entry)
  if (!key) return undefined
  const algorithm = member(entry, 'alg')
  const algorithms = possibleAlgorithms(key).filter((each) => algorithm === undefined || each === algorithm)
  return algorithms.length === 0 ? undefined : { id, key, algorithms }
}

function importKey(entry: JsonObject): KeyObject | undefined {
  const type = member(entry, 'kty')
  if (type !== 'RSA' && type !== 'EC') return undefined
  // Only the public members: an issuer that publishes its private key still gives us nothing to sign with.
  const names = type === 'RSA' ? ['n', 'e'] : ['crv', 'x', 'y']
  const key = Object.fromEntries([['kty', type], ...names.map((name) => [name, member(entry, name)])])
  try {
    return createPublicKey({ key, format: 'jwk' })
  } catch {
    return undefined
  }
}

function possibleAlgorithms(key: KeyObject): readonly string[] {
  const details = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType === 'ec') {
    const algorithm = curveAlgorithms.get(details.namedCurve ?? '')
    return algorithm === undefined ? [] : [algorithm]
  }
  const bits = details.modulusLength ?? 0
  // Below 2048 bits is forgeable (RFC 7518 section 3.3), far above is a way to burn our CPU, exponent 1 signs nothing.
  const sound = bits >= 2048 && bits <= 8192 && (details.publicExponent ?? 0n) >= 3n
  return sound ? rsaAlgorithms : []
}
