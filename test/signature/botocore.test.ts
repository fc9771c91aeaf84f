/** The second signer that has nothing in common with the first: botocore, from Debian's package, in one process. */
import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { sha256Hex } from '../../src/signature/canonical-request.js'
import { parseClaim } from '../../src/signature/claim.js'
import { checkClaim, checkSignature, deriveSigningKey } from '../../src/signature/verification.js'

const python = '/usr/bin/python3'
const present = spawnSync(python, ['-c', 'import botocore']).status === 0
const given = present ? it : it.skip
const saying = (name: string) =>
  present ? name : `${name} (skipped: the package python3-botocore is not installed)`

const settings = {
  clockSkewSeconds: 900,
  publicHosts: ['sts.example.test', 'sts.example.test:8443'],
  service: 'sts',
  maxPresignedSeconds: 900,
}
const encode = (text: string) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
const wild = fc.string({ unit: 'grapheme', maxLength: 10 })
const segment = fc.oneof(
  fc.constantFrom('.', '..', ''),
  fc.string({ unit: fc.constantFrom(...Array.from("aZ09-_.~ %*()!'$&+,;=:@é")), minLength: 1, maxLength: 6 }),
)
const requests = fc.record({
  method: fc.constantFrom('GET', 'POST'),
  host: fc.constantFrom('sts.example.test', 'sts.example.test:8443'),
  path: fc
    .array(segment, { maxLength: 5 })
    .map((segments) => `/${segments.map(encodeURIComponent).join('/')}`),
  query: fc
    .array(fc.tuple(wild, wild), { maxLength: 4 })
    .map((pairs) => pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&')),
  headers: fc.dictionary(
    fc.stringMatching(/^x-test-[a-z0-9]{1,8}$/),
    fc.stringMatching(/^[!-~][ -~]{0,20}[!-~]$/),
    { maxKeys: 3 },
  ),
  /** botocore signs a Date header in place of its own, when there is one. */
  withDate: fc.boolean(),
  presigned: fc.boolean(),
  body: wild,
  region: fc.constantFrom('eu-central-1', 'local-1', 'aws-global'),
  accessKeyId: fc.constant('ASIARZPUZDIKAAAAAAAA'),
  secretAccessKey: fc.stringMatching(/^[A-Za-z0-9+/]{40}$/),
  sessionToken: fc.option(fc.stringMatching(/^[A-Za-z0-9+/]{20,60}={0,2}$/), { nil: undefined }),
})

interface SignedByBotocore {
  readonly url: string
  readonly headers: readonly (readonly [name: string, value: string])[]
}

function signedByBotocore(toSign: readonly object[]): Promise<readonly SignedByBotocore[]> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      python,
      [join(import.meta.dirname, 'botocore-signer.py')],
      { maxBuffer: 64 << 20, env: { PATH: '/usr/bin:/bin' } },
      (error, stdout) => (error === null ? resolve(JSON.parse(stdout) as SignedByBotocore[]) : reject(error)),
    )
    child.stdin?.end(JSON.stringify(toSign))
  })
}

describe('requests that botocore signed', () => {
  given(saying('verify, whatever they are, in header or query, with X-Amz-Date or Date'), async () => {
    const seed = Math.floor(Math.random() * 2 ** 31)
    const random = fc
      .sample(requests, { numRuns: 400, seed })
      // What botocore presigns has its parameters in the query and no body.
      .map((asked) => (asked.presigned ? { ...asked, body: '' } : asked))
    const signed = await signedByBotocore(
      random.map(({ host, path, query, withDate, presigned, headers, ...rest }) => ({
        ...rest,
        presigned,
        url: `https://${host}${path}${query === '' ? '' : `?${query}`}`,
        headers: { ...headers, ...(withDate && !presigned ? { Date: 'in its own time' } : {}) },
      })),
    )
    expect(signed).toHaveLength(random.length)
    for (const [index, asked] of random.entries()) {
      const { url, headers } = signed[index]!
      const target = url.slice(`https://${asked.host}`.length)
      const at = target.indexOf('?')
      const request = {
        method: asked.method,
        rawPath: at < 0 ? target : target.slice(0, at),
        rawQuery: at < 0 ? '' : target.slice(at + 1),
        headers: [
          ['host', asked.host] as const,
          ...headers.map(([name, value]) => [name.toLowerCase(), value] as const),
        ],
      }
      const body = asked.body
      const parsed = parseClaim(request)
      if (parsed.type !== 'claim') throw new Error(`seed ${seed}: ${JSON.stringify([asked, parsed])}`)
      const { claim } = parsed
      const key = deriveSigningKey(asked.secretAccessKey, claim.scope)
      const refusal =
        checkClaim(claim, settings, new Date()) ?? checkSignature(claim, request, sha256Hex(body), key)
      if (refusal !== undefined) throw new Error(`seed ${seed}: ${JSON.stringify([asked, refusal])}`)
      expect(checkSignature(claim, request, sha256Hex(`${body}x`), key)?.code).toBe('SignatureDoesNotMatch')
    }
  })
})
