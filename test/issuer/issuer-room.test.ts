/** What relying parties see: jose with a remote key set, openid-client's discovery, and plain fetch as a browser. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createRemoteJWKSet, decodeProtectedHeader, errors, jwtVerify } from 'jose'
import { allowInsecureRequests, discovery } from 'openid-client'
import { rotateSigningKeys } from '../../src/issuer/key-rotation.js'
import { createEmbeddedStore } from '../../src/store/embedded-store.js'
import type { Store } from '../../src/store/store.js'
import { testClock, type TestClock } from '../support/clock.js'
import { ringOf } from '../support/key-ring.js'
import { account, otherAccount, replicaOf, type Replica } from './issuer-house.js'

let folder: string
let store: Store
let clock: TestClock
let replica: Replica
let server: Awaited<ReturnType<Replica['listen']>>
const audience = 'https://service.example.test'

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rolegate-issuer-room-'))
  store = await createEmbeddedStore({ directory: folder, now: () => new Date() })
  clock = testClock()
  replica = replicaOf({ store: store.records, ring: await ringOf(), clock })
  server = await replica.listen()
})
afterAll(async () => {
  await server.close()
  replica.keys.close()
  await store.close()
  await rm(folder, { recursive: true, force: true })
})
beforeEach(() => {
  replica.settings.current = { enabled: true }
})

const issuerUrl = (of = account) => `${server.url}/tokens/${of}`
const at = (path: string, init?: RequestInit) => fetch(`${issuerUrl()}${path}`, init)
const keySetOf = async (issuer: string) => {
  const found = await discovery(new URL(issuer), 'a-service', undefined, undefined, {
    execute: [allowInsecureRequests],
  })
  const metadata = found.serverMetadata()
  expect(metadata.issuer).toBe(issuer)
  return createRemoteJWKSet(new URL(metadata.jwks_uri ?? ''), { cooldownDuration: 0 })
}

describe.each(['RS256', 'ES384'] as const)(
  'a relying party that discovers the issuer, with %s',
  (algorithm) => {
    it('verifies a token', async () => {
      const { token, id, issuer, keyId } = await replica.token({ algorithm })
      const { payload, protectedHeader } = await jwtVerify(token, await keySetOf(issuerUrl()), {
        issuer: issuerUrl(),
        audience,
        algorithms: [algorithm],
        currentDate: clock.now(),
      })
      expect(issuer).toBe(issuerUrl())
      expect(protectedHeader).toEqual({ alg: algorithm, typ: 'JWT', kid: keyId })
      expect(payload).toEqual({
        iss: issuerUrl(),
        sub: `arn:aws:iam::${account}:role/Developer`,
        aud: audience,
        iat: clock.now().getTime() / 1000,
        exp: clock.now().getTime() / 1000 + 3600,
        jti: id,
        'https://sts.amazonaws.com/': { aws_account: account },
      })
    })

    it('goes on verifying across a rotation, old tokens and new ones, without losing one', async () => {
      const keySet = await keySetOf(issuerUrl())
      const verified = (token: string) =>
        jwtVerify(token, keySet, { currentDate: clock.now(), issuer: issuerUrl() })
      const before = await replica.token({ algorithm })
      await rotateSigningKeys({ ...replica, now: clock.now })
      clock.advance(3599)
      const last = await replica.token({ algorithm })
      expect(last.keyId).toBe(before.keyId)
      await verified(before.token)
      clock.advance(1)
      const first = await replica.token({ algorithm })
      expect(first.keyId).not.toBe(before.keyId)
      await verified(first.token)
      clock.advance(3598)
      await verified(last.token)
      clock.advance(2 * 86_400)
      expect(await replica.published()).not.toContain(before.keyId)
    })

    it('does not take a token for another audience, an altered one or one of another account', async () => {
      const keySet = await keySetOf(issuerUrl())
      const { token } = await replica.token({ algorithm })
      const options = { issuer: issuerUrl(), audience, currentDate: clock.now() }
      await expect(jwtVerify(token, keySet, { ...options, audience: 'x' })).rejects.toThrow(
        errors.JWTClaimValidationFailed,
      )
      const [head, , signature] = token.split('.')
      const claims = Buffer.from('{"sub":"somebody else"}').toString('base64url')
      await expect(jwtVerify(`${head}.${claims}.${signature}`, keySet, options)).rejects.toThrow(
        errors.JWSSignatureVerificationFailed,
      )
      const other = await replica.token({ algorithm, account: otherAccount })
      expect(decodeProtectedHeader(other.token).kid).not.toBe(decodeProtectedHeader(token).kid)
      await expect(jwtVerify(other.token, keySet, options)).rejects.toThrow(errors.JWKSNoMatchingKey)
    })
  },
)

it('says several audiences as a list', async () => {
  const { token } = await replica.token({ audience: ['a', 'b'] })
  const { payload } = await jwtVerify(token, await keySetOf(issuerUrl()), { currentDate: clock.now() })
  expect(payload.aud).toEqual(['a', 'b'])
})

it('issues nothing that is too large for a header', async () => {
  const request = {
    account,
    subject: 's',
    audience: [audience],
    algorithm: 'ES384',
    expiresAt: clock.now(),
  } as const
  const issue = (text: string) => replica.issuer.issue({ ...request, awsClaims: { text } })
  expect(await issue(randomBytes(3000).toString('hex'))).toBeDefined()
  expect(await issue(randomBytes(4096).toString('hex'))).toBeUndefined()
  expect(await issue('é'.repeat(4096))).toBeUndefined()
})

describe('the documents', () => {
  it('may be read by any page and kept for a while', async () => {
    const found = await at('/.well-known/openid-configuration')
    expect(found.status).toBe(200)
    expect(Object.fromEntries(found.headers)).toMatchObject({
      'content-type': 'application/json',
      'access-control-allow-origin': '*',
      'cache-control': 'public, max-age=3600',
    })
    const keys = await at('/.well-known/jwks.json')
    // A key is published an hour before it signs; whoever keeps the set this long has seen it.
    expect(keys.headers.get('cache-control')).toBe('public, max-age=900')
  })

  it('show public members only, and which algorithm each key is for', async () => {
    const { keys } = (await (await at('/.well-known/jwks.json')).json()) as {
      keys: Record<string, unknown>[]
    }
    for (const key of keys) {
      const members = key.kty === 'RSA' ? ['n', 'e'] : ['crv', 'x', 'y']
      expect(Object.keys(key).toSorted()).toEqual([...members, 'kty', 'kid', 'alg', 'use'].toSorted())
      expect(key).toMatchObject({ use: 'sig', alg: key.kty === 'RSA' ? 'RS256' : 'ES384' })
    }
    expect(keys.map(({ kid }) => kid)).toEqual(await replica.published())
  })

  it('answer HEAD without a body, and no other method', async () => {
    const head = await at('/.well-known/jwks.json', { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
    const post = await at('/.well-known/jwks.json', { method: 'POST' })
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  })

  it('exist for declared accounts only, and are otherwise absent alike', async () => {
    const paths = [
      '/tokens/999999999999/.well-known/openid-configuration',
      '/tokens/999999999999/.well-known/jwks.json',
      `/tokens/${account}`,
      `/tokens/${account}/`,
      `/tokens/${account}/.well-known/jwks.json/`,
      `/tokens/${account}//.well-known/jwks.json`,
      `/tokens/${account}/.well-known/other`,
      '/tokens/11112222333/.well-known/jwks.json',
      '/tokens/%31%31%31%31%32%32%32%32%33%33%33%33/.well-known/jwks.json',
      '/tokens/',
    ]
    const answers = await Promise.all(
      paths.map(async (path) => {
        const answer = await fetch(`${server.url}${path}`)
        return [answer.status, await answer.text()]
      }),
    )
    expect(new Set(answers.map(String))).toEqual(new Set(['404,{"error":"not_found"}\n']))
    expect((await store.records.list('')).map(({ key }) => key)).not.toContain(
      'web-identity-keys:999999999999',
    )
  })

  it('are gone while tokens are not enabled, for the account or at all', async () => {
    const status = async () => (await at('/.well-known/openid-configuration')).status
    expect(await status()).toBe(200)
    replica.settings.current = { enabled: false }
    expect(await status()).toBe(404)
    replica.settings.current = { enabled: true, accounts: [otherAccount] }
    expect(await status()).toBe(404)
    replica.settings.current = { enabled: true, accounts: [account] }
    expect(await status()).toBe(200)
  })
})
