/**
 * Attacks that move things around, by name. Each gets a genuine message and answers what the attacker would post. The
 * attacker's own assertion says `victim` and is not signed; XSW numbers follow Somorovsky et al., USENIX Security 2012.
 */
import { deflateRawSync } from 'node:zlib'
import { element } from './canonical.js'
import { assertionOf, encrypt, responseOf } from './message.js'
import type { Message, MessageSpec, Surroundings } from './message.js'

export type Mutation = (
  message: Message,
  around: Surroundings,
) => string | Uint8Array | Promise<string | Uint8Array>

const evil: MessageSpec = { nameId: 'victim', assertion: { ID: '_evil' } }
const evilResponse: MessageSpec = { response: { ID: '_evilResponse' } }

const signatureIn = (xml: string) => /<ds:Signature .*?<\/ds:Signature>/s.exec(xml)![0]
const withoutSignature = (xml: string) => xml.replace(signatureIn(xml), '')
const afterIssuer = (xml: string, inserted: string) =>
  xml.replace('</saml:Issuer>', () => `</saml:Issuer>${inserted}`)
const intoSignature = (signature: string, inserted: string) =>
  signature.replace('</ds:Signature>', () => `${inserted}</ds:Signature>`)
const object = (content: string) => element('ds:Object', {}, content)
const evilAssertion = (around: Surroundings, id = '_evil') =>
  assertionOf({ ...evil, assertion: { ID: id } }, around)
const response = (around: Surroundings, ...assertions: readonly string[]) =>
  responseOf({}, around, ...assertions)

/** A forged response with an evil assertion, and whatever else is put behind its Issuer. */
const forgedRoot = (around: Surroundings, inserted: string) =>
  afterIssuer(responseOf(evilResponse, around, evilAssertion(around)), inserted)

const evilInside =
  (tag: string, wrap: (evil: string) => string): Mutation =>
  ({ xml }, around) =>
    xml.replace(tag, () => wrap(evilAssertion(around)) + tag)

const times = (count: number, unit: string) => unit.repeat(count)

export const mutations: Readonly<Record<string, Mutation>> = {
  xsw1: ({ xml }, around) => forgedRoot(around, intoSignature(signatureIn(xml), withoutSignature(xml))),
  xsw1Object: ({ xml }, around) =>
    forgedRoot(around, intoSignature(signatureIn(xml), object(withoutSignature(xml)))),
  xsw2: ({ xml }, around) => forgedRoot(around, signatureIn(xml) + withoutSignature(xml)),
  xsw2Extensions: ({ xml }, around) =>
    forgedRoot(around, signatureIn(xml) + element('samlp:Extensions', {}, withoutSignature(xml))),
  xsw3: ({ assertion }, around) => response(around, evilAssertion(around), assertion),
  xsw3After: ({ assertion }, around) => response(around, assertion, evilAssertion(around)),
  xsw4: ({ assertion }, around) =>
    response(
      around,
      evilAssertion(around).replace('</saml:Assertion>', () => `${assertion}</saml:Assertion>`),
    ),
  xsw5: ({ assertion, bareAssertion }, around) =>
    response(around, afterIssuer(evilAssertion(around), signatureIn(assertion)), bareAssertion),
  xsw6: ({ assertion, bareAssertion }, around) =>
    response(
      around,
      afterIssuer(evilAssertion(around), intoSignature(signatureIn(assertion), bareAssertion)),
    ),
  xsw7: ({ xml }, around) =>
    xml.replace(
      '<samlp:Status>',
      () => `${element('samlp:Extensions', {}, evilAssertion(around))}<samlp:Status>`,
    ),
  xsw8: ({ assertion, bareAssertion }, around) =>
    response(
      around,
      afterIssuer(evilAssertion(around), intoSignature(signatureIn(assertion), object(bareAssertion))),
    ),

  inConfirmationData: ({ assertion }, around) =>
    response(
      around,
      evilAssertion(around).replace(
        '</saml:SubjectConfirmationData>',
        () => `${assertion}</saml:SubjectConfirmationData>`,
      ),
    ),
  inAdvice: ({ assertion }, around) =>
    response(
      around,
      evilAssertion(around).replace(
        '<saml:AuthnStatement',
        () => `${element('saml:Advice', {}, assertion)}<saml:AuthnStatement`,
      ),
    ),
  inAttributeValue: ({ assertion }, around) =>
    response(
      around,
      evilAssertion(around).replace('>engineers<', () => `>${assertion}<`),
    ),
  inStatusDetail: ({ assertion }, around) =>
    response(around, evilAssertion(around)).replace(
      '</samlp:Status>',
      () => `${element('samlp:StatusDetail', {}, assertion)}</samlp:Status>`,
    ),
  inNestedResponse: ({ xml }, around) =>
    response(around, evilAssertion(around), xml.replace('_response', '_inner')),
  rootLogoutResponse: ({ xml }) => xml.replaceAll('samlp:Response', 'samlp:LogoutResponse'),
  rootMyResponse: ({ xml }) =>
    xml
      .replace('<samlp:Response ', '<x:MyResponse xmlns:x="urn:x" ')
      .replace('</samlp:Response>', '</x:MyResponse>'),
  evilInKeyInfo: evilInside('</ds:KeyInfo>', (it) => it),
  evilInObject: evilInside('</ds:Signature>', object),
  statementInObject: ({ xml }) =>
    xml.replace(
      '</ds:Signature>',
      () => `${object('<saml:AttributeStatement></saml:AttributeStatement>')}</ds:Signature>`,
    ),

  sameId: ({ assertion }, around) => response(around, evilAssertion(around, '_assertion'), assertion),
  foreignId: ({ assertion }, around) =>
    response(around, assertion).replace('<samlp:Status>', '<samlp:Status xmlns:p="urn:p" p:ID="_assertion">'),
  xmlId: ({ assertion }, around) =>
    response(around, assertion).replace('<samlp:Status>', '<samlp:Status xml:id="_assertion">'),

  digestElsewhere: ({ xml }) =>
    xml
      .replace('>ada</saml:NameID>', '>victim</saml:NameID>')
      .replace(
        '</samlp:Status>',
        () =>
          `<samlp:StatusDetail>${/<ds:DigestValue.*?<\/ds:DigestValue>/.exec(xml)![0].replace('<ds:DigestValue', '<ds:DigestValue xmlns:ds="http://www.w3.org/2000/09/xmldsig#"')}</samlp:StatusDetail></samlp:Status>`,
      ),
  commentInDigest: ({ xml }) => xml.replace('<ds:DigestValue>', '<ds:DigestValue><!--x-->'),
  twoDigests: ({ xml }) =>
    xml.replace('<ds:DigestValue>', '<ds:DigestValue>AAAA</ds:DigestValue><ds:DigestValue>'),
  twoSignedInfos: ({ xml }) => {
    const info = /<ds:SignedInfo>.*<\/ds:SignedInfo>/s.exec(xml)![0]
    return xml.replace(info, () => info + info.replace('_assertion', '_evil'))
  },
  foreignSignedInfo: ({ xml }) =>
    xml.replace('<ds:SignedInfo>', '<x:SignedInfo xmlns:x="urn:x"></x:SignedInfo><ds:SignedInfo>'),
  emptySignature: ({ xml }) =>
    xml.replace(/<ds:SignatureValue>.*?<\/ds:SignatureValue>/s, '<ds:SignatureValue></ds:SignatureValue>'),
  signatureMoved: ({ xml, assertion }) =>
    withoutSignature(xml).replace('</samlp:Status>', () => `</samlp:Status>${signatureIn(assertion)}`),
  metadataAsCarrier: ({ assertion }, around) => {
    const carrier = element('md:EntityDescriptor', {
      'xmlns:md': 'urn:oasis:names:tc:SAML:2.0:metadata',
      ID: '_assertion',
    })
    return response(around, afterIssuer(evilAssertion(around), signatureIn(assertion))).replace(
      '<samlp:Status>',
      () => `${element('samlp:Extensions', {}, carrier)}<samlp:Status>`,
    )
  },

  textBefore: ({ xml }) => `garbage${xml}`,
  textAfter: ({ xml }) => `${xml}garbage`,
  twoRoots: ({ xml }, around) => xml + response(around, evilAssertion(around)),
  utf16: ({ xml }) => Buffer.from(`\ufeff${xml}`, 'utf16le'),
  invalidUtf8: ({ xml }) => Buffer.from(xml.replace('ada', 'ad\u00ff'), 'latin1'),
  utf7Declared: ({ xml }) => `<?xml version="1.0" encoding="UTF-7"?>${xml}`,
  xml11: ({ xml }) => `<?xml version="1.1"?>${xml}`,
  stylesheet: ({ xml }) => `<?xml version="1.0"?><?xml-stylesheet href="http://127.0.0.1:9/x.xsl"?>${xml}`,
  externalEntity: ({ xml }) =>
    `<!DOCTYPE r [<!ENTITY x SYSTEM "http://127.0.0.1:9/x">]>${xml.replace('>ada<', '>&x;<')}`,
  externalDtd: ({ xml }) => `<!DOCTYPE r SYSTEM "file:///etc/passwd">${xml}`,
  parameterEntity: ({ xml }) => `<!DOCTYPE r [<!ENTITY % x SYSTEM "file:///etc/passwd"> %x;]>${xml}`,
  billionLaughs: ({ xml }) =>
    `<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "${times(50, '&a;')}"><!ENTITY c "${times(50, '&b;')}">]>${xml.replace('>ada<', '>&c;<')}`,
  attributeDefault: ({ xml }) =>
    `<!DOCTYPE r [<!ATTLIST saml:Conditions NotOnOrAfter CDATA "2999-01-01T00:00:00Z">]>${xml}`,
  undefinedEntity: ({ xml }) => xml.replace('>ada<', '>&nbsp;<'),

  twoAssertions: ({ assertion, xml }) =>
    xml.replace(
      '</samlp:Response>',
      () => `${assertion.replaceAll('_assertion', '_other')}</samlp:Response>`,
    ),
  onlyAssertion: ({ assertion }) => assertion,
  noAssertionKeepStatus: ({ xml, assertion }) => xml.replace(assertion, ''),
  noAssertion: (_, around) => response(around),
  evilEncrypted: async (_, around) =>
    response(around, await encrypt(evilAssertion(around), around.encryption, {})),
  evilEncryptedBeside: async ({ assertion }, around) =>
    response(around, await encrypt(evilAssertion(around), around.encryption, {}), assertion),
  wrappedInsideCipher: async ({ assertion, bareAssertion }, around) =>
    response(
      around,
      await encrypt(
        afterIssuer(evilAssertion(around), intoSignature(signatureIn(assertion), object(bareAssertion))),
        around.encryption,
        {},
      ),
    ),
  doctypeInsideCipher: async ({ assertion }, around) =>
    response(around, await encrypt(`<!DOCTYPE r>${assertion}`, around.encryption, {})),
  noiseInsideCipher: async (_, around) => response(around, await encrypt('noise', around.encryption, {})),
  corruptCipher: ({ xml }) => flipInCipherValue(xml, 1),
  corruptKey: ({ xml }) => flipInCipherValue(xml, 0),

  deflated: ({ xml }) => deflateRawSync(xml),
  inflateBomb: () => deflateRawSync(Buffer.alloc(16_000_000, 'a')),
  logoutRequest: (_, around) =>
    element('samlp:LogoutRequest', {
      'xmlns:samlp': 'urn:oasis:names:tc:SAML:2.0:protocol',
      ID: '_l',
      IssueInstant: around.now.toISOString(),
      Version: '2.0',
    }),

  manyElements: ({ xml }) =>
    xml.replace('<saml:AttributeStatement>', () => `<saml:AttributeStatement>${times(8_000, '<a></a>')}`),
  deep: ({ xml }) =>
    xml.replace(
      '<saml:AttributeStatement>',
      () => `<saml:AttributeStatement>${times(5_000, '<a>')}${times(5_000, '</a>')}`,
    ),
  nestedNamespaces: ({ xml }) => {
    const open = Array.from({ length: 2_000 }, (_, i) => `<a xmlns:n${i}="urn:${i}">`).join('')
    return xml.replace(
      '<saml:AttributeStatement>',
      () => `<saml:AttributeStatement>${open}${times(2_000, '</a>')}`,
    )
  },
  manyNamespaces: ({ xml }) => {
    const declarations = Array.from({ length: 2_000 }, (_, i) => ` xmlns:n${i}="urn:${i}"`).join('')
    return xml.replace('<saml:AttributeStatement>', () => `<saml:AttributeStatement${declarations}>`)
  },
  threeSignatures: ({ xml, assertion }) =>
    xml.replace('<ds:Signature ', () => `${times(2, signatureIn(assertion))}<ds:Signature `),
  manySignatures: ({ xml }) =>
    xml.replace('<ds:Signature ', () => `${times(500, '<Signature></Signature>')}<ds:Signature `),
  manyTransforms: ({ xml }) => {
    const transform = element('ds:Transform', { Algorithm: 'http://www.w3.org/2001/10/xml-exc-c14n#' })
    return xml.replace('</ds:Transforms>', () => `${times(1_500, transform)}</ds:Transforms>`)
  },
  tooLarge: ({ xml }) => xml.replace('>ada<', () => `>${times(140_000, 'a')}<`),
}

function flipInCipherValue(xml: string, which: number): string {
  let seen = -1
  return xml.replace(
    /(<(?:\w+:)?CipherValue[^>]*>)(.{40})(.)/g,
    (whole, tag: string, start: string, flipped: string) => {
      seen++
      return seen === which ? tag + start + (flipped === 'A' ? 'B' : 'A') : whole
    },
  )
}
