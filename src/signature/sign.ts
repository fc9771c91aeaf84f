/**
 * Signs a request with Signature Version 4, in the Authorization header: the other half of `verification.ts`, for the
 * command line, which is a client.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
import { createHmac } from 'node:crypto'
import { canonicalRequest, sha256Hex, stringToSign } from './canonical-request.js'
import { algorithm } from './claim.js'
import { basicTime } from './timestamp.js'
import { deriveSigningKey } from './verification.js'

export interface SigningCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

export interface RequestToSign {
  readonly method: string
  /** Absolute; path and query are signed as they stand in it. */
  readonly url: URL
  /** Each of them is signed. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** @returns the headers to send; `host` is among them, as HTTP clients derive it from the URL. */
export function signRequest(
  request: RequestToSign,
  credentials: SigningCredentials,
  scope: { readonly region: string; readonly service: string },
  now: Date,
): Readonly<Record<string, string>> {
  const { method, url, body = '' } = request
  const timestamp = basicTime(now)
  const date = timestamp.slice(0, 8)
  const payloadHash = sha256Hex(body)
  const headers: Record<string, string> = {
    ...lowerCased(request.headers ?? {}),
    host: url.host,
    'x-amz-content-sha256': payloadHash,
    'x-amz-date': timestamp,
    ...(credentials.sessionToken === undefined ? {} : { 'x-amz-security-token': credentials.sessionToken }),
  }
  const pairs = Object.entries(headers)
  const signedHeaders = Object.keys(headers).toSorted()
  const received = { method, rawPath: url.pathname, rawQuery: url.search.slice(1), headers: pairs }
  const canonical = canonicalRequest(received, signedHeaders, payloadHash)
  if (canonical === undefined) throw new TypeError('the request holds what cannot be signed')
  const fullScope = { date, ...scope, terminator: 'aws4_request' }
  const scopeText = `${date}/${scope.region}/${scope.service}/${fullScope.terminator}`
  const text = stringToSign(algorithm, timestamp, scopeText, canonical)
  const key = deriveSigningKey(credentials.secretAccessKey, fullScope)
  const signature = createHmac('sha256', key).update(text).digest('hex')
  return {
    ...headers,
    authorization: `${algorithm} Credential=${credentials.accessKeyId}/${scopeText}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`,
  }
}

function lowerCased(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
}
