/**
 * Judges a Signature Version 4: first everything that needs no key (scope, time, what was signed, for whom), then the
 * signature itself. Says nothing about whether the access key is known; `authentication/` puts the steps in order.
 */
import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto'
import { canonicalRequest, stringToSign, type ReceivedRequest } from './canonical-request.js'
import { algorithm, type CredentialScope, type SignatureClaim } from './claim.js'
import { isPublicHost, otherSpellings } from './public-host.js'
import type { ResolvedPayload } from './payload.js'
import { mismatchMessage, signatureRefusal, type SignatureRefusal } from './refusal.js'
import { basicTime, parseDateHeader } from './timestamp.js'

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
const ofAmazon = 'x-amz-'
const regionPattern = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/

/** @returns undefined when nothing speaks against looking at the key. */
export function checkClaim(
  claim: SignatureClaim,
  settings: SignatureSettings,
  now: Date,
): SignatureRefusal | undefined {
  return checkScope(claim, settings) ?? checkSignedHeaders(claim, settings) ?? checkTime(claim, settings, now)
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
  { signedHeaders, headers }: SignatureClaim,
  { publicHosts }: SignatureSettings,
): SignatureRefusal | undefined {
  const reason = 'sts:signed-headers'
  let previous = ''
  let ofHost = false
  let ofAws = 0
  for (const name of signedHeaders) {
    if (name <= previous)
      return mismatch('SignedHeaders must be lower-case names in order, each of them once.', reason)
    previous = name
    if (name === 'host' || name === ':authority') ofHost = true
    else if (!headers.values.has(name)) return mismatch('A header that was signed did not arrive.', reason)
    else if (name.startsWith(ofAmazon)) ofAws += 1
  }
  if (!ofHost)
    return mismatch("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.", reason)
  for (const name of headers.values.keys()) if (name.startsWith(ofAmazon)) ofAws -= 1
  if (ofAws < 0) {
    const bare = [...headers.values.keys()].find(
      (name) => name.startsWith(ofAmazon) && !signedHeaders.includes(name),
    )
    return mismatch(`'${bare}' must be a 'SignedHeader' in the AWS Authorization.`, reason)
  }
  // A request that was signed for another service must not work here, nor one signed here work elsewhere.
  return isPublicHost(headers.values.get('host') ?? '', publicHosts)
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
  if (claim.otherDate !== undefined) {
    // An honest Date is of the same moment. Which of two times was meant is not for the receiver to choose.
    const other = parseDateHeader(claim.otherDate)?.getTime()
    if (other === undefined || Math.abs(other - signedAt) > skew * 1000)
      return mismatch(
        'The Date header and the X-Amz-Date of this request are not of the same time.',
        'sts:date',
      )
  }
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
 * The last step: recomputes the signature over the request as received and compares in constant time. Behind a proxy
 * that rewrites Host, the other public names are tried as what was signed.
 */
export function verifySignature(
  claim: SignatureClaim,
  request: ReceivedRequest,
  by: {
    readonly payload: ResolvedPayload
    readonly signingKey: KeyObject
    readonly publicHosts: readonly string[]
  },
): SignatureRefusal | undefined {
  const refusal = checkSignature(claim, request, by.payload.hash, by.signingKey)
  // Looked at after the signature, so that all that is wrong costs the same.
  if (by.payload.refusal !== undefined) return by.payload.refusal
  if (refusal?.reason !== 'sts:signature') return refusal
  const { values } = claim.headers
  for (const host of otherSpellings(values.get('host') ?? '', by.publicHosts)) {
    const headers = { ...claim.headers, values: new Map(values).set('host', host) }
    const wrong = checkSignature({ ...claim, headers }, request, by.payload.hash, by.signingKey)
    if (wrong === undefined) return undefined
  }
  return refusal
}

const hexSignature = /^[0-9a-f]{64}$/
/** As long as one, and none. */
const noSignature = '-'.repeat(64)

/**
 * One recomputation, with the Host that the claim has.
 * @param payloadHash what stands for the body in the canonical request; not compared with a hash that was declared.
 */
export function checkSignature(
  claim: SignatureClaim,
  request: ReceivedRequest,
  payloadHash: string,
  signingKey: KeyObject,
): SignatureRefusal | undefined {
  const canonical = canonicalRequest(request, claim.signedHeaders, payloadHash, claim.headers)
  if (canonical === undefined) return mismatch(mismatchMessage, 'sts:query')
  const { date, region, service, terminator } = claim.scope
  const text = stringToSign(
    algorithm,
    claim.timestamp,
    `${date}/${region}/${service}/${terminator}`,
    canonical,
  )
  const expected = createHmac('sha256', signingKey).update(text).digest('hex')
  const given = hexSignature.test(claim.signature) ? claim.signature : noSignature
  return timingSafeEqual(Buffer.from(given, 'latin1'), Buffer.from(expected, 'latin1'))
    ? undefined
    : mismatch(mismatchMessage, 'sts:signature')
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
