import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { IdentityProvider } from '../../../src/federation/assertion.js'
import { createOidcProvider } from '../../../src/federation/oidc/provider.js'
import { testClock, type TestClock } from '../../support/clock.js'
import { oidcSettings } from '../../support/oidc-provider.js'
import { keptLog } from '../../support/silent-log.js'
import { json, startHostileIssuer, type Handler, type HostileIssuer } from './hostile-issuer.js'

describe('the keys of an issuer', () => {
  let clock: TestClock
  let issuer: HostileIssuer
  let provider: IdentityProvider
  let serveKeys: Handler
  beforeEach(async () => {
    clock = testClock()
    issuer = await startHostileIssuer(clock.now)
    serveKeys = issuer.routes.get('/jwks')!
    provider = create()
  })
  afterEach(async () => {
    await provider.close()
    await issuer.close()
  })

  const create = (): IdentityProvider =>
    createOidcProvider(oidcSettings(issuer.issuer, { timeoutMs: 300 }), { now: clock.now, log: keptLog() })
  const verify = (token = issuer.sign()): Promise<unknown> => provider.token!.verify(token)
  const fetches = (path = '/jwks'): number => issuer.asked.filter((each) => each === path).length
  const unknownKid = (kid = 'unknown'): string => issuer.sign({ header: { kid } })

  it('are fetched once for many tokens at a time', async () => {
    await Promise.all(Array.from({ length: 50 }, () => verify()))
    expect([fetches(), fetches('/.well-known/openid-configuration')]).toEqual([1, 1])
  })

  it('JOSE-26 may share an id: the one that was meant verifies', async () => {
    issuer.keys = [{ ...issuer.attackerKey, kid: 'rsa' }, ...issuer.keys]
    await expect(verify()).resolves.toMatchObject({ subject: 'repo:acme/web' })
  })

  it('may have no id, and then every one that fits is tried', async () => {
    issuer.keys = issuer.keys.map(({ kid, ...key }) => ({ ...key, x: kid }))
    await expect(verify(issuer.sign({ omit: ['kid'] }))).resolves.toBeDefined()
    await expect(verify()).rejects.toMatchObject({ reason: 'jwt:kid' })
  })

  it('JOSE-27 are fetched at most twice a minute, however many unknown ids come', async () => {
    await verify()
    for (let second = 0; second < 60; second++) {
      const flood = Array.from({ length: 5 }, (_, index) => verify(unknownKid(`${second}-${index}`)))
      const outcomes = await Promise.allSettled(flood)
      expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
      clock.advance(1)
    }
    expect(fetches()).toBeLessThanOrEqual(2)
  })

  it('JOSE-30 that are new are honoured within 35 seconds even during a flood of unknown ids', async () => {
    await verify()
    issuer.rotate()
    const fresh = (): string => issuer.sign({ key: String(issuer.keys[0]?.kid) })
    let waited = 0
    while ((await settled(verify(fresh()))) !== 'fulfilled') {
      await settled(verify(unknownKid(String(waited))))
      clock.advance(1)
      waited += 1
    }
    expect(waited).toBeLessThanOrEqual(35)
  })

  it('JOSE-30 that were withdrawn stop verifying once the cache is five minutes old', async () => {
    const token = issuer.sign({ claims: { exp: Math.floor(clock.now().getTime() / 1000) + 3_600 } })
    await verify(token)
    issuer.rotate()
    clock.advance(301)
    await expect(verify(token)).rejects.toMatchObject({ reason: 'jwt:kid' })
  })

  const faults: readonly (readonly [string, Handler])[] = [
    ['503', (_request, response) => json(response, {}, 503)],
    ['a page', (_request, response) => void response.writeHead(200).end('<html>')],
    ['garbage', (_request, response) => void response.writeHead(200).end('{"keys":')],
    ['a list', (_request, response) => json(response, [])],
    ['an empty set', (_request, response) => json(response, { keys: [] })],
    ['no keys member', (_request, response) => json(response, { keys: 'none' })],
    ['300 keys', (_request, response) => json(response, { keys: Array.from({ length: 300 }, () => ({})) })],
    ['50 megabytes', flood],
    ['a slow drip', drip],
    ['no answer', () => undefined],
    ['a closed connection', (request) => void request.socket.destroy()],
    [
      'a redirect to another host',
      (_request, response) => void response.writeHead(302, { location: 'http://localhost:9/jwks' }).end(),
    ],
    [
      'a redirect in circles',
      (_request, response) => void response.writeHead(302, { location: '/jwks' }).end(),
    ],
  ]

  it.each(faults)('JOSE-29 that are known go on working when the issuer sends %s', async (_name, fault) => {
    await verify()
    issuer.routes.set('/jwks', fault)
    clock.advance(400)
    await expect(verify()).resolves.toBeDefined()
    await expect(verify(unknownKid())).rejects.toMatchObject({
      code: 'ProviderUnavailable',
      reason: 'oidc:transport',
    })
    clock.advance(30)
    issuer.routes.set('/jwks', serveKeys)
    await expect(verify(unknownKid())).rejects.toMatchObject({ reason: 'jwt:kid' })
  })

  it.each(faults)('JOSE-29 cannot be had at first when the issuer sends %s', async (_name, fault) => {
    issuer.routes.set('/jwks', fault)
    await expect(verify()).rejects.toMatchObject({ code: 'ProviderUnavailable', reason: 'oidc:transport' })
    issuer.routes.set('/jwks', serveKeys)
    clock.advance(2)
    await expect(verify()).resolves.toBeDefined()
  })

  it('JOSE-28 may move to another path of the same host', async () => {
    issuer.routes.set(
      '/jwks',
      (_request, response) => void response.writeHead(302, { location: '/new' }).end(),
    )
    issuer.routes.set('/new', serveKeys)
    await expect(verify()).resolves.toBeDefined()
  })

  it('serve for a day without the issuer and not longer', async () => {
    const exp = Math.floor(clock.now().getTime() / 1000) + 200_000
    const token = issuer.sign({ claims: { exp } })
    await verify(token)
    issuer.routes.clear()
    clock.advance(86_000)
    await expect(verify(token)).resolves.toBeDefined()
    clock.advance(1_000)
    await expect(verify(token)).rejects.toMatchObject({ code: 'ProviderUnavailable' })
  })

  it('are asked for less and less often while the issuer is down', async () => {
    issuer.routes.clear()
    for (let second = 0; second < 120; second++) {
      await settled(verify())
      clock.advance(1)
    }
    expect(fetches('/.well-known/openid-configuration')).toBeLessThanOrEqual(8)
  })

  it('OIDC-19 are not looked for at an issuer that calls itself otherwise', async () => {
    issuer.discovery = { issuer: `${issuer.issuer}/` }
    await expect(verify()).rejects.toMatchObject({ code: 'ProviderUnavailable' })
    expect(fetches()).toBe(0)
  })

  it('are fetched again after the clock was set back', async () => {
    await verify()
    issuer.rotate()
    clock.advance(-3_600)
    const token = issuer.sign({ key: String(issuer.keys[0]?.kid) })
    await expect(verify(token)).resolves.toBeDefined()
  })
})

async function settled(outcome: Promise<unknown>): Promise<string> {
  const [{ status }] = await Promise.allSettled([outcome])
  return status
}

function flood(_request: IncomingMessage, response: ServerResponse): void {
  const chunk = Buffer.alloc(65_536, 32)
  let left = 800
  const more = (): void => {
    while (left-- > 0 && response.write(chunk));
    if (left > 0) response.once('drain', more)
    else response.end()
  }
  more()
}

function drip(_request: IncomingMessage, response: ServerResponse): void {
  const timer = setInterval(() => response.write(' '), 20)
  response.on('close', () => clearInterval(timer))
}
