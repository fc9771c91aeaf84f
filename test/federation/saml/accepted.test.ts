/** What must be accepted, so that the refusals in `hostile.test.ts` mean something. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { IdentityProvider } from '../../../src/federation/assertion.js'
import { base64Of, makeKeyAndCertificate } from '../../support/saml-certificate.js'
import { openLab, post } from './lab/lab.js'
import type { Lab } from './lab/lab.js'
import { makeMessage } from './lab/message.js'
import type { MessageSpec } from './lab/message.js'

let lab: Lab
let provider: IdentityProvider

beforeAll(async () => {
  lab = await openLab()
  provider = await lab.provider()
})

afterAll(() => lab.close())

async function accept(spec: MessageSpec, at = provider) {
  const { pending, around } = await lab.begin(at)
  const { xml } = await makeMessage({ assertion: { ID: `_a${pending.id}` }, ...spec }, around)
  return post(at, pending, xml)
}

describe('a good message', () => {
  it.each<[string, MessageSpec]>([
    ['signed on the assertion', { signs: 'assertion' }],
    ['signed on the response', { signs: 'response' }],
    ['signed on both', { signs: 'both' }],
    ['encrypted, the assertion signed', { signs: 'assertion', encryption: {} }],
    ['encrypted, the response signed', { signs: 'response', encryption: {} }],
    ['encrypted, both signed', { signs: 'both', encryption: {} }],
    ['encrypted with AES-128-GCM', { encryption: { content: 'http://www.w3.org/2009/xmlenc11#aes128-gcm' } }],
    ['without KeyInfo', { assertionSignature: { keyInfo: 'none' } }],
    ['signed with the second certificate', { assertionSignature: { key: 'next', keyInfo: 'next' } }],
    [
      'signed with the second certificate, without KeyInfo',
      { assertionSignature: { key: 'next', keyInfo: 'none' } },
    ],
    [
      'signed by RSA-SHA512',
      {
        assertionSignature: {
          algorithm: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512',
          digest: 'http://www.w3.org/2001/04/xmlenc#sha512',
        },
      },
    ],
    [
      'signed by RSA-PSS',
      { assertionSignature: { algorithm: 'http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1' } },
    ],
    [
      'canonical with a list of prefixes, as OpenSAML writes it',
      {
        assertionSignature: {
          transforms: [
            'http://www.w3.org/2000/09/xmldsig#enveloped-signature',
            '<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"><ec:InclusiveNamespaces xmlns:ec="http://www.w3.org/2001/10/xml-exc-c14n#" PrefixList="xs"></ec:InclusiveNamespaces></ds:Transform>',
          ],
        },
      },
    ],
    ['without an Issuer on the response', { responseIssuer: null }],
    ['without Destination on an unsigned response', { response: { Destination: null } }],
    ['without attributes', { attributes: { mail: ['a'] } }],
  ])('is accepted: %s', async (_, spec) => {
    await expect(accept(spec)).resolves.toMatchObject({ subject: 'ada', issuer: lab.around.idpEntityId })
  })

  it('is accepted when it is encrypted for a key that was replaced, as long as that is kept', async () => {
    const encryption = makeKeyAndCertificate('broker encryption, new')
    const older = makeKeyAndCertificate('broker encryption, oldest')
    const old = lab.around.encryption.key
    const spec: MessageSpec = { signs: 'assertion', encryption: {} }
    const replaced = await lab.provider({ encryption })
    await expect(accept(spec, replaced)).rejects.toMatchObject({ reason: 'saml:decrypt' })
    const keeping = await lab.provider({ encryption, previousDecryptionKeys: [older.key, old] })
    await expect(accept(spec, keeping)).resolves.toMatchObject({ subject: 'ada' })
    expect(keeping.metadata?.()).toContain(base64Of(encryption.certificate))
    expect(keeping.metadata?.()).not.toContain(base64Of(lab.around.encryption.certificate))
  })

  it('keeps a name whole that is written with character references (SAML-19)', async () => {
    const spec: MessageSpec = {
      nameId: 'ada.attacker',
      afterwards: [['>ada.attacker<', '>ada&#46;attacker<']],
    }
    await expect(accept(spec)).resolves.toMatchObject({ subject: 'ada.attacker' })
  })

  it('takes names exactly, so that look-alikes are other people (SAML-46)', async () => {
    for (const nameId of ['ADA', 'аda', 'ａda', 'ada@CORP', 'ad́a']) {
      await expect(accept({ nameId })).resolves.toMatchObject({ subject: nameId })
    }
  })

  it('ends a session when the identity provider does (SAML-62)', async () => {
    const assertion = await accept({ authn: { SessionNotOnOrAfter: '{now+1800}' } })
    expect(assertion.sessionEndsAt).toEqual(new Date(lab.clock.now().getTime() + 1_800_000))
  })

  it('keeps what the identity provider calls the session', async () => {
    await expect(accept({})).resolves.toMatchObject({ providerSession: '_session' })
    for (const SessionIndex of [null, '']) {
      expect(await accept({ authn: { SessionIndex } })).not.toHaveProperty('providerSession')
    }
    for (const SessionIndex of ['x'.repeat(257), 'sesión']) {
      await expect(accept({ authn: { SessionIndex } })).rejects.toMatchObject({ reason: 'saml:session' })
    }
  })

  it('becomes session tags and source identity as configured', async () => {
    const tagging = await lab.provider({
      sessionTags: [
        { from: 'department', to: 'CostCenter', transitive: true, required: true },
        { from: 'NameID', to: 'Person', transitive: false, required: false },
      ],
      sourceIdentity: { from: 'uid', required: true },
      allowTagKeys: ['project'],
    })
    const aws = 'https://aws.amazon.com/SAML/Attributes/'
    const attributes = {
      department: ['4711'],
      uid: ['ada'],
      NameID: ['somebody'],
      [`${aws}PrincipalTag:Project`]: ['engine'],
      [`${aws}PrincipalTag:admin`]: ['true'],
      [`${aws}TransitiveTagKeys`]: ['Project', 'admin'],
    }
    const assertion = await accept({ attributes }, tagging)
    expect(Object.fromEntries(assertion.tags)).toEqual({
      CostCenter: '4711',
      Person: 'ada',
      Project: 'engine',
    })
    expect([...assertion.transitiveTagKeys].sort()).toEqual(['CostCenter', 'Project'])
    expect(assertion.sourceIdentity).toBe('ada')
    expect(lab.log.lines).toContainEqual({
      event: 'session tags not taken',
      fields: { provider: 'corp', keys: ['admin'] },
    })

    const refused = async (more: Readonly<Record<string, readonly string[]>>, reason: string) =>
      expect(accept({ attributes: { ...attributes, ...more } }, tagging)).rejects.toMatchObject({
        name: 'Fault',
        code: 'InvalidAssertion',
        reason,
      })
    await refused({ department: [''] }, 'saml:required-attribute')
    await refused({ department: ['1', '2'] }, 'saml:attribute-values')
    await refused({ department: ['R&D'] }, 'saml:session-tag')
    await refused({ uid: ['ada lovelace'] }, 'saml:source-identity')
    await refused({ [`${aws}SourceIdentity`]: ['grace'] }, 'saml:source-identity')
  })

  it('accepts SHA-1 only behind the loud setting (SAML-23)', async () => {
    const lenient = await lab.provider({ insecureAllowSha1: true })
    const sha1: MessageSpec = {
      assertionSignature: {
        algorithm: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1',
        digest: 'http://www.w3.org/2000/09/xmldsig#sha1',
      },
    }
    await expect(accept(sha1, lenient)).resolves.toMatchObject({ subject: 'ada' })
    expect(lab.log.lines).toContainEqual({
      event: 'saml.insecure',
      fields: { provider: 'corp', setting: 'insecureAllowSha1' },
    })
  })

  it('turns the attribute names that AWS documents into its condition keys', async () => {
    const assertion = await accept({
      nameIdFormat: 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
      attributes: {
        'urn:oid:1.3.6.1.4.1.5923.1.1.1.1': ['staff'],
        'urn:oid:1.3.6.1.4.1.5923.1.1.1.6': ['ada@example.com'],
        'urn:oid:2.5.4.3': ['Ada', 'Ada Lovelace'],
        'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname': ['Ada'],
        department: ['R&D'],
      },
    })
    expect(Object.fromEntries(assertion.conditionKeys)).toMatchObject({
      'saml:sub_type': 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
      'saml:edupersonaffiliation': ['staff'],
      'saml:edupersonprincipalname': 'ada@example.com',
      'saml:cn': ['Ada', 'Ada Lovelace'],
      'saml:givenname': 'Ada',
      'saml:department': 'R&D',
    })
  })

  it.each([
    'https://refeds.org/profile/mfa',
    'http://schemas.microsoft.com/claims/multipleauthn',
    'urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract',
  ])('says that two factors were used for %s', async (classRef) => {
    await expect(accept({ classRef })).resolves.toMatchObject({ multiFactor: true })
  })
})
