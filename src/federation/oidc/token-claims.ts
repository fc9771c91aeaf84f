/**
 * The rules that every token's claims must pass once its signature holds: subject, audience and times. The library
 * that verifies signatures takes a missing or infinite `exp`, a future `iat` and any `azp`, so all of it is here.
 */
import { Fault } from '../../fault.js'
import { isProviderSession } from '../provider-session.js'
import { member, type JsonObject } from './strict-json.js'

export interface Expectations {
  /** Accepted audiences, compared character for character. */
  readonly audiences: readonly string[]
  /** How long ago the token may have been issued. */
  readonly maxAgeSeconds: number
  readonly clockSkewSeconds: number
  readonly now: Date
}

export interface CheckedClaims {
  readonly claims: JsonObject
  readonly subject: string
  /** The one accepted audience this was said to: `azp` when present, as at AWS. */
  readonly audience: string
  readonly issuedAt: Date
}

const longestLifetimeSeconds = 31 * 86_400
const longestSubject = 1_024

/** @throws {Fault} `InvalidAssertion` or `ExpiredAssertion`, reasons `jwt:sub`, `jwt:aud`, `jwt:azp`, `jwt:exp`, `jwt:iat`, `jwt:typ`. */
export function checkClaims(claims: JsonObject, expected: Expectations): CheckedClaims {
  checkPurpose(claims)
  const issuedAt = checkTimes(claims, expected)
  return {
    claims,
    subject: checkSubject(claims),
    audience: checkAudience(claims, expected.audiences),
    issuedAt,
  }
}

// Logout and security event tokens carry `events`; Keycloak's access tokens carry `typ: Bearer` among the claims.
function checkPurpose(claims: JsonObject): void {
  const type = member(claims, 'typ')
  const other = type !== undefined && !(typeof type === 'string' && /^(?:id|jwt)$/i.test(type))
  if (other || Object.hasOwn(claims, 'events')) throw invalid('the token is not an ID token', 'jwt:typ')
}

/** @throws {Fault} `InvalidAssertion`, reason `jwt:sub`. */
export function checkSubject(claims: JsonObject): string {
  const subject = member(claims, 'sub')
  if (typeof subject === 'string' && subject !== '' && subject.length <= longestSubject) return subject
  throw invalid('the token has no usable subject', 'jwt:sub')
}

/**
 * `sid`, when there is one. A session that cannot be named could not be ended by its name.
 * @throws {Fault} `InvalidAssertion`, reason `jwt:sid`.
 */
export function checkProviderSession(claims: JsonObject): string | undefined {
  const session = member(claims, 'sid')
  if (session === undefined || isProviderSession(session)) return session
  throw invalid('the token has no usable session id', 'jwt:sid')
}

/**
 * @returns the one accepted audience that is meant.
 * @throws {Fault} `InvalidAssertion`, reason `jwt:aud` or `jwt:azp`.
 */
export function checkAudience(claims: JsonObject, accepted: readonly string[]): string {
  const audience = member(claims, 'aud')
  const named: readonly unknown[] = Array.isArray(audience) ? audience : [audience]
  const ours = named.find((each) => typeof each === 'string' && each !== '' && accepted.includes(each))
  if (typeof ours !== 'string' || !named.every((each) => typeof each === 'string')) {
    throw invalid('Incorrect token audience', 'jwt:aud')
  }
  const party = member(claims, 'azp')
  if (typeof party === 'string' && accepted.includes(party)) return party
  // Said to us and to a stranger: only `azp` can tell that it was minted for us (OpenID Connect Core section 3.1.3.7).
  const saidToOthers = named.some((each) => !accepted.includes(each))
  if (party !== undefined || saidToOthers) throw invalid('Incorrect token audience', 'jwt:azp')
  return ours
}

/**
 * @returns the time of issue.
 * @throws {Fault} `InvalidAssertion` or `ExpiredAssertion`, reason `jwt:exp` or `jwt:iat`.
 */
export function checkTimes(claims: JsonObject, expected: Omit<Expectations, 'audiences'>): Date {
  const now = Math.floor(expected.now.getTime() / 1000)
  const skew = expected.clockSkewSeconds
  const expiresAt = wholeSeconds(member(claims, 'exp'))
  if (expiresAt === undefined) throw invalid('the token has no usable expiration time', 'jwt:exp')
  if (now >= expiresAt + skew) {
    const message = `Token expired: current date/time ${now} must be before the expiration date/time ${expiresAt}`
    throw new Fault('ExpiredAssertion', message, { reason: 'jwt:exp' })
  }
  const issuedAt = wholeSeconds(member(claims, 'iat'))
  if (issuedAt === undefined) throw invalid('the token has no usable time of issue', 'jwt:iat')
  if (issuedAt > now + skew) throw invalid('the token is from the future', 'jwt:iat')
  if (expiresAt - issuedAt > longestLifetimeSeconds) throw invalid('the token lives too long', 'jwt:exp')
  if (now - issuedAt > expected.maxAgeSeconds + skew) throw invalid('the token is too old', 'jwt:iat')
  const notBefore = member(claims, 'nbf')
  if (notBefore !== undefined && (wholeSeconds(notBefore) ?? Infinity) > now + skew) {
    throw invalid('the token is not valid yet', 'jwt:iat')
  }
  return new Date(issuedAt * 1000)
}

function wholeSeconds(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

function invalid(message: string, reason: string): Fault {
  return new Fault('InvalidAssertion', message, { reason })
}
