/**
 * The canonical request and the string to sign of Signature Version 4, from the request exactly as it was received.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { hash } from 'node:crypto'
import { decode } from './percent-decoding.js'
import { indexHeaders, oneBlankEach, type HeaderIndex } from './received-header.js'

/** What a signature covers, beside the body, of which only the hash is signed. */
export interface ReceivedRequest {
  readonly method: string
  /** Still percent-encoded, without the query. */
  readonly rawPath: string
  /** Without `?`. */
  readonly rawQuery: string
  /** Lower-case names, wire order, repeats kept. */
  readonly headers: readonly (readonly [name: string, value: string])[]
}

/**
 * @param headers the request's own, if they are at hand already.
 * @returns undefined when the query cannot be decoded, path or query is not ASCII or the method is none, so that no
 * signature can be right.
 */
export function canonicalRequest(
  request: ReceivedRequest,
  signedHeaders: readonly string[],
  payloadHash: string,
  headers: HeaderIndex = indexHeaders(request.headers),
): string | undefined {
  const query = canonicalQuery(request.rawQuery)
  if (query === undefined || beyondAscii.test(request.rawPath) || !token.test(request.method))
    return undefined
  let lines = ''
  for (const name of signedHeaders) lines += `${name}:${oneBlankEach(valueOf(headers, name) ?? '')}\n`
  return `${request.method}\n${canonicalPath(request.rawPath)}\n${query}\n${lines}\n${signedHeaders.join(';')}\n${payloadHash}`
}

/** HTTP/2 clients may sign `:authority`, which arrives as the `host` that it stands for (RFC 9113 section 8.3.1). */
export function valueOf({ values }: HeaderIndex, name: string): string | undefined {
  return values.get(name) ?? (name === ':authority' ? values.get('host') : undefined)
}

export function stringToSign(algorithm: string, timestamp: string, scope: string, canonical: string): string {
  return `${algorithm}\n${timestamp}\n${scope}\n${sha256Hex(canonical)}`
}

export function sha256Hex(data: string | Buffer): string {
  return hash('sha256', data, 'hex')
}

/** Dot segments and empty segments go, then what was percent-encoded already is encoded once more. */
export function canonicalPath(rawPath: string): string {
  if (rawPath === '/' || rawPath === '') return '/'
  const segments: string[] = []
  for (const segment of rawPath.split('/')) {
    if (segment === '' || segment === '.') continue
    if (segment === '..') segments.pop()
    else segments.push(encodeRfc3986(segment))
  }
  const trailing = segments.length > 0 && rawPath.endsWith('/') ? '/' : ''
  return `/${segments.join('/')}${trailing}`
}

/** Sorted by encoded name, then by encoded value. `X-Amz-Signature` cannot have signed itself. */
function canonicalQuery(rawQuery: string): string | undefined {
  if (rawQuery === '') return ''
  if (beyondAscii.test(rawQuery)) return undefined
  const pairs: (readonly [name: string, value: string])[] = []
  for (const part of rawQuery.split('&')) {
    if (part === '') continue
    const equals = part.indexOf('=')
    const name = decode(equals < 0 ? part : part.slice(0, equals))
    const value = equals < 0 ? '' : decode(part.slice(equals + 1))
    if (name === undefined || value === undefined) return undefined
    if (name !== 'X-Amz-Signature') pairs.push([encodeRfc3986(name), encodeRfc3986(value)])
  }
  return pairs
    .sort(([name, value], [otherName, otherValue]) => compare(name, otherName) || compare(value, otherValue))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

const token = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/
const beyondAscii = /[\u0080-\uffff]/
const unreserved = /^[A-Za-z0-9_.~-]*$/

/** RFC 3986 section 2.1, upper-case digits. */
function encodeRfc3986(text: string): string {
  if (unreserved.test(text)) return text
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

/** Encoded text is ASCII, so comparing UTF-16 units is comparing bytes. */
function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}
