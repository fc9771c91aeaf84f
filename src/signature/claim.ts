/**
 * Reads what a request claims about its Signature Version 4, from the Authorization header or from a presigned
 * query, and never from both. Proves nothing: `verification.ts` does.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html
 */
import type { ReceivedRequest } from './canonical-request.js'
import { sha256Base64, headerValues } from './received-header.js'
import { decode } from './percent-decoding.js'
import { signatureRefusal, type SignatureRefusal } from './refusal.js'

export interface SignatureClaim {
  readonly place: 'header' | 'query'
  readonly accessKeyId: string
  readonly scope: CredentialScope
  readonly signedHeaders: readonly string[]
  readonly signature: string
  /** `YYYYMMDDTHHMMSSZ`, as it was signed. */
  readonly timestamp: string
  readonly signedAt: Date
  readonly sessionToken?: string
  /** As sent with a presigned request; not yet a number. */
  readonly expires?: string
}

export interface CredentialScope {
  /** `YYYYMMDD` */
  readonly date: string
  readonly region: string
  readonly service: string
  readonly terminator: string
}

export type ParsedClaim =
  | { readonly type: 'none' }
  | { readonly type: 'refused'; readonly refusal: SignatureRefusal }
  | { readonly type: 'claim'; readonly claim: SignatureClaim }

export const algorithm = 'AWS4-HMAC-SHA256'

const queryParameters = [
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Date',
  'X-Amz-Expires',
  'X-Amz-SignedHeaders',
  'X-Amz-Signature',
  'X-Amz-Security-Token',
] as const
const canonicalNames = new Map<string, string>(queryParameters.map((name) => [name.toLowerCase(), name]))
/** Headers that decide something; a second one could be the one that somebody else read. */
const singleHeaders = [
  'authorization',
  'host',
  'date',
  'x-amz-date',
  'x-amz-security-token',
  'x-amz-content-sha256',
  'content-type',
]

export function parseClaim(request: ReceivedRequest): ParsedClaim {
  const repeated = singleHeaders.find((name) => headerValues(request.headers, name).length > 1)
  if (repeated !== undefined)
    return incomplete(`The header '${repeated}' was sent twice.`, 'sts:duplicate-header')
  const query = queryClaims(request.rawQuery)
  if (query === undefined)
    return incomplete(
      'An X-Amz parameter was sent twice, or with other letter case.',
      'sts:duplicate-parameter',
    )
  const [authorization] = headerValues(request.headers, 'authorization')
  if (authorization === undefined) return query.size === 0 ? { type: 'none' } : fromQuery(request, query)
  if (query.size > 0)
    return incomplete('Authentication parameters were sent in the query and in a header.', 'sts:auth-place')
  return fromHeader(request, authorization)
}

/** @returns undefined for repeats and for names that differ from the real ones in case only. */
function queryClaims(rawQuery: string): ReadonlyMap<string, string> | undefined {
  const found = new Map<string, string>()
  if (!/x-amz-/i.test(rawQuery) && !rawQuery.includes('%')) return found
  for (const part of rawQuery.split('&')) {
    const equals = part.indexOf('=')
    const name = decode(equals < 0 ? part : part.slice(0, equals)) ?? ''
    const canonical = canonicalNames.get(name.toLowerCase())
    if (canonical === undefined) continue
    if (canonical !== name || found.has(name)) return undefined
    found.set(name, equals < 0 ? '' : (decode(part.slice(equals + 1)) ?? ''))
  }
  return found
}

function fromHeader(request: ReceivedRequest, authorization: string): ParsedClaim {
  const blank = authorization.search(/\s/)
  const scheme = blank < 0 ? authorization : authorization.slice(0, blank)
  if (!/^AWS/i.test(scheme)) return { type: 'none' }
  if (scheme !== algorithm) return unsupported(scheme)

  const echo = `(Hashed with SHA-256 and encoded with Base64) Authorization=${sha256Base64(authorization)}`
  const parts = new Map<string, string>()
  for (const part of blank < 0 ? [] : authorization.slice(blank).split(',')) {
    const text = part.trim()
    const equals = text.indexOf('=')
    if (equals < 0) {
      if (text === '') continue
      return incomplete(
        `Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '${sha256Base64(text)}'.`,
        'sts:authorization',
      )
    }
    const name = text.slice(0, equals)
    if (!['Credential', 'SignedHeaders', 'Signature'].includes(name) || parts.has(name))
      return incomplete(
        `Authorization header has a parameter that is unknown or repeated. ${echo}`,
        'sts:authorization',
      )
    parts.set(name, text.slice(equals + 1))
  }
  const credential = parts.get('Credential')
  const signedHeaders = parts.get('SignedHeaders')
  const signature = parts.get('Signature')
  const [amzDate] = headerValues(request.headers, 'x-amz-date')
  const dateHeader = amzDate === undefined ? 'date' : 'x-amz-date'
  const timestamp = amzDate ?? headerValues(request.headers, 'date')[0]
  if (
    credential === undefined ||
    signature === undefined ||
    signedHeaders === undefined ||
    timestamp === undefined
  ) {
    const missing = [
      credential === undefined ? "Authorization header requires 'Credential' parameter. " : '',
      signature === undefined ? "Authorization header requires 'Signature' parameter. " : '',
      signedHeaders === undefined ? "Authorization header requires 'SignedHeaders' parameter. " : '',
      timestamp === undefined
        ? "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
        : '',
    ].join('')
    return incomplete(`${missing}${echo}`, 'sts:authorization')
  }
  if (!signedHeaders.split(';').includes(dateHeader))
    return mismatch(`'${dateHeader}' must be a 'SignedHeader' in the AWS Authorization.`, 'sts:date')
  const [sessionToken] = headerValues(request.headers, 'x-amz-security-token')
  return claimOf('header', credential, timestamp, {
    signedHeaders: signedHeaders.split(';'),
    signature,
    ...(sessionToken === undefined ? {} : { sessionToken }),
  })
}

function fromQuery(request: ReceivedRequest, query: ReadonlyMap<string, string>): ParsedClaim {
  if (['x-amz-date', 'x-amz-security-token'].some((name) => headerValues(request.headers, name).length > 0))
    return incomplete('Authentication parameters were sent in the query and in a header.', 'sts:auth-place')
  const missing = [
    'X-Amz-Algorithm',
    'X-Amz-Credential',
    'X-Amz-Signature',
    'X-Amz-SignedHeaders',
    'X-Amz-Date',
    'X-Amz-Expires',
  ]
    .filter((name) => !query.has(name))
    .map((name) => `AWS query-string parameters must include '${name}'. `)
  if (missing.length > 0)
    return incomplete(`${missing.join('')}Re-examine the query-string parameters.`, 'sts:auth-place')
  const given = query.get('X-Amz-Algorithm')!
  if (given !== algorithm) return unsupported(given)
  const sessionToken = query.get('X-Amz-Security-Token')
  return claimOf('query', query.get('X-Amz-Credential')!, query.get('X-Amz-Date')!, {
    signedHeaders: query.get('X-Amz-SignedHeaders')!.split(';'),
    signature: query.get('X-Amz-Signature')!,
    expires: query.get('X-Amz-Expires')!,
    ...(sessionToken === undefined ? {} : { sessionToken }),
  })
}

function claimOf(
  place: SignatureClaim['place'],
  credential: string,
  timestamp: string,
  rest: Pick<SignatureClaim, 'signedHeaders' | 'signature' | 'sessionToken' | 'expires'>,
): ParsedClaim {
  const elements = credential.split('/')
  const [accessKeyId, date, region, service, terminator] = elements
  if (
    elements.length !== 5 ||
    accessKeyId === undefined ||
    date === undefined ||
    region === undefined ||
    service === undefined ||
    terminator === undefined
  ) {
    return incomplete(
      `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${cut(credential)}'`,
      'sts:scope',
    )
  }
  const signedAt = parseBasicTime(timestamp)
  if (signedAt === undefined) {
    return incomplete(
      `Date must be in ISO-8601 'basic format'. Got '${cut(timestamp)}'. See http://en.wikipedia.org/wiki/ISO_8601`,
      'sts:date',
    )
  }
  const scope = { date, region, service, terminator }
  return { type: 'claim', claim: { place, accessKeyId, scope, timestamp, signedAt, ...rest } }
}

/** `20260102T030405Z`; undefined for anything else, the 30th of February included. */
function parseBasicTime(text: string): Date | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text)
  if (match === null) return undefined
  const [, year, month, day, hour, minute, second] = match
  const instant = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  return Number.isNaN(instant.getTime()) || basicTime(instant) !== text ? undefined : instant
}

export function basicTime(instant: Date): string {
  return `${instant.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`
}

function cut(text: string): string {
  return text.length > 128 ? `${text.slice(0, 128)}…` : text
}

function unsupported(given: string): ParsedClaim {
  return incomplete(`Unsupported AWS 'algorithm': '${cut(given)}'.`, 'sts:algorithm')
}

function incomplete(message: string, reason: string): ParsedClaim {
  return { type: 'refused', refusal: signatureRefusal('IncompleteSignature', message, reason) }
}

function mismatch(message: string, reason: string): ParsedClaim {
  return { type: 'refused', refusal: signatureRefusal('SignatureDoesNotMatch', message, reason) }
}
