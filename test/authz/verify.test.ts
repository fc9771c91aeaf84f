import { beforeEach, describe, expect, it } from '@jest/globals'
import type { WireResponse } from '../../src/http/wire.js'
import { sha256Hex } from '../../src/signature/canonical-request.js'
import { presign, type SignedRequest } from '../support/aws-signer.js'
import { authzHouse, reportsHost, type AuthzHouse } from '../support/authz-house.js'
import { homeAccount } from '../support/roles.js'

let house: AuthzHouse
beforeEach(async () => {
  house = await authzHouse()
})

type Pairs = readonly (readonly [string, string])[]
const uriOf = ({ rawPath, rawQuery }: SignedRequest) => (rawQuery === '' ? rawPath : `${rawPath}?${rawQuery}`)
const without = (headers: Pairs, ...names: string[]): Pairs =>
  headers.filter(([name]) => !names.includes(name))

/** What each proxy makes of a client's request. */
const proxies = {
  nginx: (signed: SignedRequest) => {
    const length = signed.headers.find(([name]) => name === 'content-length')?.[1]
    const headers: Pairs = [
      ...without(signed.headers, 'content-length'),
      ['x-original-method', signed.method],
      ['x-original-uri', uriOf(signed)],
      ...(length === undefined ? [] : ([['x-original-content-length', length]] as const)),
    ]
    return { method: 'GET', headers }
  },
  envoy: (signed: SignedRequest) => ({
    method: signed.method,
    rawPath: `/v1/verify${signed.rawPath}`,
    rawQuery: signed.rawQuery,
    headers: [...without(signed.headers, 'content-length'), ['content-length', '0']] as Pairs,
  }),
  traefik: (signed: SignedRequest) => ({
    method: 'GET',
    headers: [
      ...without(signed.headers, 'host', 'content-length'),
      ['host', 'rolegate.internal:8080'],
      ['x-forwarded-method', signed.method],
      ['x-forwarded-proto', 'https'],
      ['x-forwarded-host', signed.headers.find(([name]) => name === 'host')?.[1] ?? ''],
      ['x-forwarded-uri', uriOf(signed)],
    ] as Pairs,
  }),
} as const
const shapes = Object.entries(proxies)

const codeOf = ({ body }: WireResponse) => (JSON.parse(body) as { readonly code: string }).code

describe.each(shapes)('behind %s', (_name, forwarded) => {
  it('a client that may is let through, and the upstream told who it is', async () => {
    const client = house.session('Reader', {
      sourceIdentity: 'ada',
      tags: new Map([
        ['Department', 'R&D=1'],
        ['Süd', 'ja'],
      ]),
    })
    const signed = await house.signed(client, { query: { a: ['2', '1'], b: 'x y' } })
    const { status, headers, body } = await house.check(forwarded(signed))
    expect(status).toBe(200)
    expect(body).toBe('')
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'x-rolegate-arn': `arn:aws:sts::${homeAccount}:assumed-role/Reader/ada`,
      'x-rolegate-account': homeAccount,
      'x-rolegate-user-id': expect.stringMatching(/^AROA.*:ada$/),
      'x-rolegate-access-key-id': client.accessKeyId,
      'x-rolegate-source-identity': 'ada',
      'x-rolegate-session-tags': 'Department=R%26D%3D1&S%C3%BCd=ja',
      'x-rolegate-content-sha256': sha256Hex(''),
      'x-rolegate-request-id': headers['x-amzn-requestid'],
    })
  })

  it('a header without a value is sent all the same, so that the client’s own does not remain', async () => {
    const { headers } = await house.check(forwarded(await house.signed(house.robotKey)))
    expect(headers).toMatchObject({ 'x-rolegate-source-identity': '', 'x-rolegate-session-tags': '' })
  })

  it('a client that may not is told so, and what it is not allowed', async () => {
    const signed = await house.signed(house.session('Reader'), { path: '/secret/may' })
    const answer = await house.check(forwarded(signed))
    expect(answer.status).toBe(403)
    expect(JSON.parse(answer.body)).toMatchObject({
      code: 'AccessDenied',
      message: `User: arn:aws:sts::${homeAccount}:assumed-role/Reader/ada is not authorized to perform: reports:GET on resource: arn:aws:reports::${homeAccount}:secret/may`,
    })
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('x-rolegate'))).toEqual([])
  })

  it('nobody comes in unsigned, with what was altered, or too late', async () => {
    const client = house.session('Reader')
    const signed = await house.signed(client)
    const bare = forwarded({ ...signed, headers: [['host', reportsHost]] })
    const missing = await house.check(bare)
    expect([missing.status, codeOf(missing)]).toEqual([401, 'MissingAuthenticationToken'])
    expect(missing.headers['www-authenticate']).toBe('AWS4-HMAC-SHA256')
    for (const altered of [{ rawPath: '/2027/june' }, { method: 'POST' }, { rawQuery: 'all=1' }]) {
      const answer = await house.check(forwarded({ ...signed, ...altered }))
      expect([answer.status, codeOf(answer)]).toEqual([401, 'SignatureDoesNotMatch'])
    }
    house.revoked.add(client.accessKeyId)
    expect(codeOf(await house.check(forwarded(signed)))).toBe('ExpiredToken')
    house.revoked.clear()
    house.clock.advance(901)
    expect(codeOf(await house.check(forwarded(signed)))).toBe('SignatureDoesNotMatch')
    house.clock.advance(3_600)
    expect(codeOf(await house.check(forwarded(await house.signed(client))))).toBe('ExpiredToken')
  })

  it('a presigned request is enough', async () => {
    const signed = await presign(
      house.session('Reader'),
      { host: reportsHost, service: 'reports', path: '/2027/may' },
      house.clock.now(),
      3_600,
    )
    house.clock.advance(3_500)
    expect((await house.check(forwarded(signed))).status).toBe(200)
    house.clock.advance(200)
    expect((await house.check(forwarded(signed))).status).toBe(401)
  })

  it('what was signed for STS, or for another host or name, is worth nothing', async () => {
    const client = house.session('Reader')
    for (const request of [
      { service: 'sts' },
      { service: 'rolegate' },
      { host: 'evil.example.test' },
      { host: 'uploads.example.test' },
    ]) {
      const signed = await house.signed(client, request)
      const moved = signed.headers.map(
        ([name, value]) => [name, name === 'host' ? reportsHost : value] as const,
      )
      expect((await house.check(forwarded({ ...signed, headers: moved }))).status).toBe(401)
    }
  })

  it('a host that belongs to no service lets nobody in', async () => {
    const signed = await house.signed(house.session('Reader'), { host: 'unknown.example.test' })
    const answer = await house.check(forwarded(signed))
    expect([answer.status, codeOf(answer)]).toEqual([403, 'UnknownService'])
  })

  it.each(['/public/../secret/x', '//secret/x', '/secret%2fx', '/public/%2e%2e/secret/x', '/secret;v=1/x'])(
    'the path %s is refused, however it was signed',
    async (path) => {
      const signed = await house.signed(house.session('Reader'))
      const answer = await house.check(forwarded({ ...signed, rawPath: path }))
      expect([answer.status, codeOf(answer)]).toEqual([403, 'AmbiguousRequest'])
    },
  )

  it('a body is covered by what the client declared, and the upstream told what that was', async () => {
    const signed = await house.signed(house.session('Reader'), { method: 'POST', body: '{"a":1}' })
    const { status, headers } = await house.check(forwarded(signed))
    expect(status).toBe(200)
    expect(headers['x-rolegate-content-sha256']).toBe(sha256Hex('{"a":1}'))
  })

  it('an unsigned body is for services that take one', async () => {
    const unsigned = { method: 'POST', body: 'x', headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } }
    const client = house.session('Reader')
    const strict = await house.check(forwarded(await house.signed(client, unsigned)))
    expect(strict.status).toBe(401)
    const open = await house.check(
      forwarded(await house.signed(client, { ...unsigned, host: 'uploads.example.test' })),
    )
    expect(open.status).toBe(200)
    expect(open.headers['x-rolegate-content-sha256']).toBe('UNSIGNED-PAYLOAD')
  })

  it('the service’s own policy lets in principals of other accounts', async () => {
    const foreign = house.session('ForeignReader')
    const here = await house.check(forwarded(await house.signed(foreign)))
    expect(here.status).toBe(403)
    const there = await house.check(forwarded(await house.signed(foreign, { host: 'uploads.example.test' })))
    expect(there.status).toBe(200)
  })
})

describe('a request that could be read in two ways', () => {
  it.each(['x-forwarded-uri', 'x-original-uri', 'x-original-method', 'x-forwarded-host'])(
    'is not let through by a client that adds or repeats %s behind nginx',
    async (name) => {
      const signed = await house.signed(house.session('Reader'), { path: '/2027/may' })
      const honest = proxies.nginx({ ...signed, rawPath: '/secret/x' })
      for (const value of ['/2027/may', 'GET']) {
        const headers: Pairs = [[name, value], ...honest.headers]
        expect((await house.check({ ...honest, headers })).status).toBeGreaterThan(400)
      }
    },
  )

  it('is refused behind Envoy and Traefik when the client brings nginx’s headers', async () => {
    const signed = await house.signed(house.session('Reader'), { path: '/2027/may' })
    for (const forwarded of [proxies.envoy, proxies.traefik]) {
      const honest = forwarded({ ...signed, rawPath: '/secret/x' })
      const headers: Pairs = [
        ...honest.headers,
        ['x-original-uri', '/2027/may'],
        ['x-original-method', 'GET'],
      ]
      const answer = await house.check({ ...honest, headers })
      expect([answer.status, codeOf(answer)]).toEqual([403, 'AmbiguousRequest'])
    }
  })

  it('is refused when the proxy does not say what it is about', async () => {
    const signed = await house.signed(house.session('Reader'))
    const whole = proxies.nginx(signed)
    for (const missing of ['x-original-uri', 'x-original-method', 'host']) {
      const answer = await house.check({ ...whole, headers: without(whole.headers, missing) })
      expect([answer.status, codeOf(answer)]).toEqual([403, 'AmbiguousRequest'])
    }
  })

  it('is refused for a method that no action can be named after', async () => {
    const signed = await house.signed(house.session('Reader'), { method: 'M-SEARCH' })
    expect((await house.check(proxies.nginx(signed))).status).toBe(403)
  })

  it('is refused when it has a body that the signature does not cover', async () => {
    const signed = await house.signed(house.session('Reader'))
    const { headers } = proxies.nginx({
      ...signed,
      headers: signed.headers.filter(([name]) => name !== 'x-amz-content-sha256'),
    })
    for (const body of [
      ['x-original-content-length', '5'],
      ['x-original-transfer-encoding', 'chunked'],
    ] as const) {
      expect((await house.check({ headers: [...headers, body] })).status).toBe(401)
    }
    const declaredEmpty = proxies.nginx(signed)
    const answer = await house.check({
      headers: [...declaredEmpty.headers, ['x-original-content-length', '5']],
    })
    expect([answer.status, codeOf(answer)]).toEqual([401, 'SignatureDoesNotMatch'])
  })
})

describe('when it cannot be known', () => {
  it('the proxy is asked to come again', async () => {
    const request = proxies.nginx(await house.signed(house.session('Reader')))
    house.storeDown = true
    const unknown = await house.check(request)
    expect([unknown.status, unknown.headers['retry-after']]).toEqual([503, '1'])
    house.storeDown = false
    house.auditDown = true
    expect((await house.check(request)).status).toBe(503)
  })
})

describe('the record of a request to an upstream', () => {
  it('is a data event of the client with the decision', async () => {
    const client = house.session('Reader')
    await house.check(proxies.nginx(await house.signed(client)))
    await house.check(proxies.nginx(await house.signed(client, { path: '/secret/x' })))
    expect(house.events).toMatchObject([
      {
        eventName: 'Verify',
        eventCategory: 'Data',
        awsRegion: 'eu-central-1',
        userIdentity: { accessKeyId: client.accessKeyId },
        requestParameters: {
          service: 'reports',
          questions: [{ action: 'reports:GET', outcome: 'allowed' }],
        },
        resources: [{ ARN: `arn:aws:reports::${homeAccount}:2027/may`, accountId: homeAccount }],
      },
      { errorCode: 'AccessDenied', requestParameters: { questions: [{ outcome: 'explicitDeny' }] } },
    ])
  })

  it('says whose token it was, and that nothing was proven, when the signature is wrong', async () => {
    const client = house.session('Reader')
    const signed = await house.signed(client)
    await house.check(proxies.nginx({ ...signed, rawPath: '/other' }))
    expect(house.events[0]).toMatchObject({
      errorCode: 'SignatureDoesNotMatch',
      userIdentity: { accessKeyId: client.accessKeyId },
      additionalEventData: { identityProven: false },
    })
  })
})
