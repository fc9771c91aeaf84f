/**
 * Judges a Signature Version 4: first everything that needs no key (scope, time, what was signed, for whom), then the
 * signature itself. Says nothing about whether the access key is known; `authentication/` puts the steps in order.
 */
import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto'
import { canonicalRequest, stringToSign, type ReceivedRequest } from './canonical-request.js'
import { headerValues } from './received-header.js'
import { algorithm, basicTime, type CredentialScope, type SignatureClaim } from './claim.js'
import { signatureRefusal, type SignatureRefusal } from './refusal.js'

export interface SignatureSettings {
  readonly clockSkewSeconds: number
  /** `host` or `host:port`, by which clients may reach this service. */
  readonly publicHosts: readonly string[]
  /** The credential scope's service, e.g. `sts`. */
  readonly service: string
  /** However long a presigned request claims to live, it is honoured for so many seconds. STS: 900. */
  readonly maxPresignedSeconds: number
}

const terminator = 'aws4_request'
const longestExpires = 604_800
const regionPattern = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/
const mismatchMessage =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.'

/** @returns undefined when nothing speaks against looking at the key. */
export function checkClaim(
  claim: SignatureClaim,
  request: ReceivedRequest,
  settings: SignatureSettings,
  now: Date,
): SignatureRefusal | undefined {
  return (
    checkScope(claim, settings) ??
    checkSignedHeaders(claim, request, settings) ??
    checkTime(claim, settings, now)
  )
}

function checkScope(
  { scope, timestamp }: SignatureClaim,
  { service }: SignatureSettings,
): SignatureRefusal | undefined {
  const misplaced =
    (regionPattern.test(scope.region) ? '' : 'Credential should be scoped to a valid region. ') +
    (scope.service === service ? '' : `Credential should be scoped to correct service: '${service}'. `)
  if (misplaced !== '') return mismatch(misplaced, 'sts:scope')
  if (scope.terminator !== terminator)
    return mismatch(`Credential should be scoped with a valid terminator: '${terminator}'`, 'sts:scope')
  const day = timestamp.slice(0, 8)
  if (scope.date !== day) {
    const given = /^\d{8}$/.test(scope.date) ? scope.date : 'not a date'
    return mismatch(
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${given}' != '${day}', from '${timestamp}'.`,
      'sts:date',
    )
  }
  return undefined
}

function checkSignedHeaders(
  { signedHeaders }: SignatureClaim,
  { headers }: ReceivedRequest,
  { publicHosts }: SignatureSettings,
): SignatureRefusal | undefined {
  const reason = 'sts:signed-headers'
  const signed = new Set(signedHeaders)
  if (!signed.has('host'))
    return mismatch("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.", reason)
  const inOrder = signedHeaders.every((name, index) => index === 0 || signedHeaders[index - 1]! < name)
  if (!inOrder || signedHeaders.some((name) => !/^[a-z0-9!#$%&'*+.^_`|~-]+$/.test(name)))
    return mismatch('SignedHeaders must be lower-case names in order, each of them once.', reason)
  const received = new Set(headers.map(([name]) => name))
  if (signedHeaders.some((name) => !received.has(name)))
    return mismatch('A header that was signed did not arrive.', reason)
  const bare = headers.find(([name]) => name.startsWith('x-amz-') && !signed.has(name))
  if (bare !== undefined)
    return mismatch(`'${bare[0]}' must be a 'SignedHeader' in the AWS Authorization.`, reason)
  const [host = ''] = headerValues(headers, 'host')
  // A request that was signed for another service must not work here, nor one signed here work elsewhere.
  return publicHosts.includes(host.toLowerCase())
    ? undefined
    : mismatch('The Host for which this request was signed is not a name of this service. ', 'sts:host')
}

function checkTime(
  claim: SignatureClaim,
  settings: SignatureSettings,
  now: Date,
): SignatureRefusal | undefined {
  const skew = settings.clockSkewSeconds
  let lifeSeconds = skew
  if (claim.place === 'query') {
    const expires = /^\d{1,6}$/.test(claim.expires ?? '') ? Number(claim.expires) : 0
    if (expires < 1 || expires > longestExpires)
      return mismatch(
        `X-Amz-Expires must be a number of seconds from 1 to ${longestExpires}. `,
        'sts:presign',
      )
    lifeSeconds = Math.min(expires, settings.maxPresignedSeconds)
  }
  const signedAt = claim.signedAt.getTime()
  // Instants on the wire have no fraction, so neither has the clock they are compared with.
  const clock = Math.floor(now.getTime() / 1000) * 1000
  if (signedAt + lifeSeconds * 1000 < clock) {
    const earliest = basicTime(new Date(clock - lifeSeconds * 1000))
    return mismatch(
      `Signature expired: ${claim.timestamp} is now earlier than ${earliest} (${basicTime(now)} - ${minutes(lifeSeconds)})`,
      claim.place === 'query' ? 'sts:presign' : 'sts:skew',
    )
  }
  if (signedAt - skew * 1000 > clock) {
    const latest = basicTime(new Date(clock + skew * 1000))
    return mismatch(
      `Signature not yet current: ${claim.timestamp} is still later than ${latest} (${basicTime(now)} + ${minutes(skew)})`,
      'sts:skew',
    )
  }
  return undefined
}

function minutes(seconds: number): string {
  return seconds % 60 === 0 ? `${seconds / 60} min.` : `${seconds} s`
}

/**
 * The last step: recomputes the signature over the request as received and compares in constant time.
 * @param payloadHash hex SHA-256 of the body, computed here and not taken from the request.
 */
export function checkSignature(
  claim: SignatureClaim,
  request: ReceivedRequest,
  payloadHash: string,
  signingKey: KeyObject,
): SignatureRefusal | undefined {
  const [declaredHash] = headerValues(request.headers, 'x-amz-content-sha256')
  const canonical = canonicalRequest(request, claim.signedHeaders, payloadHash)
  if (canonical === undefined) return mismatch(mismatchMessage, 'sts:query')
  const { date, region, service, terminator } = claim.scope
  const text = stringToSign(
    algorithm,
    claim.timestamp,
    `${date}/${region}/${service}/${terminator}`,
    canonical,
  )
  const expected = hmac(signingKey, text)
  const given = /^[0-9a-f]{64}$/.test(claim.signature)
    ? Buffer.from(claim.signature, 'hex')
    : Buffer.alloc(32)
  const matches = timingSafeEqual(given, expected)
  // UNSIGNED-PAYLOAD and STREAMING-… end here too: a body that is not covered could be swapped.
  if (declaredHash !== undefined && declaredHash !== payloadHash)
    return mismatch(mismatchMessage, 'sts:payload')
  return matches ? undefined : mismatch(mismatchMessage, 'sts:signature')
}

/** The key that a secret access key becomes for one day, region and service. */
export function deriveSigningKey(secretAccessKey: string, scope: CredentialScope): KeyObject {
  const dateKey = hmac(`AWS4${secretAccessKey}`, scope.date)
  return createSecretKey(hmac(hmac(hmac(dateKey, scope.region), scope.service), scope.terminator))
}

function hmac(key: string | Buffer | KeyObject, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest()
}

function mismatch(message: string, reason: string): SignatureRefusal {
  return signatureRefusal('SignatureDoesNotMatch', message, reason)
}
