/**
 * Signature Version 4 over the shapes of the suite that AWS published, and over our own corners. What AWS's own signer
 * signs is made at test time; what arrives is the same request as other clients would write it.
 */
import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { canonicalRequest, sha256Hex, type ReceivedRequest } from '../../src/signature/canonical-request.js'
import { parseClaim } from '../../src/signature/claim.js'
import { checkClaim, checkSignature, deriveSigningKey } from '../../src/signature/verification.js'
import { jsonBeside } from '../support/json.js'
import { signAndShow, type Shown } from './showing-signer.js'

type Pairs = readonly (readonly [name: string, value: string])[]

interface Shape {
  readonly name: string
  readonly method: string
  readonly path?: string
  readonly query?: Readonly<Record<string, string | string[]>>
  /** As it arrives; otherwise the query as the signer's own client would write it. */
  readonly rawQuery?: string
  readonly headers?: Pairs
  /** What the client signs where it is not what arrives. */
  readonly signedAs?: Pairs
  readonly addAfter?: Pairs
  readonly host?: string
  readonly body?: string
  readonly sessionToken?: string
  /** No signature can be right over it. */
  readonly unreadable?: true
  /** The message. */
  readonly refused?: string
}

const now = new Date('2026-01-02T03:04:05Z')
const keys = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
}
const settings = {
  clockSkewSeconds: 900,
  publicHosts: ['sts.example.test', 'sts.example.test:8443'],
  service: 'sts',
  maxPresignedSeconds: 900,
}
const encode = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)

async function arriving(shape: Shape): Promise<{ readonly shown: Shown; readonly request: ReceivedRequest }> {
  const { method, path = '/', query = {}, headers = [], host = 'sts.example.test', body = '' } = shape
  const credentials = shape.sessionToken === undefined ? keys : { ...keys, sessionToken: shape.sessionToken }
  const signedAs = Object.fromEntries(shape.signedAs ?? headers)
  const shown = await signAndShow(
    credentials,
    { method, path, query, headers: { host, ...signedAs }, body },
    now,
  )
  const written = Object.entries(query).flatMap(([name, values]) =>
    [values].flat().map((value) => `${encode(name)}=${encode(value)}`),
  )
  const own = Object.entries(shown.headers).filter(([name]) => !(name in signedAs))
  return {
    shown,
    request: {
      method,
      rawPath: path,
      rawQuery: shape.rawQuery ?? written.join('&'),
      headers: [...own, ...headers, ...(shape.addAfter ?? [])],
    },
  }
}

/** @returns the code, or undefined when the signature is right. */
function judged(request: ReceivedRequest, body: string, secretAccessKey = keys.secretAccessKey) {
  const parsed = parseClaim(request)
  if (parsed.type === 'none') return 'MissingAuthenticationToken'
  if (parsed.type === 'refused') return parsed.refusal.code
  const { claim } = parsed
  const key = deriveSigningKey(secretAccessKey, claim.scope)
  const refusal = checkClaim(claim, settings, now) ?? checkSignature(claim, request, sha256Hex(body), key)
  return refusal?.code
}

describe('the canonical request of a published shape, or of a corner', () => {
  const shapes = jsonBeside<Shape[]>(import.meta.url, 'signature-shapes.json')
  it.each(shapes)('$name', async (shape) => {
    const { shown, request } = await arriving(shape)
    const canonical = canonicalRequest(request, shown.signedHeaders, shown.payloadHash)
    if (shape.unreadable) {
      expect(canonical).toBeUndefined()
      expect(judged(request, shape.body ?? '')).toBe('SignatureDoesNotMatch')
      return
    }
    expect(canonical).toBe(shown.canonicalRequest)
    if (shape.refused === undefined) {
      expect(judged(request, shape.body ?? '')).toBeUndefined()
      return
    }
    const parsed = parseClaim(request)
    expect(parsed.type === 'claim' && checkClaim(parsed.claim, settings, now)?.message).toBe(shape.refused)
  })
})

const wild = fc.string({ unit: 'grapheme', maxLength: 12 })
const segment = fc.string({
  unit: fc.constantFrom(...Array.from("aZ09-_.~ %*()!'$&+,;=:@é")),
  minLength: 1,
  maxLength: 6,
})
const requests = fc.record({
  method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
  path: fc
    .tuple(fc.array(fc.oneof(segment, fc.constantFrom('.', '..', '')), { maxLength: 5 }), fc.boolean())
    .map(([segments, slash]) => `/${segments.map(encodeURIComponent).join('/')}${slash ? '/' : ''}`),
  // The signer under comparison loses a parameter called __proto__; that is its affair.
  query: fc.dictionary(
    wild.filter((name) => name !== '__proto__'),
    fc.oneof(
      wild,
      // One value it would write as the only one of a list and as a value alike.
      fc.array(wild, { minLength: 2, maxLength: 3 }),
    ),
    { maxKeys: 4 },
  ),
  headers: fc.dictionary(
    fc.stringMatching(/^x-test-[a-z0-9]{1,8}$/),
    fc.stringMatching(/^[ \t]{0,2}[!-~][ -~\u00a0-\u00ff]{0,20}[!-~][ ]{0,2}$/),
    { maxKeys: 4 },
  ),
  body: wild,
})

describe('a random request', () => {
  const asShape = ({
    headers,
    ...rest
  }: { readonly headers: Record<string, string> } & Omit<Shape, 'name' | 'headers'>) => ({
    ...rest,
    name: '',
    headers: Object.entries(headers),
  })

  it('has the canonical request that AWS’s signer made, and is verified', async () => {
    await fc.assert(
      fc.asyncProperty(requests, async (random) => {
        const { shown, request } = await arriving(asShape(random))
        expect(canonicalRequest(request, shown.signedHeaders, shown.payloadHash)).toBe(shown.canonicalRequest)
        expect(judged(request, random.body)).toBeUndefined()
      }),
      { numRuns: 200 },
    )
  })

  const changes: Readonly<Record<string, (request: ReceivedRequest, at: number) => ReceivedRequest>> = {
    'another method': (request) => ({ ...request, method: request.method === 'GET' ? 'PATCH' : 'GET' }),
    'another path': (request) => ({ ...request, rawPath: `${request.rawPath.replace(/\/$/, '')}/other` }),
    'a longer query': (request) => ({ ...request, rawQuery: `${request.rawQuery}&more` }),
    'a letter of the query': (request, at) => ({
      ...request,
      rawQuery: request.rawQuery === '' ? 'x' : changedAt(request.rawQuery, at),
    }),
    'a letter of a signed header': (request, at) => {
      const signed = request.headers.filter(([name]) => /^x-test-|^x-amz-|^host$/.test(name))
      const [chosen] = signed[at % signed.length] ?? []
      return {
        ...request,
        headers: request.headers.map(([name, value]) =>
          name === chosen ? ([name, `${value.trim()}x`] as const) : ([name, value] as const),
        ),
      }
    },
    'a signed header less': (request) => ({
      ...request,
      headers: request.headers.filter(([name]) => name !== 'host'),
    }),
    'another x-amz header': (request) => ({
      ...request,
      headers: [...request.headers, ['x-amz-target', 'a'] as const],
    }),
    'a letter of the signature': (request, at) => ({
      ...request,
      headers: request.headers.map(([name, value]) => [
        name,
        name === 'authorization'
          ? value.replace(/[0-9a-f]{64}$/, (signature) => changedAt(signature, at))
          : value,
      ]),
    }),
  }
  const changedAt = (text: string, at: number) => {
    const index = at % text.length
    return `${text.slice(0, index)}${text[index] === '0' ? '1' : '0'}${text.slice(index + 1)}`
  }

  it.each(Object.entries(changes))('is refused after one change: %s', async (_name, change) => {
    await fc.assert(
      fc.asyncProperty(requests, fc.nat(), async (random, at) => {
        const { shown, request } = await arriving(asShape(random))
        const changed = change(request, at)
        // A digit of an escape may be spelt in two ways; what means the same is the same.
        fc.pre(
          canonicalRequest(changed, shown.signedHeaders, shown.payloadHash) !== shown.canonicalRequest ||
            changed.headers !== request.headers,
        )
        expect(judged(changed, random.body)).toBeDefined()
      }),
      { numRuns: 60 },
    )
  })

  it('is refused with another body, and with another secret', async () => {
    await fc.assert(
      fc.asyncProperty(requests, async (random) => {
        const { request } = await arriving(asShape(random))
        expect(judged(request, `${random.body} `)).toBe('SignatureDoesNotMatch')
        expect(judged(request, random.body, `${keys.secretAccessKey}x`)).toBe('SignatureDoesNotMatch')
      }),
      { numRuns: 30 },
    )
  })
})
