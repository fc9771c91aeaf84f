/** AssumeRoleWithSAML: a caller brings the assertion, and is told what AWS would tell. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { IdentityProvider } from '../../../src/federation/assertion.js'
import { base64, openLab } from './lab/lab.js'
import type { Lab } from './lab/lab.js'
import { makeMessage } from './lab/message.js'
import type { MessageSpec } from './lab/message.js'
import { makeKeyAndCertificate } from '../../support/saml-certificate.js'

const aws = 'https://aws.amazon.com/SAML/Attributes/'
const extraRecipient = 'https://broker.example/saml'
const extraAudience = 'urn:amazon:webservices'
let lab: Lab
let provider: IdentityProvider
let count = 0

beforeAll(async () => {
  lab = await openLab()
  provider = await lab.provider({ extraRecipients: [extraRecipient], extraAudiences: [extraAudience] })
})

afterAll(() => lab.close())

async function token(spec: MessageSpec = {}): Promise<string> {
  const { xml } = await makeMessage(
    {
      attributes: { [`${aws}RoleSessionName`]: ['ada'], ...spec.attributes },
      ...spec,
      assertion: { ID: `_token${count++}`, ...spec.assertion },
      response: { InResponseTo: null, ...spec.response },
      confirmation: { InResponseTo: null, ...spec.confirmation },
    },
    { ...lab.around, now: lab.clock.now() },
  )
  return base64(xml)
}

describe('an unsolicited assertion', () => {
  it('is accepted once', async () => {
    const brought = await token()

    await expect(provider.token!.verify(brought)).resolves.toMatchObject({
      subject: 'ada',
      roleSessionName: 'ada',
    })
    await expect(provider.token!.verify(brought)).rejects.toMatchObject({
      code: 'InvalidAssertion',
      reason: 'saml:replay',
    })
  })

  it('may be made for the addresses and audiences that the configuration adds', async () => {
    const brought = await token({
      response: { Destination: extraRecipient },
      confirmation: { Recipient: extraRecipient },
      audiences: [['urn:other', extraAudience]],
    })

    const assertion = await provider.token!.verify(brought)

    expect(assertion.audience).toBe(extraAudience)
    expect(assertion.conditionKeys.get('saml:aud')).toBe(extraRecipient)
  })

  it('reads role pairs in either order, tags and the session', async () => {
    const role = 'arn:aws:iam::111122223333:role/team/Reader'
    const saml = 'arn:aws:iam::111122223333:saml-provider/corp'
    const assertion = await provider.token!.verify(
      await token({
        attributes: {
          [`${aws}Role`]: [`${role},${saml}`, `${saml} , ${role}2`, 'nonsense', `${role},${role}`],
          [`${aws}RoleSessionName`]: ['ada'],
          [`${aws}SessionDuration`]: ['1000000000'],
          [`${aws}PrincipalTag:team`]: ['engine'],
          [`${aws}TransitiveTagKeys`]: ['team'],
          [`${aws}SourceIdentity`]: ['ada'],
        },
      }),
    )

    expect(assertion.roleClaims).toEqual([
      { roleArn: role, providerArn: saml },
      { roleArn: `${role}2`, providerArn: saml },
    ])
    expect(assertion.maxSessionSeconds).toBe(129_600)
    expect([...assertion.tags]).toEqual([['team', 'engine']])
    expect(assertion.transitiveTagKeys).toEqual(['team'])
    expect(assertion.sourceIdentity).toBe('ada')
  })

  it.each<[string, MessageSpec, string, string, string]>([
    [
      'a signature of a stranger',
      { assertionSignature: { key: 'stranger', keyInfo: 'none' } },
      'InvalidAssertion',
      'saml:signature',
      'Response signature invalid',
    ],
    ['no signature', { signs: 'none' }, 'InvalidAssertion', 'saml:unsigned', 'Response signature invalid'],
    [
      'another issuer',
      { issuer: 'https://other.example' },
      'InvalidAssertion',
      'saml:issuer',
      'Issuer not present in specified provider',
    ],
    [
      'another audience',
      { audiences: [['https://other.example']] },
      'InvalidAssertion',
      'saml:audience',
      'Response does not contain the required audience',
    ],
    [
      'another recipient',
      { confirmation: { Recipient: 'https://other.example' } },
      'InvalidAssertion',
      'saml:recipient',
      'the assertion is not acceptable',
    ],
    [
      'an answer to a request',
      { response: { InResponseTo: '_r' }, confirmation: { InResponseTo: '_r' } },
      'InvalidAssertion',
      'saml:inresponseto',
      'the assertion is not acceptable',
    ],
    [
      'issued five minutes ago',
      { assertion: { IssueInstant: '{now-301}' } },
      'ExpiredAssertion',
      'saml:age',
      'Token must be redeemed within 5 minutes of issuance',
    ],
    [
      'expired',
      { conditions: { NotBefore: '{now-900}', NotOnOrAfter: '{now-61}' } },
      'ExpiredAssertion',
      'saml:conditions',
      'the assertion has expired',
    ],
    [
      'no name',
      { nameId: '' },
      'AccessDenied',
      'saml:subject',
      'Not authorized to perform sts:AssumeRoleWithSAML',
    ],
    [
      'no session name',
      { attributes: { username: ['ada'] } },
      'InvalidAssertion',
      'sts:claims',
      'RoleSessionName is required in AuthnResponse',
    ],
    [
      'a bad session name',
      { attributes: { [`${aws}RoleSessionName`]: ['a b'] } },
      'InvalidAssertion',
      'sts:claims',
      'RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}',
    ],
    [
      'a bad source identity',
      { attributes: { [`${aws}SourceIdentity`]: ['aws:x'] } },
      'InvalidAssertion',
      'sts:claims',
      'Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with "aws:"',
    ],
    [
      'a session tag whose key no tag may have',
      { attributes: { [`${aws}RoleSessionName`]: ['ada'], [`${aws}PrincipalTag:a*`]: ['b'] } },
      'InvalidAssertion',
      'sts:claims',
      'the assertion is not acceptable',
    ],
    [
      'a session tag whose value is too long',
      { attributes: { [`${aws}RoleSessionName`]: ['ada'], [`${aws}PrincipalTag:a`]: ['b'.repeat(257)] } },
      'InvalidAssertion',
      'sts:claims',
      'the assertion is not acceptable',
    ],
    [
      '51 session tags',
      {
        attributes: {
          [`${aws}RoleSessionName`]: ['ada'],
          ...Object.fromEntries(
            Array.from({ length: 51 }, (_, index) => [`${aws}PrincipalTag:k${index}`, ['v']]),
          ),
        },
      },
      'InvalidAssertion',
      'sts:claims',
      'the assertion is not acceptable',
    ],
    [
      'a session tag of the reserved kind',
      { attributes: { [`${aws}RoleSessionName`]: ['ada'], [`${aws}PrincipalTag:aws:userid`]: ['x'] } },
      'InvalidAssertion',
      'saml:session-tag',
      'what the identity provider says about this account cannot be used',
    ],
    [
      'a failure',
      {
        status:
          '<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"></samlp:StatusCode></samlp:Status>',
      },
      'ProviderRejected',
      'saml:status',
      'the identity provider did not accept the request',
    ],
  ])('is refused with the words of AWS: %s', async (_, spec, code, reason, message) => {
    await expect(provider.token!.verify(await token(spec))).rejects.toMatchObject({ code, reason, message })
  })

  it('is refused with one sentence for everything that is wrong behind the encryption (SAML-51)', async () => {
    const good = { attributes: { [`${aws}RoleSessionName`]: ['ada'] } }
    const foreign = { ...lab.around, encryption: makeKeyAndCertificate('somebody else') }
    const specs: readonly (readonly [MessageSpec, string])[] = [
      [{ ...good, encryption: {}, signs: 'none' }, 'saml:unsigned'],
      [
        { ...good, encryption: {}, assertionSignature: { key: 'stranger', keyInfo: 'none' } },
        'saml:signature',
      ],
    ]
    const answers: unknown[] = []
    for (const [spec, reason] of specs) answers.push([await token(spec), reason])
    answers.push([base64((await makeMessage({ ...good, encryption: {} }, foreign)).xml), 'saml:decrypt'])
    for (const [message, reason] of answers as readonly (readonly [string, string])[]) {
      await expect(provider.token!.verify(message)).rejects.toMatchObject({
        code: 'InvalidAssertion',
        reason,
        message: 'the assertion is not acceptable',
      })
    }
  })

  it('is refused when it is not base64 at all', async () => {
    await expect(provider.token!.verify('<Response/>')).rejects.toMatchObject({
      code: 'InvalidAssertion',
      reason: 'saml:parameter',
      message: 'Response signature invalid',
    })
  })

  it('is not used up by a refusal', async () => {
    const id = '_kept'
    const refused = await token({ assertion: { ID: id }, attributes: { username: ['ada'] } })
    const accepted = await token({ assertion: { ID: id } })

    await expect(provider.token!.verify(refused)).rejects.toMatchObject({ reason: 'sts:claims' })
    await expect(provider.token!.verify(accepted)).resolves.toMatchObject({ subject: 'ada' })
  })
})
