/**
 * A compact JWT taken apart before any cryptography: size, encoding, header and payload syntax, and the header
 * parameters that would let a token bring its own key or change how it is read. Nothing here is a proof; whoever
 * holds a CompactToken knows only that it is well formed. Signatures are in signature.ts, claims in verify-token.ts.
 */
import { Fault } from '../../fault.js'
import { member, parseStrictObject, type JsonObject } from './strict-json.js'

export interface CompactToken {
  /** Without surrounding white space, exactly three canonical base64url segments. */
  readonly text: string
  readonly algorithm: string
  readonly keyId: string | undefined
  /** Not verified. */
  readonly claims: JsonObject
}

/** What the STS wire allows for a web identity token. */
const maximumWireBytes = 20_000
const notAJwt =
  'The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)'

const plainTypes = /^(?:application\/)?jwt$/i

/** Header parameters that carry keys, fetch keys, or change what is signed (RFC 7515 section 4.1, RFC 7797, RFC 7516). */
const refusedParameters = ['jwk', 'jku', 'x5u', 'x5c', 'crit', 'b64', 'zip']

/**
 * @param token as received; a file's trailing newline is trimmed, nothing else is repaired.
 * @param limits.types which `typ` may stand in the header, if one does; by default that of plain JWTs.
 * @throws {Fault} `InvalidAssertion` with reason `jwt:size`, `jwt:format`, `jwt:header`, `jwt:alg`, `jwt:kid` or `jwt:typ`.
 */
export function parseCompactToken(
  token: string,
  limits: { readonly maximumBytes?: number; readonly types?: RegExp } = {},
): CompactToken {
  const { maximumBytes = maximumWireBytes, types = plainTypes } = limits
  if (token.length > maximumBytes) throw malformed('jwt:size')
  const text = token.trim()
  const segments = text.split('.')
  const header = parseSegment(segments[0])
  if (!header) throw malformed('jwt:format')
  if (refusedParameters.some((name) => Object.hasOwn(header, name))) throw malformed('jwt:header')

  const algorithm = member(header, 'alg')
  if (typeof algorithm === 'string' && algorithm.startsWith('PBES2')) throw malformed('jwt:alg')
  if (segments.length !== 3 || !segments.every(isCanonicalBase64Url)) throw malformed('jwt:format')
  if (typeof algorithm !== 'string') throw malformed('jwt:alg')
  if (Object.hasOwn(header, 'cty')) throw malformed('jwt:format')
  checkType(member(header, 'typ'), types)

  const claims = parseSegment(segments[1])
  if (!claims) throw malformed('jwt:format')
  return { text, algorithm, keyId: parseKeyId(member(header, 'kid')), claims }
}

// An access token, logout token or DPoP proof of the same issuer must not pass for an ID token (RFC 8725 section 3.11).
function checkType(type: unknown, types: RegExp): void {
  if (type === undefined) return
  if (typeof type !== 'string' || !types.test(type)) throw malformed('jwt:typ')
}

function parseKeyId(keyId: unknown): string | undefined {
  if (keyId === undefined) return undefined
  if (typeof keyId !== 'string' || !/^[\x20-\x7e]{1,256}$/.test(keyId)) throw malformed('jwt:kid')
  return keyId
}

function parseSegment(segment: string | undefined): JsonObject | undefined {
  if (segment === undefined || !isCanonicalBase64Url(segment)) return undefined
  const bytes = Buffer.from(segment, 'base64url')
  const text = bytes.toString('utf8')
  // Bytes that are not UTF-8 come back changed.
  return Buffer.from(text, 'utf8').equals(bytes) ? parseStrictObject(text) : undefined
}

function isCanonicalBase64Url(segment: string): boolean {
  return Buffer.from(segment, 'base64url').toString('base64url') === segment
}

function malformed(reason: string): Fault {
  return new Fault('InvalidAssertion', notAJwt, { reason })
}
