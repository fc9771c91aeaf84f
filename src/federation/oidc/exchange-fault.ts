/**
 * What openid-client throws, as Faults. Its errors hold whole answers with tokens in them, so only their codes and
 * sentences are kept, for the log.
 */
import { Fault } from '../../fault.js'
import { isJsonObject, member } from './strict-json.js'

const longestDescription = 300

/** Complaints about what was received. Everything else is about reaching the provider: network, time, status, type. */
const contentCodes: ReadonlySet<string> = new Set([
  'OAUTH_INVALID_RESPONSE',
  'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED',
  'OAUTH_JWT_CLAIM_COMPARISON_FAILED',
  'OAUTH_JWT_TIMESTAMP_CHECK_FAILED',
  'OAUTH_KEY_SELECTION_FAILED',
  'OAUTH_PARSE_ERROR',
  'OAUTH_UNSUPPORTED_OPERATION',
])

const claimReasons: Readonly<Record<string, string>> = {
  nonce: 'oidc:nonce',
  sub: 'oidc:userinfo-sub',
  aud: 'jwt:aud',
  azp: 'jwt:azp',
  iss: 'jwt:iss',
  exp: 'jwt:exp',
}

/** @param reasons for when the endpoint says no, and for when its answer does not hold. */
export function toFault(
  error: unknown,
  reasons: { readonly endpoint: string; readonly content: string },
): Fault {
  if (error instanceof Fault) return error
  const code = textAt(error, 'code')
  if (code === 'OAUTH_RESPONSE_BODY_ERROR') return answeredWithError(error, reasons.endpoint)
  const cause = new Error(describeError(code || 'unknown', sentences(error)))
  if (!contentCodes.has(code)) {
    const message = 'the identity provider could not be reached'
    return new Fault('ProviderUnavailable', message, { reason: 'oidc:transport', cause })
  }
  const claim = claimNamedBy(error)
  const reason = (Object.hasOwn(claimReasons, claim) ? claimReasons[claim] : undefined) ?? reasons.content
  if (reason === 'jwt:exp') {
    return new Fault('ExpiredAssertion', 'the answer of the identity provider is too old', { reason, cause })
  }
  const message = 'the answer of the identity provider could not be verified'
  return new Fault('InvalidAssertion', message, { reason, cause })
}

/** For the log. A stranger may have written both: bounded, and without what could forge a line. */
export function describeError(error: string, description: string | null): string {
  const text = `${error}: ${description ?? 'no description'}`
  return text.slice(0, longestDescription).replace(/[^\x20-\x7e]/g, '?')
}

/** RFC 6749 section 5.2. */
function answeredWithError(error: unknown, reason: string): Fault {
  const name = textAt(error, 'error')
  const cause = new Error(describeError(name, textAt(error, 'error_description')))
  return name === 'server_error' || name === 'temporarily_unavailable'
    ? new Fault('ProviderUnavailable', 'the identity provider could not be reached', { reason, cause })
    : new Fault('ProviderRejected', 'the identity provider did not sign you in', { reason, cause })
}

function claimNamedBy(error: unknown): string {
  for (let at = error; isJsonObject(at); at = at.cause) {
    const claim = member(at, 'claim') ?? member(at, 'attribute')
    if (typeof claim === 'string') return claim
  }
  // A claim that is missing is named in the sentence only.
  return /"(\w+)"/.exec(sentences(error))?.[1] ?? ''
}

function sentences(error: unknown): string {
  const found: string[] = []
  for (let at = error; isJsonObject(at); at = at.cause) found.push(textAt(at, 'message'))
  return found.filter((each) => each !== '').join(': ')
}

function textAt(object: unknown, name: string): string {
  const value = isJsonObject(object) ? object[name] : undefined
  return typeof value === 'string' ? value : ''
}
