import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { OidcSettings } from '../../../src/federation/settings.js'
import { createOidcProvider } from '../../../src/federation/oidc/provider.js'
import { testClock } from '../../support/clock.js'
import { oidcSettings } from '../../support/oidc-provider.js'
import { keptLog } from '../../support/silent-log.js'
import { startHostileIssuer, type HostileIssuer } from './hostile-issuer.js'

const clock = testClock()
const seconds = Math.floor(clock.now().getTime() / 1000)

describe('a context assertion', () => {
  let issuer: HostileIssuer
  beforeAll(async () => {
    issuer = await startHostileIssuer(clock.now)
  })
  afterAll(() => issuer.close())

  const provider = (change: Partial<OidcSettings> = {}) =>
    createOidcProvider(
      oidcSettings(issuer.issuer, {
        contextAssertions: true,
        attributes: [
          { from: 'user.id', to: 'UserId', list: false },
          { from: 'teams', to: 'teams', list: true },
        ],
        ...change,
      }),
      { now: clock.now, log: keptLog() },
    )

  it('says the subject and what is mapped, and nothing else', async () => {
    const claims = { user: { id: 'u-1' }, teams: 'blue', department: 'Finance', SUB: 'somebody' }
    const context = await provider().context!.verify(issuer.sign({ claims }))
    expect(context).toEqual({
      providerArn: 'arn:aws:iam::aws:contextProvider/corp',
      issuer: issuer.issuer,
      subject: 'repo:acme/web',
      keys: new Map<string, string | readonly string[]>([
        ['userid', 'u-1'],
        ['teams', ['blue']],
        ['sub', 'repo:acme/web'],
      ]),
    })
  })

  it('has the subject under its name, whatever a mapping says', async () => {
    const attributes = [{ from: 'name', to: 'sub', list: false }]
    const context = await provider({ attributes }).context!.verify(issuer.sign({ claims: { name: 'x' } }))
    expect([...context.keys]).toEqual([['sub', 'repo:acme/web']])
  })

  it('is only taken from providers that are trusted with it', () => {
    expect(provider({ contextAssertions: false }).context).toBeUndefined()
    const untold = oidcSettings(issuer.issuer)
    expect(createOidcProvider(untold, { now: clock.now, log: keptLog() }).context).toBeUndefined()
  })

  it.each([
    ['another audience', { claims: { aud: 'other' } }, 'InvalidAssertion', 'jwt:aud'],
    ['another issuer', { claims: { iss: 'https://issuer.example' } }, 'InvalidAssertion', 'jwt:iss'],
    ['no subject', { omit: ['sub'] }, 'InvalidAssertion', 'jwt:sub'],
    ['an end in the past', { claims: { exp: seconds - 61 } }, 'ExpiredAssertion', 'jwt:exp'],
    ['a foreign key', { header: { kid: 'rsa' }, key: 'attacker' }, 'InvalidAssertion', 'jwt:signature'],
    ['alg none', { header: { alg: 'none' } }, 'InvalidAssertion', 'jwt:alg'],
    ['HS256', { header: { alg: 'HS256' }, key: 'hmac:spki-pem' }, 'InvalidAssertion', 'jwt:alg'],
    ['the type of an access token', { header: { typ: 'at+jwt' } }, 'InvalidAssertion', 'jwt:typ'],
    ['a logout event', { claims: { events: {} } }, 'InvalidAssertion', 'jwt:typ'],
    ['two ids', { claims: { user: { id: ['a', 'b'] } } }, 'InvalidAssertion', 'oidc:attribute-values'],
  ])('is refused with %s', async (_what, parts, code, reason) => {
    await expect(provider().context!.verify(issuer.sign(parts))).rejects.toMatchObject({ code, reason })
  })
})
