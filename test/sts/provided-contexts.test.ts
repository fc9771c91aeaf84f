import { beforeEach, describe, expect, it } from '@jest/globals'
import { Fault } from '../../src/fault.js'
import type { IdentityProvider, ProvidedContext } from '../../src/federation/assertion.js'
import { homeAccount } from '../support/roles.js'
import { arnOf, codeOf, elementOf, stsHouse, type StsHouse } from '../support/sts-house.js'

/** A provider of contexts that knows these assertions, as an adapter that has verified them would answer. */
function contextProvider(
  name: string,
  known: Readonly<Record<string, ProvidedContext['keys']>>,
): IdentityProvider {
  const issuer = `https://${name}.example.test`
  return {
    name,
    kind: 'oidc',
    displayName: name,
    arnResource: `oidc-provider/${name}.example.test`,
    context: {
      verify(token) {
        const keys = known[token]
        if (token === 'old.old.old')
          return Promise.reject(new Fault('ExpiredAssertion', 'Token expired', { reason: 'jwt:expired' }))
        if (keys === undefined)
          return Promise.reject(new Fault('InvalidAssertion', 'Invalid token', { reason: 'jwt:signature' }))
        return Promise.resolve({
          providerArn: `arn:aws:iam::aws:contextProvider/${name}`,
          issuer,
          subject: String(keys.get('sub')),
          keys,
        })
      },
    },
    close: () => Promise.resolve(),
  }
}

const grace = 'grace.grace.grace'
const ada = 'ada.ada.ada'
const onBehalf = { Action: 'AssumeRole', RoleArn: arnOf('OnBehalf'), RoleSessionName: 'agent' }
const context = (position: number, name: string, assertion: string) => ({
  [`ProvidedContexts.member.${position}.ProviderArn`]: `arn:aws:iam::aws:contextProvider/${name}`,
  [`ProvidedContexts.member.${position}.ContextAssertion`]: assertion,
})

let house: StsHouse
beforeEach(async () => {
  house = await stsHouse()
  house.providers = [
    contextProvider('people', {
      [grace]: new Map([['sub', 'grace']]),
      [ada]: new Map([['sub', 'ada']]),
    }),
    contextProvider('devices', {
      [grace]: new Map([
        ['sub', 'grace'],
        ['device', 'laptop'],
      ]),
      [ada]: new Map([['sub', 'laptop-7']]),
    }),
    { ...contextProvider('silent', {}), context: undefined } as unknown as IdentityProvider,
  ]
})

describe('ProvidedContexts', () => {
  const ask = (form: Readonly<Record<string, string>>) =>
    house.call(house.credentialsOf('user'), { ...onBehalf, ...form })

  it('become condition keys, are carried by the session and recorded without the assertion', async () => {
    const response = await ask({ ...context(1, 'people', grace), ...context(2, 'devices', grace) })
    const opened = house.credentials.open(
      elementOf(response, 'AccessKeyId') ?? '',
      elementOf(response, 'SessionToken') ?? '',
    )
    expect(opened?.session).toMatchObject({
      contexts: [
        {
          providerArn: 'arn:aws:iam::aws:contextProvider/people',
          issuer: 'https://people.example.test',
          subject: 'grace',
        },
        { providerArn: 'arn:aws:iam::aws:contextProvider/devices', subject: 'grace' },
      ],
    })
    expect(house.events[0]?.requestParameters).toMatchObject({
      providedContexts: [
        { providerArn: 'arn:aws:iam::aws:contextProvider/people' },
        { providerArn: 'arn:aws:iam::aws:contextProvider/devices' },
      ],
    })
    expect(JSON.stringify(house.events)).not.toContain(grace)
  })

  const user = `User: arn:aws:iam::${homeAccount}:user/services/deploy`
  it.each([
    [
      'another person than the role takes',
      context(1, 'people', ada),
      'AccessDenied',
      `${user} is not authorized to perform: sts:AssumeRole on resource: ${arnOf('OnBehalf')}`,
    ],
    [
      'a provider that nobody declared',
      context(1, 'absent', grace),
      'AccessDenied',
      `${user} is not authorized to perform: sts:SetContext on resource: ${arnOf('OnBehalf')}`,
    ],
    [
      'a provider that vouches for no contexts',
      context(1, 'silent', grace),
      'AccessDenied',
      `${user} is not authorized to perform: sts:SetContext on resource: ${arnOf('OnBehalf')}`,
    ],
    ['an assertion of a stranger', context(1, 'people', 'x.y.z'), 'InvalidIdentityToken', 'Invalid token'],
    [
      'an assertion that is too old',
      context(1, 'people', 'old.old.old'),
      'ExpiredTokenException',
      'Token expired',
    ],
    [
      'two words about one key',
      { ...context(1, 'people', grace), ...context(2, 'devices', ada) },
      'InvalidParameterValue',
      'The provided contexts say different things about `sub`.',
    ],
  ])('of %s open nothing', async (_what, form, code, message) => {
    const response = await ask(form)
    expect([codeOf(response), elementOf(response, 'Message')]).toEqual([code, message])
    expect(house.events).toMatchObject([{ errorCode: code, responseElements: null }])
  })

  it('need sts:SetContext', async () => {
    const response = await ask({ ...context(1, 'people', grace), RoleArn: arnOf('WithMfa'), ...mfaNeeded() })
    expect(elementOf(response, 'Message')).toBe(
      `${user} is not authorized to perform: sts:SetContext on resource: ${arnOf('WithMfa')}`,
    )
    expect(house.events[0]?.additionalEventData).toMatchObject({ reason: 'sts:set-context' })
  })

  it('do not use an MFA code up when they are refused', async () => {
    const refused = await ask({ ...context(1, 'people', 'x.y.z'), ...mfaNeeded() })
    expect(codeOf(refused)).toBe('InvalidIdentityToken')
    const response = await ask({ RoleArn: arnOf('WithMfa'), ...mfaNeeded() })
    expect(response.status).toBe(200)
  })

  it('belong into the body', async () => {
    const query = { Version: '2011-06-15', ...onBehalf, ...context(1, 'people', grace) }
    const response = await house.call(house.credentialsOf('user'), {}, { method: 'GET', query, body: '' })
    expect(codeOf(response)).toBe('InvalidParameterValue')
  })
})

function mfaNeeded() {
  return { SerialNumber: `arn:aws:iam::${homeAccount}:mfa/services/deploy`, TokenCode: '492039' }
}
