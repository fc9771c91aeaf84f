/**
 * Reads what a request claims about its Signature Version 4, from the Authorization header or from a presigned
 * query, and never from both. Proves nothing: `verification.ts` does.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html
 */
import type { ReceivedRequest } from './canonical-request.js'
import { sha256Base64, indexHeaders, type HeaderIndex } from './received-header.js'
import { decode } from './percent-decoding.js'
import { signatureRefusal, type SignatureRefusal } from './refusal.js'
import { basicTime, parseBasicTime, parseDateHeader } from './timestamp.js'

export interface SignatureClaim {
  readonly place: 'header' | 'query'
  readonly accessKeyId: string
  readonly scope: CredentialScope
  readonly signedHeaders: readonly string[]
  readonly signature: string
  /** `YYYYMMDDTHHMMSSZ`, as it was signed. */
  readonly timestamp: string
  readonly signedAt: Date
  /** What a Date header says beside the time that was signed. */
  readonly otherDate: string | undefined
  readonly sessionToken: string | undefined
  /** As sent with a presigned request; not yet a number. */
  readonly expires: string | undefined
  /** `x-amz-content-sha256`, or the parameter of that name of a presigned request. */
  readonly declaredHash: string | undefined
  /** Of the request that makes this claim. */
  readonly headers: HeaderIndex
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

const requiredParameters = [
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Signature',
  'X-Amz-SignedHeaders',
  'X-Amz-Date',
  'X-Amz-Expires',
] as const
const canonicalNames = new Map<string, string>(
  [...requiredParameters, 'X-Amz-Security-Token', 'X-Amz-Content-Sha256'].map((name) => [
    name.toLowerCase(),
    name,
  ]),
)
/** Headers that decide something; a second one could be the one that somebody else read. */
const singleHeaders = new Set([
  'authorization',
  'host',
  'date',
  'x-amz-date',
  'x-amz-security-token',
  'x-amz-content-sha256',
  'content-type',
])

export function parseClaim(request: ReceivedRequest): ParsedClaim {
  const headers = indexHeaders(request.headers)
  const repeated = headers.repeated.find((name) => singleHeaders.has(name))
  if (repeated !== undefined)
    return incomplete(`The header '${repeated}' was sent twice.`, 'sts:duplicate-header')
  const query = queryClaims(request.rawQuery)
  if (query === undefined)
    return incomplete(
      'An X-Amz parameter was sent twice, or with other letter case.',
      'sts:duplicate-parameter',
    )
  const authorization = headers.values.get('authorization')
  if (authorization === undefined) return query.size === 0 ? { type: 'none' } : fromQuery(headers, query)
  if (query.size > 0)
    return incomplete('Authentication parameters were sent in the query and in a header.', 'sts:auth-place')
  return fromHeader(headers, authorization)
}

const noClaims: ReadonlyMap<string, string> = new Map()

/** @returns undefined for repeats and for names that differ from the real ones in case only. */
function queryClaims(rawQuery: string): ReadonlyMap<string, string> | undefined {
  if (rawQuery === '' || (!/x-amz-/i.test(rawQuery) && !rawQuery.includes('%'))) return noClaims
  const found = new Map<string, string>()
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

function fromHeader(headers: HeaderIndex, authorization: string): ParsedClaim {
  const blank = authorization.search(/\s/)
  const scheme = blank < 0 ? authorization : authorization.slice(0, blank)
  if (scheme !== algorithm) return /^AWS/i.test(scheme) ? unsupported(scheme) : { type: 'none' }

  let credential: string | undefined
  let signedHeaders: string | undefined
  let signature: string | undefined
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
    const value = text.slice(equals + 1)
    if (name === 'Credential' && credential === undefined) credential = value
    else if (name === 'SignedHeaders' && signedHeaders === undefined) signedHeaders = value
    else if (name === 'Signature' && signature === undefined) signature = value
    else
      return incomplete(
        `Authorization header has a parameter that is unknown or repeated. ${echoOf(authorization)}`,
        'sts:authorization',
      )
  }
  const amzDate = headers.values.get('x-amz-date')
  const date = headers.values.get('date')
  const signedDate = amzDate ?? date
  if (
    credential === undefined ||
    signature === undefined ||
    signedHeaders === undefined ||
    signedDate === undefined
  ) {
    const missing = [
      credential === undefined ? "Authorization header requires 'Credential' parameter. " : '',
      signature === undefined ? "Authorization header requires 'Signature' parameter. " : '',
      signedHeaders === undefined ? "Authorization header requires 'SignedHeaders' parameter. " : '',
      signedDate === undefined
        ? "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
        : '',
    ].join('')
    return incomplete(`${missing}${echoOf(authorization)}`, 'sts:authorization')
  }
  const names = signedHeaders.split(';')
  const dateHeader = amzDate === undefined ? 'date' : 'x-amz-date'
  if (!names.includes(dateHeader))
    return mismatch(`'${dateHeader}' must be a 'SignedHeader' in the AWS Authorization.`, 'sts:date')
  return claimOf('header', credential, signedDate, {
    signedHeaders: names,
    signature,
    headers,
    sessionToken: headers.values.get('x-amz-security-token'),
    declaredHash: headers.values.get('x-amz-content-sha256'),
    otherDate: amzDate === undefined ? undefined : date,
    expires: undefined,
  })
}

function fromQuery(headers: HeaderIndex, query: ReadonlyMap<string, string>): ParsedClaim {
  if (headers.values.has('x-amz-date') || headers.values.has('x-amz-security-token'))
    return incomplete('Authentication parameters were sent in the query and in a header.', 'sts:auth-place')
  const missing = requiredParameters
    .filter((name) => !query.has(name))
    .map((name) => `AWS query-string parameters must include '${name}'. `)
  if (missing.length > 0)
    return incomplete(`${missing.join('')}Re-examine the query-string parameters.`, 'sts:auth-place')
  const parameter = (name: (typeof requiredParameters)[number]): string => query.get(name) ?? ''
  if (parameter('X-Amz-Algorithm') !== algorithm) return unsupported(parameter('X-Amz-Algorithm'))
  const inHeader = headers.values.get('x-amz-content-sha256')
  const inQuery = query.get('X-Amz-Content-Sha256')
  if (inHeader !== undefined && inQuery !== undefined)
    return incomplete('The hash of the payload was sent in the query and in a header.', 'sts:payload')
  return claimOf('query', parameter('X-Amz-Credential'), parameter('X-Amz-Date'), {
    signedHeaders: parameter('X-Amz-SignedHeaders').split(';'),
    signature: parameter('X-Amz-Signature'),
    expires: parameter('X-Amz-Expires'),
    headers,
    sessionToken: query.get('X-Amz-Security-Token'),
    declaredHash: inHeader ?? inQuery,
    otherDate: headers.values.get('date'),
  })
}

function claimOf(
  place: SignatureClaim['place'],
  credential: string,
  signedDate: string,
  rest: Omit<SignatureClaim, 'place' | 'accessKeyId' | 'scope' | 'timestamp' | 'signedAt'>,
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
  const fromDateHeader = place === 'header' && !rest.headers.values.has('x-amz-date')
  const signedAt = fromDateHeader ? parseDateHeader(signedDate) : parseBasicTime(signedDate)
  if (signedAt === undefined) {
    return incomplete(
      `Date must be in ISO-8601 'basic format'. Got '${cut(signedDate)}'. See http://en.wikipedia.org/wiki/ISO_8601`,
      'sts:date',
    )
  }
  const scope = { date, region, service, terminator }
  const timestamp = fromDateHeader ? basicTime(signedAt) : signedDate
  const { signedHeaders, signature, otherDate, sessionToken, expires, declaredHash, headers } = rest
  return {
    type: 'claim',
    claim: {
      place,
      accessKeyId,
      scope,
      signedHeaders,
      signature,
      timestamp,
      signedAt,
      otherDate,
      sessionToken,
      expires,
      declaredHash,
      headers,
    },
  }
}

function echoOf(authorization: string): string {
  return `(Hashed with SHA-256 and encoded with Base64) Authorization=${sha256Base64(authorization)}`
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
