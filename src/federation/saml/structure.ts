/**
 * What a Response may look like: an exact allow-list of elements per position, so that a signed element can be carried
 * nowhere but where it belongs (signature wrapping). SAML allows extension points; none of them is accepted here.
 * How many there are of what, and what the values mean, is judged by the readers and by `signature-shape.ts`.
 */
import { requireSuccess } from './facts.js'
import { namespaces } from './names.js'
import { refuse } from './refusal.js'
import { checkSignatureShapes } from './signature-shape.js'
import type { SignatureRules } from './signature-shape.js'
import { attributesOf, childrenNamed, descendants, elementsOf, isNamed } from './xml-document.js'

/** `text`: may hold characters. Everything else holds elements and blanks. */
interface Shape {
  readonly attributes: readonly string[]
  readonly children: readonly string[]
  readonly text: boolean
}

const prefixes = new Map<string | null, string>([
  [namespaces.protocol, 'p'],
  [namespaces.assertion, 'a'],
  [namespaces.signature, 'd'],
  [namespaces.encryption, 'e'],
  [namespaces.encryption11, 'e11'],
  [namespaces.exclusiveC14n, 'c14n'],
])

const qualifiers = 'NameQualifier SPNameQualifier Format SPProvidedID'
const shapes = new Map<string, Shape>([
  holder(
    'p:Response',
    'ID Version IssueInstant Destination Consent InResponseTo',
    'a:Issuer d:Signature p:Status a:Assertion a:EncryptedAssertion',
  ),
  holder('p:Status', '', 'p:StatusCode p:StatusMessage'),
  holder('p:StatusCode', 'Value', 'p:StatusCode'),
  text('p:StatusMessage', ''),
  holder(
    'a:Assertion',
    'ID Version IssueInstant',
    'a:Issuer d:Signature a:Subject a:Conditions a:AuthnStatement a:AttributeStatement',
  ),
  text('a:Issuer', qualifiers),
  holder('a:Subject', '', 'a:NameID a:SubjectConfirmation'),
  text('a:NameID', qualifiers),
  holder('a:SubjectConfirmation', 'Method', 'a:NameID a:SubjectConfirmationData'),
  holder('a:SubjectConfirmationData', 'NotBefore NotOnOrAfter Recipient InResponseTo Address', ''),
  holder(
    'a:Conditions',
    'NotBefore NotOnOrAfter',
    'a:AudienceRestriction a:OneTimeUse a:ProxyRestriction a:Condition',
  ),
  holder('a:AudienceRestriction', '', 'a:Audience'),
  text('a:Audience', ''),
  holder('a:OneTimeUse', '', ''),
  holder('a:ProxyRestriction', 'Count', 'a:Audience'),
  holder('a:Condition', '', ''),
  holder(
    'a:AuthnStatement',
    'AuthnInstant SessionIndex SessionNotOnOrAfter',
    'a:SubjectLocality a:AuthnContext',
  ),
  holder('a:SubjectLocality', 'Address DNSName', ''),
  holder('a:AuthnContext', '', 'a:AuthnContextClassRef a:AuthnContextDeclRef a:AuthenticatingAuthority'),
  text('a:AuthnContextClassRef', ''),
  text('a:AuthnContextDeclRef', ''),
  text('a:AuthenticatingAuthority', ''),
  holder('a:AttributeStatement', '', 'a:Attribute'),
  holder('a:Attribute', 'Name NameFormat FriendlyName', 'a:AttributeValue'),
  // eduPersonTargetedID is a NameID inside the value.
  text('a:AttributeValue', '', 'a:NameID'),
  holder('d:Signature', 'Id', 'd:SignedInfo d:SignatureValue d:KeyInfo'),
  holder('d:SignedInfo', 'Id', 'd:CanonicalizationMethod d:SignatureMethod d:Reference'),
  holder('d:CanonicalizationMethod', 'Algorithm', 'c14n:InclusiveNamespaces'),
  holder('c14n:InclusiveNamespaces', 'PrefixList', ''),
  holder('d:SignatureMethod', 'Algorithm', ''),
  holder('d:Reference', 'Id URI Type', 'd:Transforms d:DigestMethod d:DigestValue'),
  holder('d:Transforms', '', 'd:Transform'),
  holder('d:Transform', 'Algorithm', 'c14n:InclusiveNamespaces'),
  holder('d:DigestMethod', 'Algorithm', ''),
  text('d:DigestValue', ''),
  text('d:SignatureValue', 'Id'),
  holder('d:KeyInfo', 'Id', 'd:KeyName d:KeyValue d:RetrievalMethod d:X509Data e:EncryptedKey'),
  text('d:KeyName', ''),
  holder('d:KeyValue', '', 'd:RSAKeyValue'),
  holder('d:RSAKeyValue', '', 'd:Modulus d:Exponent'),
  text('d:Modulus', ''),
  text('d:Exponent', ''),
  holder('d:RetrievalMethod', 'URI Type', ''),
  holder('d:X509Data', '', 'd:X509IssuerSerial d:X509SKI d:X509SubjectName d:X509Certificate'),
  holder('d:X509IssuerSerial', '', 'd:X509IssuerName d:X509SerialNumber'),
  text('d:X509IssuerName', ''),
  text('d:X509SerialNumber', ''),
  text('d:X509SKI', ''),
  text('d:X509SubjectName', ''),
  text('d:X509Certificate', ''),
  holder('a:EncryptedAssertion', '', 'e:EncryptedData e:EncryptedKey'),
  holder('e:EncryptedData', 'Id Type MimeType Encoding', 'e:EncryptionMethod d:KeyInfo e:CipherData'),
  holder(
    'e:EncryptedKey',
    'Id Type MimeType Encoding Recipient',
    'e:EncryptionMethod d:KeyInfo e:CipherData e:ReferenceList e:CarriedKeyName',
  ),
  holder('e:EncryptionMethod', 'Algorithm', 'd:DigestMethod e11:MGF e:OAEPparams e:KeySize'),
  holder('e11:MGF', 'Algorithm', ''),
  text('e:OAEPparams', ''),
  text('e:KeySize', ''),
  holder('e:ReferenceList', '', 'e:DataReference'),
  holder('e:DataReference', 'URI', ''),
  text('e:CarriedKeyName', ''),
  holder('e:CipherData', '', 'e:CipherValue'),
  text('e:CipherValue', ''),
])

export interface ResponseParts {
  readonly root: Element
  /** Exactly one of the two. */
  readonly assertion: Element | undefined
  readonly encrypted: Element | undefined
}

/** @throws {SamlRefusal} naming the first thing that does not belong. */
export function checkResponse(root: Element, rules: SignatureRules): Element {
  checkIds(root)
  checkRoot(root)
  // An identity provider that says no may say so in any words; nothing else of that message is read.
  requireSuccess(root)
  checkSignatures(root, rules)
  checkPlaces(root)
  return root
}

/** The one assertion of a Response that `checkResponse` let through. */
export function partsOf(root: Element): ResponseParts {
  const assertions = childrenNamed(root, namespaces.assertion, 'Assertion')
  const encrypted = childrenNamed(root, namespaces.assertion, 'EncryptedAssertion')
  if (assertions.length + encrypted.length !== 1) refuse('saml:structure', 'not exactly one assertion')
  return { root, assertion: assertions[0], encrypted: encrypted[0] }
}

/** The same for an assertion that came out of a decryption. */
export function checkDecryptedAssertion(root: Element, rules: SignatureRules): void {
  checkIds(root)
  if (!isNamed(root, namespaces.assertion, 'Assertion')) refuse('saml:structure', 'decrypted something else')
  checkSignatures(root, rules)
  checkPlaces(root)
}

function checkIds(root: Element): void {
  const seen = new Set<string>()
  for (const element of descendants(root)) {
    for (const { localName, name, value } of attributesOf(element)) {
      if ((localName ?? name).toLowerCase() !== 'id') continue
      if (seen.has(value)) refuse('saml:duplicate-id', `two elements are called \`${value}\``)
      seen.add(value)
    }
  }
}

function checkRoot(root: Element): void {
  const inside = [...descendants(root)].slice(1)
  if (!isNamed(root, namespaces.protocol, 'Response')) {
    const carries = inside.some(
      ({ localName }) =>
        localName === 'Assertion' || localName === 'EncryptedAssertion' || localName === 'Response',
    )
    refuse(
      carries ? 'saml:structure' : 'saml:binding',
      `the message is a \`${root.nodeName}\`, not a Response`,
    )
  }
  const messages = /(?:Response|Request)$/
  for (const { namespaceURI, localName } of inside) {
    if (namespaceURI === namespaces.protocol && messages.test(localName)) {
      refuse('saml:structure', 'a protocol message inside another')
    }
  }
}

function checkSignatures(root: Element, rules: SignatureRules): void {
  const signatures = [...descendants(root)].filter((element) =>
    isNamed(element, namespaces.signature, 'Signature'),
  )
  // What a signature holds comes first: whatever hides in there is not covered by the enveloped transform.
  for (const signature of signatures) checkPlaces(signature)
  checkSignatureShapes(signatures, rules)
}

function checkPlaces(element: Element): void {
  const name = nameOf(element)
  const shape = shapes.get(name)
  if (!shape) return refuse('saml:structure', `\`${element.nodeName}\` is not accepted`)
  checkNamespaces(element)
  for (const attribute of attributesOf(element)) checkAttribute(element, name, attribute, shape)
  for (const node of Array.from(element.childNodes)) {
    if (node.nodeType === 3) {
      if (!shape.text && /[^\t\n\r ]/.test(node.nodeValue ?? ''))
        refuse('saml:structure', `text inside \`${name}\``)
    } else if (node.nodeType !== 1)
      refuse('saml:markup', `a node of type ${node.nodeType} inside \`${name}\``)
  }
  for (const child of elementsOf(element)) {
    if (!shape.children.includes(nameOf(child))) {
      const reason = name === 'd:Transform' ? 'saml:transform' : 'saml:structure'
      refuse(reason, `\`${child.nodeName}\` is not accepted inside \`${name}\``)
    }
    checkPlaces(child)
  }
}

/** A relative namespace has no canonical form (Canonical XML 1.0, 1.3), so nothing can be said about its signature. */
function checkNamespaces(element: Element): void {
  for (const { name, value } of Array.from(element.attributes)) {
    const declares = name === 'xmlns' || name.startsWith('xmlns:')
    if (declares && value !== '' && !/^[A-Za-z][A-Za-z0-9+.-]*:/.test(value)) {
      refuse('saml:structure', `the namespace \`${value}\` is relative`)
    }
  }
}

function checkAttribute(element: Element, name: string, attribute: Attr, shape: Shape): void {
  if (attribute.namespaceURI) {
    if (name === 'a:AttributeValue' && attribute.namespaceURI === namespaces.schemaInstance) return
    // Condition is abstract: its type says what it means, and the reader refuses every one.
    if (name === 'a:Condition' && attribute.namespaceURI === namespaces.schemaInstance) return
    // Shibboleth and others mark how an attribute was encoded (SAML Core 2.7.3.1 allows foreign attributes here).
    if (name === 'a:Attribute') return
  } else if (shape.attributes.includes(attribute.name)) return
  refuse('saml:structure', `attribute \`${attribute.name}\` is not accepted on \`${element.nodeName}\``)
}

function nameOf(element: Element): string {
  return `${prefixes.get(element.namespaceURI) ?? '?'}:${element.localName}`
}

function holder(name: string, attributes: string, children: string): [string, Shape] {
  return [name, { attributes: words(attributes), children: words(children), text: false }]
}

function text(name: string, attributes: string, children = ''): [string, Shape] {
  return [name, { attributes: words(attributes), children: words(children), text: true }]
}

function words(list: string): readonly string[] {
  return list === '' ? [] : list.split(' ')
}
