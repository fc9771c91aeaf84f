/**
 * A Response built from a description. The description of a good one is `goodMessage`; a hostile one says what it does
 * differently, and at which moment: before the assertion is signed, before the response is signed, or afterwards.
 */
import { createRequire } from 'node:module'
import { DOMParser } from '@xmldom/xmldom'
import { ExclusiveCanonicalization } from 'xml-crypto'
import type { KeyAndCertificate } from '../../../../src/federation/settings.js'
import { element, text } from './canonical.js'
import { sign } from './signature.js'
import type { Keys, SignatureSpec } from './signature.js'

/** Find and replace; what is to be found must be there. */
export type Edit = readonly [string, string]

export interface MessageSpec {
  readonly signs?: 'assertion' | 'response' | 'both' | 'none'
  readonly response?: Readonly<Record<string, string | null>>
  /** null: no Issuer. */
  readonly responseIssuer?: string | null
  /** Raw XML of the status. */
  readonly status?: string
  readonly assertion?: Readonly<Record<string, string | null>>
  readonly issuer?: string | null
  readonly nameId?: string
  readonly nameIdFormat?: string | null
  readonly method?: string | null
  readonly confirmation?: Readonly<Record<string, string | null>>
  readonly conditions?: Readonly<Record<string, string | null>>
  readonly audiences?: readonly (readonly string[])[]
  readonly authn?: Readonly<Record<string, string | null>>
  readonly classRef?: string
  readonly attributes?: Readonly<Record<string, readonly string[]>>
  /** An element of the assertion to leave out, whole. */
  readonly without?: string
  readonly assertionSignature?: SignatureSpec
  readonly responseSignature?: SignatureSpec
  readonly encryption?: { readonly content?: string; readonly key?: string; readonly digest?: string }
  readonly beforeAssertionSignature?: readonly Edit[]
  readonly beforeEncryption?: readonly Edit[]
  readonly beforeResponseSignature?: readonly Edit[]
  readonly afterwards?: readonly Edit[]
}

export interface Surroundings {
  readonly now: Date
  readonly requestId: string
  readonly idpEntityId: string
  readonly spEntityId: string
  readonly acsUrl: string
  readonly keys: Keys
  readonly encryption: KeyAndCertificate
}

export interface Message {
  readonly xml: string
  /** As it stands in the response, signed if it is. */
  readonly assertion: string
  /** The same assertion without its signature. */
  readonly bareAssertion: string
}

const protocol = 'urn:oasis:names:tc:SAML:2.0:protocol'
const assertionNamespace = 'urn:oasis:names:tc:SAML:2.0:assertion'
export const success =
  '<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"></samlp:StatusCode>'

export async function makeMessage(spec: MessageSpec, around: Surroundings): Promise<Message> {
  const given = fill(spec, around)
  const signs = given.signs ?? 'assertion'
  const whole = assertionOf(given, around)
  const bareAssertion = edited(
    given.without === undefined ? whole : withoutElement(whole, given.without),
    given.beforeAssertionSignature,
  )
  const signed =
    signs === 'assertion' || signs === 'both'
      ? sign(bareAssertion, around.keys, given.assertionSignature)
      : bareAssertion
  const clear = edited(signed, given.beforeEncryption)
  const assertion = given.encryption ? await encrypt(clear, around.encryption, given.encryption) : clear
  const bare = edited(responseOf(given, around, assertion), given.beforeResponseSignature)
  const response =
    signs === 'response' || signs === 'both' ? sign(bare, around.keys, given.responseSignature) : bare
  return { xml: edited(response, given.afterwards), assertion, bareAssertion }
}

export function assertionOf(spec: MessageSpec, around: Surroundings): string {
  const soon = inSeconds(around, 300)
  const issuer = spec.issuer === undefined ? around.idpEntityId : spec.issuer
  return element(
    'saml:Assertion',
    {
      'xmlns:saml': assertionNamespace,
      ID: '_assertion',
      IssueInstant: inSeconds(around, 0),
      Version: '2.0',
      ...spec.assertion,
    },
    issuer === null ? '' : element('saml:Issuer', {}, text(issuer)),
    element(
      'saml:Subject',
      {},
      element(
        'saml:NameID',
        {
          Format:
            spec.nameIdFormat === undefined
              ? 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent'
              : spec.nameIdFormat,
        },
        spec.nameId ?? 'ada',
      ),
      element(
        'saml:SubjectConfirmation',
        { Method: spec.method === undefined ? 'urn:oasis:names:tc:SAML:2.0:cm:bearer' : spec.method },
        element('saml:SubjectConfirmationData', {
          InResponseTo: around.requestId,
          NotOnOrAfter: soon,
          Recipient: around.acsUrl,
          ...spec.confirmation,
        }),
      ),
    ),
    element(
      'saml:Conditions',
      { NotBefore: inSeconds(around, -60), NotOnOrAfter: soon, ...spec.conditions },
      ...(spec.audiences ?? [[around.spEntityId]]).map((restriction) =>
        element(
          'saml:AudienceRestriction',
          {},
          ...restriction.map((it) => element('saml:Audience', {}, text(it))),
        ),
      ),
    ),
    element(
      'saml:AuthnStatement',
      { AuthnInstant: inSeconds(around, -30), SessionIndex: '_session', ...spec.authn },
      element(
        'saml:AuthnContext',
        {},
        element(
          'saml:AuthnContextClassRef',
          {},
          spec.classRef ?? 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport',
        ),
      ),
    ),
    element(
      'saml:AttributeStatement',
      {},
      ...Object.entries(spec.attributes ?? { username: ['ada'], groups: ['engineers'] }).map(
        ([name, values]) =>
          element(
            'saml:Attribute',
            { Name: name },
            ...values.map((it) => element('saml:AttributeValue', {}, text(it))),
          ),
      ),
    ),
  )
}

export function responseOf(
  spec: MessageSpec,
  around: Surroundings,
  ...assertions: readonly string[]
): string {
  const issuer = spec.responseIssuer === undefined ? around.idpEntityId : spec.responseIssuer
  return element(
    'samlp:Response',
    {
      'xmlns:samlp': protocol,
      Destination: around.acsUrl,
      ID: '_response',
      InResponseTo: around.requestId,
      IssueInstant: inSeconds(around, 0),
      Version: '2.0',
      ...spec.response,
    },
    issuer === null ? '' : element('saml:Issuer', { 'xmlns:saml': assertionNamespace }, text(issuer)),
    spec.status ?? element('samlp:Status', {}, success),
    ...assertions,
  )
}

function inSeconds({ now }: Surroundings, seconds: number): string {
  return new Date(now.getTime() + seconds * 1_000).toISOString()
}

/** `{now-120}`, `{request}`, `{acs}`, `{sp}`, `{idp}` anywhere in the description. */
function fill<T>(value: T, around: Surroundings): T {
  if (typeof value === 'string') {
    return value
      .replace(/\{now([+-]\d+)\}/g, (_, seconds: string) => inSeconds(around, Number(seconds)))
      .replaceAll('{request}', around.requestId)
      .replaceAll('{acs}', around.acsUrl)
      .replaceAll('{sp}', around.spEntityId)
      .replaceAll('{idp}', around.idpEntityId) as T
  }
  if (Array.isArray(value)) return value.map((item: unknown) => fill(item, around)) as T
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, fill(item as unknown, around)]),
    ) as T
  }
  return value
}

function withoutElement(xml: string, localName: string): string {
  return xml.replace(new RegExp(`<saml:${localName}[ >].*?</saml:${localName}>`, 's'), '')
}

export function edited(xml: string, edits: readonly Edit[] = []): string {
  return edits.reduce((text, [find, replacement]) => {
    if (!text.includes(find)) throw new Error(`the message has no ${find}`)
    return text.replace(find, () => replacement)
  }, xml)
}

interface XmlEncryption {
  encrypt(content: string, options: object, callback: (error: Error | null, result: string) => void): void
}

/** Of the package that the demonstration's identity provider uses, not of ours. */
export function encrypt(
  content: string,
  { certificate }: KeyAndCertificate,
  spec: NonNullable<MessageSpec['encryption']>,
): Promise<string> {
  const xmlEncryption = createRequire(import.meta.url)('xml-encryption') as XmlEncryption
  const options = {
    rsa_pub: certificate,
    pem: certificate,
    encryptionAlgorithm: spec.content ?? 'http://www.w3.org/2009/xmlenc11#aes256-gcm',
    keyEncryptionAlgorithm: spec.key ?? 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p',
    keyEncryptionDigest: spec.digest ?? 'sha1',
    disallowEncryptionWithInsecureAlgorithm: false,
    warnInsecureAlgorithm: false,
  }
  return new Promise((resolve, reject) => {
    xmlEncryption.encrypt(content, options, (error, result) => {
      if (error) reject(error)
      else
        resolve(element('saml:EncryptedAssertion', { 'xmlns:saml': assertionNamespace }, canonical(result)))
    })
  })
}

/** The package indents and self-closes; a response around it that is signed needs the canonical form. */
function canonical(xml: string): string {
  const root = new DOMParser().parseFromString(xml.trim(), 'text/xml').documentElement
  return new ExclusiveCanonicalization().process(root, {})
}
