import { randomBytes } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { signRequest } from '../../src/signature/sign.js'
import { sign } from '../support/aws-signer.js'

const now = new Date('2026-01-02T03:04:05Z')
const scope = { region: 'eu-central-1', service: 'rolegate' }

const segment = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }).map(encodeURIComponent)
const requests = fc.record({
  path: fc.array(segment.filter((text) => text !== '.' && text !== '..'), { maxLength: 3 }).map((parts) => `/${parts.join('/')}`), // prettier-ignore
  query: fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), fc.string({ maxLength: 8 }), { maxKeys: 3 }), // prettier-ignore
  body: fc.option(fc.string({ maxLength: 64 }), { nil: undefined }),
  token: fc.option(fc.base64String({ minLength: 4, maxLength: 64 }), { nil: undefined }),
})

describe('a request of our own', () => {
  it('has the signature that AWS’s own signer gives it', async () => {
    const { path, query, body, token } = {
      path: '/v1/revocations',
      query: {},
      body: '{"type":"role"}',
      token: 'FwoG',
    }
    await compare(path, query, body, token)
    await fc.assert(
      fc.asyncProperty(requests, (made) => compare(made.path, made.query, made.body, made.token)),
      { numRuns: 200 },
    )
  })

  it('names host, time and payload among what is signed', () => {
    const url = new URL('https://rolegate.example.test:8443/v1/revocations')
    const headers = signRequest(
      { method: 'GET', url },
      { accessKeyId: 'AKIA', secretAccessKey: 's' },
      scope,
      now,
    )
    expect(headers).toMatchObject({ host: 'rolegate.example.test:8443', 'x-amz-date': '20260102T030405Z' })
    expect(headers['authorization']).toContain('SignedHeaders=host;x-amz-content-sha256;x-amz-date,')
  })
})

async function compare(
  path: string,
  query: Readonly<Record<string, string>>,
  body: string | undefined,
  sessionToken: string | undefined,
): Promise<void> {
  const credentials = {
    accessKeyId: 'ASIAEXAMPLE',
    secretAccessKey: randomBytes(20).toString('hex'),
    ...(sessionToken === undefined ? {} : { sessionToken }),
  }
  const method = body === undefined ? 'GET' : 'POST'
  const theirs = await sign(
    credentials,
    { ...scope, method, path, query, host: 'rolegate.example.test', ...(body === undefined ? {} : { body }) },
    now,
  )
  const url = new URL(`https://rolegate.example.test${theirs.rawPath}`)
  url.search = theirs.rawQuery
  const type = theirs.headers.find(([name]) => name === 'content-type')?.[1]
  const ours = signRequest(
    {
      method,
      url,
      ...(type === undefined ? {} : { headers: { 'Content-Type': type } }),
      ...(body === undefined ? {} : { body }),
    },
    credentials,
    scope,
    now,
  )
  expect(ours['authorization']).toBe(theirs.headers.find(([name]) => name === 'authorization')?.[1])
}
