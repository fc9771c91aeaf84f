/**
 * That an answer takes no longer for a credential that exists than for one that does not. Counted in operations of
 * node:crypto, which are what takes time here; a stopwatch would tell more about the machine than about the code.
 */
import { beforeAll, describe, expect, it, jest } from '@jest/globals'
import type * as Crypto from 'node:crypto'
import type { SignedRequest } from '../support/aws-signer.js'
import type { StsHouse } from '../support/sts-house.js'

const counted = ['createHmac', 'createHash', 'hash', 'createDecipheriv', 'timingSafeEqual'] as const
const done: string[] = []

jest.unstable_mockModule('node:crypto', () => {
  const real = jest.requireActual<typeof Crypto>('node:crypto')
  const counting = Object.fromEntries(
    counted.map((name) => [
      name,
      (...given: unknown[]) => {
        done.push(name)
        return Reflect.apply(real[name] as (...parameters: unknown[]) => unknown, real, given)
      },
    ]),
  )
  return { ...real, ...counting, default: { ...real, ...counting } }
})

const whoAmI = 'Action=GetCallerIdentity&Version=2011-06-15'
let house: StsHouse
let sign: (typeof import('../support/aws-signer.js'))['sign']
let makeHouse: (typeof import('../support/sts-house.js'))['stsHouse']

beforeAll(async () => {
  ;({ sign } = await import('../support/aws-signer.js'))
  ;({ stsHouse: makeHouse } = await import('../support/sts-house.js'))
  house = await makeHouse()
})

async function workOf(request: SignedRequest): Promise<{ readonly code: string; readonly work: string }> {
  done.length = 0
  const { body } = await house.send(request)
  return { code: /<Code>(\w+)</.exec(body)?.[1] ?? '', work: [...done].sort().join(' ') }
}

const changed = (text: string, at: number) =>
  `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`

describe('SIGV4-23: as much is done', () => {
  it('for every session token that is none', async () => {
    const own = house.session()
    const other = house.session()
    const { sessionToken } = own
    // The server knows both of them from requests that were right.
    for (const known of [own, other])
      expect((await house.call(known, { Action: 'GetCallerIdentity' })).status).toBe(200)
    const tokens = {
      'of another key': other.sessionToken,
      'of another installation': (await makeHouse()).session().sessionToken,
      'of an unknown ring key': changed(sessionToken, 6),
      'with a changed nonce': changed(sessionToken, 24),
      'with a changed content': changed(sessionToken, 100),
      'with a changed tag': changed(sessionToken, sessionToken.length - 8),
      'cut short': sessionToken.slice(0, sessionToken.length - 4),
      'of four characters': 'AAAA',
      'cut by one character': sessionToken.slice(0, -1),
      'that is not base64': `${sessionToken.slice(0, -4)}*!*!`,
      'that is base64 in another spelling': `${sessionToken}====`,
      'that is too long': 'A'.repeat(4_100),
      'that is right, beside a long-term key id': sessionToken,
      'that is right, beside what is no key id': sessionToken,
    }
    const beside: Readonly<Record<string, string>> = {
      'that is right, beside a long-term key id': house.userKey().accessKeyId,
      'that is right, beside what is no key id': 'ASIA',
    }
    const seen = new Map<string, string>()
    for (const [name, token] of Object.entries(tokens)) {
      const claimed = { ...own, accessKeyId: beside[name] ?? own.accessKeyId, sessionToken: token }
      const request = await sign(claimed, { body: whoAmI }, house.clock.now())
      const { code, work } = await workOf(request)
      expect([name, code]).toEqual([name, 'InvalidClientTokenId'])
      seen.set(name, work)
    }
    expect(Object.fromEntries(seen)).toEqual(
      Object.fromEntries(Object.keys(tokens).map((name) => [name, seen.get('of another key')])),
    )
    expect(seen.get('of another key')).toContain('createDecipheriv')
    expect(seen.get('of another key')).toContain('timingSafeEqual')
  })

  it('for a long-term key that nobody has as for a wrong signature', async () => {
    const key = house.userKey()
    expect((await house.call(key, { Action: 'GetCallerIdentity' })).status).toBe(200)
    const works: string[] = []
    for (const [claimed, expected] of [
      [{ ...key, secretAccessKey: 'wrong' }, 'SignatureDoesNotMatch'],
      [{ ...key, accessKeyId: 'AKIARZPUZDIKAAAAAAAA' }, 'InvalidClientTokenId'],
      [{ ...key, accessKeyId: 'AKIA' }, 'InvalidClientTokenId'],
    ] as const) {
      const { code, work } = await workOf(await sign(claimed, { body: whoAmI }, house.clock.now()))
      expect(code).toBe(expected)
      works.push(work)
    }
    expect(new Set(works)).toEqual(new Set(['createHmac hash hash timingSafeEqual']))
  })

  it('whatever part of the signature is right', async () => {
    const request = await sign(house.session(), { body: whoAmI }, house.clock.now())
    await house.send(request)
    const works = new Set<string>()
    for (const at of [0, 1, 31, 63]) {
      const headers = request.headers.map(
        ([name, value]) =>
          [
            name,
            name === 'authorization'
              ? value.replace(/[0-9a-f]{64}$/, (signature) =>
                  signature.replace(/./g, (digit, index) => (index < at ? digit : digit === '0' ? '1' : '0')),
                )
              : value,
          ] as const,
      )
      const { code, work } = await workOf({ ...request, headers })
      expect(code).toBe('SignatureDoesNotMatch')
      works.add(work)
    }
    expect(works).toEqual(new Set(['createHmac hash hash timingSafeEqual']))
  })
})
