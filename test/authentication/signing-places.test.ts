/** Where a request may have been signed, and for what body: public names, HTTP/2, dates, payloads that are elsewhere. */
import { beforeEach, describe, expect, it } from '@jest/globals'
import { authenticate, type AuthenticationDeps } from '../../src/authentication/authenticate.js'
import { rememberSessions } from '../../src/authentication/known-sessions.js'
import { sha256Hex } from '../../src/signature/canonical-request.js'
import type { Payload } from '../../src/signature/payload.js'
import { presign, sign, type RequestToSign, type SignedRequest } from '../support/aws-signer.js'
import { jsonBeside } from '../support/json.js'
import { stsHouse, type StsHouse } from '../support/sts-house.js'

let house: StsHouse
let sessions: AuthenticationDeps['sessions']
beforeEach(async () => {
  house = await stsHouse()
  sessions = rememberSessions(house.credentials)
})

interface Judged {
  readonly publicHosts?: readonly string[]
  readonly payload?: Payload
}

/** @returns `accepted`, or the reason. */
async function judged(request: SignedRequest, { publicHosts = ['sts.example.test'], payload }: Judged = {}) {
  const outcome = await authenticate(
    request,
    payload ?? { type: 'computed', hash: () => sha256Hex(request.body) },
    {
      sessions,
      keys: house.keys,
      revocations: { ends: () => false, endsKey: () => false },
      directory: house.directory,
      settings: { clockSkewSeconds: 900, publicHosts, service: 'sts', maxPresignedSeconds: 900 },
      now: house.clock.now(),
    },
  )
  return outcome.ok ? 'accepted' : outcome.refusal.reason
}

const signed = (request: RequestToSign = {}) =>
  sign(house.session(), { body: 'a=b', ...request }, house.clock.now())
const renamed = (request: SignedRequest, from: string, to: readonly [string, string]): SignedRequest => ({
  ...request,
  headers: request.headers.map(([name, value]) => (name === from ? to : ([name, value] as const))),
})

describe('a Host', () => {
  interface HostRow {
    readonly name: string
    readonly signed: string
    /** As a proxy wrote it; otherwise as it was signed. */
    readonly received?: string
    readonly publicHosts: readonly string[]
    readonly outcome: string
  }
  it.each(jsonBeside<HostRow[]>(import.meta.url, 'public-hosts.json'))(
    '$name: $outcome',
    async ({ signed: host, received = host, publicHosts, outcome }) => {
      const request = renamed(await signed({ host }), 'host', ['host', received])
      expect(await judged(request, { publicHosts })).toBe(outcome)
      expect(await judged({ ...request, body: Buffer.from('a=c') }, { publicHosts })).not.toBe('accepted')
    },
  )

  it('may have been signed as :authority by a client that speaks HTTP/2, and arrives as host', async () => {
    const request = await signed({ headers: { ':authority': 'sts.example.test' } })
    const headers = request.headers.filter(([name]) => name !== ':authority')
    expect(request.headers.find(([name]) => name === 'authorization')?.[1]).toContain(':authority;')
    expect(await judged({ ...request, headers })).toBe('accepted')
    const elsewhere = renamed({ ...request, headers }, 'host', ['host', 'vault.example.net'])
    expect(await judged(elsewhere)).toBe('sts:host')
  })
})

describe('a payload that is declared', () => {
  const declared = (allowUnsigned: boolean, empty?: boolean): Payload => ({
    type: 'declared',
    allowUnsigned,
    ...(empty === undefined ? {} : { empty }),
  })
  const hash = (value: string) => ({ headers: { 'x-amz-content-sha256': value } })

  it('is believed when its hash was signed, though the body is elsewhere', async () => {
    const request = { ...(await signed()), body: Buffer.from('not the body') }
    expect(await judged(request, { payload: declared(false) })).toBe('accepted')
    expect(await judged(request)).toBe('sts:payload')
  })

  it('is not believed when the header was not signed, or was changed', async () => {
    const request = await signed()
    const unsigned = renamed(request, 'authorization', [
      'authorization',
      request.headers.find(([name]) => name === 'authorization')![1].replace('x-amz-content-sha256;', ''),
    ])
    expect(await judged(unsigned, { payload: declared(true) })).toBe('sts:signed-headers')
    const changed = renamed(request, 'x-amz-content-sha256', ['x-amz-content-sha256', sha256Hex('other')])
    expect(await judged(changed, { payload: declared(true) })).toBe('sts:signature')
  })

  it('may be UNSIGNED-PAYLOAD only where that is allowed, and a stream never', async () => {
    const unsigned = await signed(hash('UNSIGNED-PAYLOAD'))
    expect(await judged(unsigned, { payload: declared(true) })).toBe('accepted')
    expect(await judged(unsigned, { payload: declared(false) })).toBe('sts:payload')
    const stream = await signed(hash('STREAMING-AWS4-HMAC-SHA256-PAYLOAD'))
    expect(await judged(stream, { payload: declared(true) })).toBe('sts:payload')
    const capital = await signed(hash(sha256Hex('a=b').toUpperCase()))
    expect(await judged(capital, { payload: declared(true) })).toBe('sts:payload')
  })

  it('must be declared, unless it is known that there is none', async () => {
    const presigned = await presign(house.session(), { query: { a: 'b' } }, house.clock.now())
    expect(await judged(presigned, { payload: declared(true) })).toBe('sts:payload')
    expect(await judged(presigned, { payload: declared(true, true) })).toBe('accepted')
    expect(await judged(await signed(), { payload: declared(false, true) })).toBe('sts:payload')
  })

  it('may be declared in a presigned query, as S3’s clients do', async () => {
    const unsigned = await presign(
      house.session(),
      { query: { a: 'b' }, headers: { 'X-Amz-Content-Sha256': 'UNSIGNED-PAYLOAD' } },
      house.clock.now(),
    )
    expect(unsigned.rawQuery).toContain('X-Amz-Content-Sha256=UNSIGNED-PAYLOAD')
    expect(await judged(unsigned, { payload: declared(true) })).toBe('accepted')
    expect(await judged(unsigned, { payload: declared(false) })).toBe('sts:payload')
  })
})

describe('a Date header', () => {
  it('is of no interest beside an X-Amz-Date of the same time', async () => {
    for (const date of ['Fri, 02 Jan 2026 03:04:00 GMT', '20260102T030406Z', '02 Jan 2026 03:18:00 -0000']) {
      const request = await signed()
      expect(await judged({ ...request, headers: [...request.headers, ['date', date]] })).toBe('accepted')
    }
  })

  it.each([
    'Fri, 02 Jan 2026 03:04:05 PST',
    'Friday, 02-Jan-26 03:04:05 GMT',
    'Fri, 30 Feb 2026 03:04:05 GMT',
    'Fri, 02 Foo 2026 03:04:05 GMT',
    'Fri, 02 Jan 2026 24:04:05 GMT',
    '1767323045',
    '',
  ])('is no other time than it says: %j', async (date) => {
    const request = await signed()
    expect(await judged({ ...request, headers: [...request.headers, ['date', date]] })).toBe('sts:date')
  })
})
