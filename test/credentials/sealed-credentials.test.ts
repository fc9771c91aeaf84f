import { randomBytes } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { accountOf } from '../../src/credentials/access-key-id.js'
import type { SessionCredentials } from '../../src/credentials/credentials.js'
import { createPurposeBox } from '../../src/credentials/purpose-box.js'
import { createSessionCredentials } from '../../src/credentials/sealed-credentials.js'
import { maxSessionTokenLength } from '../../src/role/session.js'
import { freshKey, ringOf, type RingSketch } from '../support/key-ring.js'
import { typicalSession, unnamedSessions } from '../support/session-arbitrary.js'

async function credentialsOf(sketch: RingSketch = {}): Promise<SessionCredentials> {
  return createSessionCredentials(await ringOf(sketch), { random: randomBytes })
}

describe('issued credentials', () => {
  it('look like AWS temporary credentials', async () => {
    const issued = (await credentialsOf()).issue(typicalSession)
    expect(accountOf(issued.accessKeyId)).toBe(typicalSession.account)
    expect(issued.secretAccessKey).toMatch(/^[A-Za-z0-9+/]{40}$/)
    expect(issued.sessionToken).toMatch(/^[A-Za-z0-9+/]+={0,2}$/)
    expect(issued.sessionToken.length).toBeLessThan(420)
    expect(issued.expiresAt).toEqual(typicalSession.expiresAt)
  })

  it('open at any replica with the ring, to the same session and secret', async () => {
    const sketch = { keys: [freshKey()] }
    const [one, other] = [await credentialsOf(sketch), await credentialsOf(sketch)]
    fc.assert(
      fc.property(unnamedSessions, (session) => {
        const issued = one.issue(session)
        const opened = other.open(issued.accessKeyId, issued.sessionToken)
        expect(opened?.session).toEqual(issued.session)
        expect(opened?.secretAccessKey).toBe(issued.secretAccessKey)
      }),
    )
  })

  it('differ each time, also for one access key id', async () => {
    const ring = await ringOf()
    const [credentials, others] = [1, 2].map(() =>
      createSessionCredentials(ring, {
        // The 5 random bytes of the first id are the same for both, the nonce of its token is not.
        random: (size) => Buffer.concat([Buffer.alloc(5), randomBytes(size - 5)]),
      }),
    )
    const [one, other] = [credentials!.issue(typicalSession), others!.issue(typicalSession)]
    expect(one.accessKeyId).toBe(other.accessKeyId)
    expect(one.secretAccessKey).not.toBe(other.secretAccessKey)
    expect(credentials!.open(one.accessKeyId, other.sessionToken)?.secretAccessKey).toBe(
      other.secretAccessKey,
    )
  })

  it('TOK-10: are not issued when the token would not fit into headers', async () => {
    const credentials = await credentialsOf()
    const noise = randomBytes(maxSessionTokenLength).toString('hex')
    expect(() => credentials.issue({ ...typicalSession, tags: new Map([['k', noise]]) })).toThrow(
      expect.objectContaining({ code: 'PackedPolicyTooLarge' }),
    )
  })

  it('hold a session policy of 2,048 characters', async () => {
    const statement = { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::reports/*' }
    const policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: Array.from({ length: 25 }, () => statement),
    })
    const issued = (await credentialsOf()).issue({
      ...typicalSession,
      sessionPolicies: [policy.slice(0, 2048)],
    })
    expect(issued.sessionToken.length).toBeLessThan(700)
  })
})

describe('tokens that are not what was issued', () => {
  it('TOK-02: every single flipped bit is noticed', async () => {
    const credentials = await credentialsOf()
    const { accessKeyId, sessionToken } = credentials.issue(typicalSession)
    const bytes = Buffer.from(sessionToken, 'base64')
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const altered = Buffer.from(bytes)
      altered[bit >> 3]! ^= 1 << (bit & 7)
      expect(credentials.open(accessKeyId, altered.toString('base64'))).toBeUndefined()
    }
  })

  it('TOK-02: every truncation is noticed, down to a tag of 4 bytes and to nothing', async () => {
    const credentials = await credentialsOf()
    const { accessKeyId, sessionToken } = credentials.issue(typicalSession)
    const bytes = Buffer.from(sessionToken, 'base64')
    for (let length = 0; length < bytes.length; length += 1)
      expect(credentials.open(accessKeyId, bytes.subarray(0, length).toString('base64'))).toBeUndefined()
  })

  it('one token is written in one way only', async () => {
    const credentials = await credentialsOf()
    const { accessKeyId, sessionToken } = credentials.issue(typicalSession)
    const urlSafe = sessionToken.replaceAll('+', '-').replaceAll('/', '_')
    for (const spelling of [` ${sessionToken}`, `${sessionToken}\n`, `${sessionToken}=`, `${sessionToken}!`])
      expect(credentials.open(accessKeyId, spelling)).toBeUndefined()
    if (urlSafe !== sessionToken) expect(credentials.open(accessKeyId, urlSafe)).toBeUndefined()
  })

  it('TOK-14: a token belongs to its access key id', async () => {
    const credentials = await credentialsOf()
    const [one, other] = [credentials.issue(typicalSession), credentials.issue(typicalSession)]
    expect(credentials.open(one.accessKeyId, other.sessionToken)).toBeUndefined()
    expect(credentials.open(one.accessKeyId.toLowerCase(), one.sessionToken)).toBeUndefined()
  })

  it('TOK-03: a key id that is not in the ring opens nothing, whatever it spells', async () => {
    const credentials = await credentialsOf()
    const { accessKeyId, sessionToken } = credentials.issue(typicalSession)
    for (const keyId of [Buffer.alloc(8), Buffer.from('__proto_'), Buffer.from('../../..')]) {
      const bytes = Buffer.from(sessionToken, 'base64')
      keyId.copy(bytes, 1)
      expect(credentials.open(accessKeyId, bytes.toString('base64'))).toBeUndefined()
    }
  })

  it('TOK-08: a token of the previous key opens until that key leaves the ring', async () => {
    const [previous, active] = [freshKey(), freshKey()]
    const before = await credentialsOf({ keys: [previous] })
    const issued = before.issue(typicalSession)
    const during = await credentialsOf({ keys: [active, previous] })
    const after = await credentialsOf({ keys: [active] })
    expect(during.open(issued.accessKeyId, issued.sessionToken)?.secretAccessKey).toBe(issued.secretAccessKey)
    expect(after.open(issued.accessKeyId, issued.sessionToken)).toBeUndefined()
    const renewed = during.issue(typicalSession)
    expect(after.open(renewed.accessKeyId, renewed.sessionToken)).toBeDefined()
  })

  it('TOK-12: a key copied to another installation opens nothing there', async () => {
    const keys = [freshKey()]
    const staging = (await credentialsOf({ keys, installation: 'staging' })).issue(typicalSession)
    const production = await credentialsOf({ keys, installation: 'production' })
    expect(production.open(staging.accessKeyId, staging.sessionToken)).toBeUndefined()
  })

  it('TOK-05: what was sealed for another purpose is no session token', async () => {
    const ring = await ringOf()
    const credentials = createSessionCredentials(ring, { random: randomBytes })
    const { accessKeyId } = credentials.issue(typicalSession)
    const cookie = createPurposeBox(ring, 'sign-in-session').seal('hello')
    expect(credentials.open(accessKeyId, Buffer.from(cookie, 'base64url').toString('base64'))).toBeUndefined()
  })

  it('TOK-01, TOK-07: JOSE and noise of any kind are refused and never thrown at', async () => {
    const credentials = await credentialsOf()
    const { accessKeyId } = credentials.issue(typicalSession)
    const header = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    for (const token of [
      `${header({ alg: 'none' })}.e30.`,
      `${header({ alg: 'PBES2-HS256+A128KW', p2c: 2 ** 31, enc: 'A256GCM' })}....`,
      `${header({ alg: 'dir', enc: 'A256GCM', zip: 'DEF' })}....`,
    ])
      expect(credentials.open(accessKeyId, token)).toBeUndefined()
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.string(), (token, keyId) => {
        expect(credentials.open(accessKeyId, token)).toBeUndefined()
        expect(credentials.open(keyId, token)).toBeUndefined()
      }),
    )
  })

  it('TOK-06: no nonce repeats', async () => {
    const credentials = await credentialsOf()
    const nonces = new Set<string>()
    for (let count = 0; count < 5000; count += 1)
      nonces.add(Buffer.from(credentials.issue(typicalSession).sessionToken, 'base64').toString('hex', 9, 33))
    expect(nonces.size).toBe(5000)
  })
})
