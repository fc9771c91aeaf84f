import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { canonicalPath, canonicalRequest, sha256Hex } from '../../src/signature/canonical-request.js'
import {
  checkClaim,
  checkSignature as checkWithKey,
  deriveSigningKey,
} from '../../src/signature/verification.js'
import { parseClaim, type SignatureClaim } from '../../src/signature/claim.js'
import { presign, sign, type SignedRequest } from '../support/aws-signer.js'
import { jsonBeside } from '../support/json.js'

interface Vector {
  readonly name: string
  readonly method: string
  readonly rawPath: string
  readonly rawQuery: string
  readonly headers: readonly (readonly [string, string])[]
  readonly signedHeaders: string
  readonly body: string
  readonly canonicalRequestHash: string
  readonly signature: string
}

const published = jsonBeside<{ secretAccessKey: string; vectors: Vector[] }>(
  import.meta.url,
  'signature-vectors.json',
)
const now = new Date('2026-01-02T03:04:05Z')
const settings = {
  clockSkewSeconds: 900,
  publicHosts: ['sts.example.test'],
  service: 'sts',
  maxPresignedSeconds: 900,
}

/** As a server that has only what arrived: the claim is read from it anew. */
function checkSignature(request: SignedRequest, secretAccessKey: string) {
  const parsed = parseClaim(request)
  if (parsed.type !== 'claim') return parsed.type === 'refused' ? parsed.refusal : { code: 'none' }
  const { claim } = parsed
  const key = deriveSigningKey(secretAccessKey, claim.scope)
  return checkWithKey(claim, request, sha256Hex(request.body), key)
}

function claimOf(request: SignedRequest): SignatureClaim {
  const parsed = parseClaim(request)
  if (parsed.type !== 'claim') throw new Error(JSON.stringify(parsed))
  return parsed.claim
}

function withSignature(vector: Vector): SignedRequest {
  const body = Buffer.from(vector.body)
  if (vector.rawQuery !== '')
    return { ...vector, body, rawQuery: `${vector.rawQuery}&X-Amz-Signature=${vector.signature}` }
  const scope = 'AKIAIOSFODNN7EXAMPLE/20260102/eu-central-1/sts/aws4_request'
  const authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=${vector.signedHeaders}, Signature=${vector.signature}`
  return { ...vector, body, headers: [...vector.headers, ['authorization', authorization]] }
}

describe('Signature Version 4, published vectors', () => {
  it.each(published.vectors)('$name', (vector) => {
    const request = withSignature(vector)
    const canonical = canonicalRequest(request, vector.signedHeaders.split(';'), sha256Hex(vector.body))
    expect(sha256Hex(canonical ?? '')).toBe(vector.canonicalRequestHash)
    const claim = claimOf(request)
    expect(checkClaim(claim, settings, now)).toBeUndefined()
    expect(checkSignature(request, published.secretAccessKey)).toBeUndefined()
    expect(checkSignature(request, `${published.secretAccessKey}x`)?.code).toBe('SignatureDoesNotMatch')
  })
})

describe('Signature Version 4, requests that the AWS signer signed', () => {
  const credentials = {
    accessKeyId: 'ASIARZPUZDIKAAAAAAAA',
    secretAccessKey: 'secret',
    sessionToken: 'a/b+c==',
  }
  const text = fc.string({ unit: 'grapheme', maxLength: 12 })
  const segment = fc.string({
    unit: fc.constantFrom(...Array.from("aZ09-_.~ %*()!'$&+,;=:@é")),
    minLength: 1,
    maxLength: 6,
  })
  const paths = fc
    .tuple(fc.array(fc.oneof(segment, fc.constantFrom('.', '..', '')), { maxLength: 5 }), fc.boolean())
    .map(([segments, slash]) => `/${segments.map(encodeURIComponent).join('/')}${slash ? '/' : ''}`)
  // The signer under comparison loses a parameter of this name; that is its affair.
  const name = text.filter((candidate) => candidate !== '__proto__')
  const queries = fc.dictionary(name, text, { maxKeys: 5 })
  const headers = fc.dictionary(
    fc.stringMatching(/^x-test-[a-z0-9]{1,8}$/),
    fc.stringMatching(/^[!-~][ -~]{0,20}[!-~]$/),
    { maxKeys: 4 },
  )

  it('verify, whatever their path, query, headers and body', async () => {
    await fc.assert(
      fc.asyncProperty(paths, queries, headers, text, async (path, query, extra, body) => {
        const request = await sign(credentials, { path, query, headers: extra, body }, now)
        const claim = claimOf(request)
        expect(checkClaim(claim, settings, now)).toBeUndefined()
        expect(checkSignature(request, credentials.secretAccessKey)).toBeUndefined()
      }),
      { numRuns: 200 },
    )
  })

  it('verify when presigned', async () => {
    await fc.assert(
      fc.asyncProperty(paths, queries, async (path, query) => {
        const request = await presign(credentials, { path, query }, now)
        const claim = claimOf(request)
        expect(claim.sessionToken).toBe(credentials.sessionToken)
        expect(checkClaim(claim, settings, now)).toBeUndefined()
        expect(checkSignature(request, credentials.secretAccessKey)).toBeUndefined()
      }),
      { numRuns: 100 },
    )
  })

  it('do not verify after any change to method, path, query, a signed header or the body', async () => {
    const request = await sign(credentials, { path: '/sts/', query: { a: '1' }, body: 'b=2' }, now)
    const changed: readonly Partial<SignedRequest>[] = [
      { method: 'GET' },
      { rawPath: '/sts' },
      { rawPath: '/' },
      { rawQuery: 'a=2' },
      { rawQuery: 'a=1&b=2' },
      { rawQuery: '' },
      { rawQuery: 'a=%zz' },
      { body: Buffer.from('b=3') },
      { body: Buffer.alloc(0) },
      {
        headers: request.headers.map(([name, value]) => [
          name,
          name === 'content-type' ? 'text/plain' : value,
        ]),
      },
    ]
    for (const change of changed)
      expect(checkSignature({ ...request, ...change }, credentials.secretAccessKey)).toMatchObject({
        code: 'SignatureDoesNotMatch',
      })
  })
})

describe('the canonical path', () => {
  it.each([
    ['', '/'],
    ['/', '/'],
    ['//', '/'],
    ['/sts', '/sts'],
    ['/sts/', '/sts/'],
    ['/a/./b/../c//d', '/a/c/d'],
    ['/../..', '/'],
    ['/a%20b', '/a%2520b'],
    ['/%2F', '/%252F'],
  ])('%j is %j', (rawPath, canonical) => {
    expect(canonicalPath(rawPath)).toBe(canonical)
  })
})
