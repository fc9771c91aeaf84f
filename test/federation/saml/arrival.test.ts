/** What arrives at the callback before anything is verified, and an assertion that arrives more than once. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Arrival, IdentityProvider } from '../../../src/federation/assertion.js'
import { formArrival } from '../../support/saml-idp.js'
import { base64, openLab, post } from './lab/lab.js'
import type { Lab } from './lab/lab.js'
import { makeMessage } from './lab/message.js'

let lab: Lab
let provider: IdentityProvider

beforeAll(async () => {
  lab = await openLab()
  provider = await lab.provider()
})

afterAll(() => lab.close())

async function arrive(change: (arrival: Arrival) => Arrival) {
  const { pending, around } = await lab.begin(provider)
  const { xml } = await makeMessage({ assertion: { ID: `_${pending.id}` } }, around)
  const arrival = formArrival({ SAMLResponse: base64(xml), RelayState: pending.id })
  return provider.redirect!.complete(change(arrival), pending)
}

const rewrite = (find: RegExp, replacement: string) => (arrival: Arrival) => ({
  ...arrival,
  rawBody: arrival.rawBody.replace(find, replacement),
})

describe('the form', () => {
  it.each<[string, (arrival: Arrival) => Arrival, string]>([
    [
      'SAML-54 by GET',
      (it) => ({ method: 'GET', rawQuery: it.rawBody, rawBody: '' }),
      'InvalidAssertion saml:binding',
    ],
    ['SAML-54 a request', rewrite(/SAMLResponse/, 'SAMLRequest'), 'InvalidAssertion saml:binding'],
    ['SAML-54 an artifact', rewrite(/$/, '&SAMLart=AAQ'), 'InvalidAssertion saml:binding'],
    ['SAML-54 SimpleSign', rewrite(/$/, '&SigAlg=x&Signature=y'), 'InvalidAssertion saml:binding'],
    ['SAML-55 nothing', rewrite(/.*/s, ''), 'InvalidRequest saml:parameter'],
    [
      'SAML-55 an empty response',
      rewrite(/SAMLResponse=[^&]*/, 'SAMLResponse='),
      'InvalidRequest saml:parameter',
    ],
    ['SAML-55 two responses', rewrite(/$/, '&SAMLResponse=AAAA'), 'InvalidRequest saml:parameter'],
    ['SAML-55 two RelayStates', rewrite(/$/, '&RelayState=x'), 'InvalidRequest saml:parameter'],
    ['SAML-55 an array', rewrite(/SAMLResponse=/, 'SAMLResponse[]='), 'InvalidRequest saml:parameter'],
    ['SAML-55 JSON', rewrite(/.*/s, '{"SAMLResponse":1}'), 'InvalidRequest saml:parameter'],
    [
      'SAML-55 raw XML',
      rewrite(/SAMLResponse=[^&]*/, 'SAMLResponse=%3Cx%2F%3E'),
      'InvalidRequest saml:parameter',
    ],
    ['SAML-55 noise', rewrite(/SAMLResponse=[^&]*/, 'SAMLResponse=%%%'), 'InvalidRequest saml:parameter'],
    [
      'SAML-55 base64url',
      rewrite(/SAMLResponse=[^&]*/, 'SAMLResponse=_-_-'),
      'InvalidRequest saml:parameter',
    ],
    [
      'SAML-56 longer than any',
      rewrite(/SAMLResponse=[^&]*/, `SAMLResponse=${'A'.repeat(200_000)}`),
      'InvalidAssertion saml:size',
    ],
    [
      'SAML-32 another RelayState',
      rewrite(/RelayState=[^&]*/, 'RelayState=other'),
      'InvalidAssertion saml:relaystate',
    ],
    ['SAML-32 no RelayState', rewrite(/&RelayState=[^&]*/, ''), 'InvalidAssertion saml:relaystate'],
  ])('is refused: %s', async (_, change, expected) => {
    const [code, reason] = expected.split(' ')
    await expect(arrive(change)).rejects.toMatchObject({ code, reason })
  })

  it('may have line breaks inside the base64', async () => {
    await expect(arrive(rewrite(/(SAMLResponse=.{76})/, '$1%0D%0A'))).resolves.toMatchObject({
      subject: 'ada',
    })
  })

  it('is too late after ten minutes', async () => {
    const { pending, around } = await lab.begin(provider)
    const { xml } = await makeMessage({ assertion: { ID: '_late' } }, around)
    lab.clock.advance(600)
    await expect(post(provider, pending, xml)).rejects.toMatchObject({
      code: 'ExpiredAssertion',
      reason: 'saml:inresponseto',
    })
  })
})

describe('an assertion that was used (SAML-31)', () => {
  it('is refused the second time, in a new response and after its own end too', async () => {
    const { pending, around } = await lab.begin(provider)
    const { xml } = await makeMessage({ assertion: { ID: '_once' } }, around)
    const wrappedAgain = xml.replace('_response', '_another')

    await expect(post(provider, pending, xml)).resolves.toMatchObject({ subject: 'ada' })
    await expect(post(provider, pending, xml)).rejects.toMatchObject({ reason: 'saml:replay' })
    await expect(post(provider, pending, wrappedAgain)).rejects.toMatchObject({ reason: 'saml:replay' })
    lab.clock.advance(359)
    await expect(post(provider, pending, xml)).rejects.toMatchObject({ reason: 'saml:replay' })
    lab.clock.advance(1)
    await expect(post(provider, pending, xml)).rejects.toMatchObject({ code: 'ExpiredAssertion' })
  })

  it('signs one of eight in when it is delivered eight times at once, to two nodes', async () => {
    const other = await lab.provider()
    const { pending, around } = await lab.begin(provider)
    const { xml } = await makeMessage({ assertion: { ID: '_eight' } }, around)

    const deliveries = await Promise.allSettled(
      Array.from({ length: 8 }, (_, i) => post(i % 2 === 0 ? provider : other, pending, xml)),
    )

    expect(deliveries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const delivery of deliveries) {
      if (delivery.status === 'rejected') expect(delivery.reason).toMatchObject({ reason: 'saml:replay' })
    }
  })

  it('is not accepted when nobody can say whether it was used', async () => {
    const { pending, around } = await lab.begin(provider)
    const broken = await openLab()
    const unstored = await broken.provider()
    await broken.close()
    const { xml } = await makeMessage(
      { assertion: { ID: '_unstored' } },
      { ...around, keys: broken.around.keys, now: broken.clock.now() },
    )
    const there = { ...pending, expiresAt: new Date(broken.clock.now().getTime() + 600_000) }

    await expect(post(unstored, there, xml)).rejects.toMatchObject({ code: 'StoreUnavailable' })
  })
})
