/**
 * Which certificate's key made the signature value of a Signature, found out before the signed document is touched. The
 * library digests the whole document first, which is what costs, and does it again for every certificate; so a message
 * that no trusted key ever signed is refused here for the price of one RSA operation. It only ever refuses: what passes
 * is verified by the library all the same.
 */
import { X509Certificate, constants, verify } from 'node:crypto'
import { namespaces, rsaSha256, sha1SignatureAlgorithm } from './names.js'
import { attribute, attributesOf, childrenNamed, elementsOf, textOf } from './xml-document.js'

const hashes = new Map([
  [rsaSha256, { hash: 'sha256', padding: constants.RSA_PKCS1_PADDING }],
  [
    'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512',
    { hash: 'sha512', padding: constants.RSA_PKCS1_PADDING },
  ],
  [
    'http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1',
    { hash: 'sha256', padding: constants.RSA_PKCS1_PSS_PADDING },
  ],
  [sha1SignatureAlgorithm, { hash: 'sha1', padding: constants.RSA_PKCS1_PADDING }],
])

/**
 * @param certificates base64 of the DER
 * @returns those whose key made the signature value; of shape-checked signatures only.
 */
export function signersOf(signature: Element, certificates: readonly string[]): readonly string[] {
  const info = first(signature, 'SignedInfo')
  const algorithm = hashes.get(attribute(first(info, 'SignatureMethod'), 'Algorithm') ?? '')
  // A prefix list changes the canonical form; such a signature is the library's alone to judge.
  if (!algorithm || elementsOf(first(info, 'CanonicalizationMethod')).length > 0) return certificates
  const octets = Buffer.from(canonicalForm(info, new Map()))
  const value = Buffer.from(textOf(first(signature, 'SignatureValue')), 'base64')
  return certificates.filter((certificate) => {
    const key = new X509Certificate(Buffer.from(certificate, 'base64')).publicKey
    const { hash, padding } = algorithm
    const saltLength = constants.RSA_PSS_SALTLEN_DIGEST
    return verify(hash, octets, { key, padding, saltLength }, value)
  })
}

function first(parent: Element, localName: string): Element {
  return childrenNamed(parent, namespaces.signature, localName)[0]!
}

/** Exclusive C14N of elements whose attributes have no namespaces, which the allow-list makes sure of. */
function canonicalForm(element: Element, inScope: ReadonlyMap<string, string>): string {
  const prefix = element.prefix ?? ''
  const namespace = element.namespaceURI ?? ''
  const isNew = inScope.get(prefix) !== namespace
  const declaration = isNew ? ` xmlns${prefix && `:${prefix}`}="${escapeValue(namespace)}"` : ''
  const scope = isNew ? new Map(inScope).set(prefix, namespace) : inScope
  const attributes = [...attributesOf(element)]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, value }) => ` ${name}="${escapeValue(value)}"`)
  const content = Array.from(element.childNodes).map((node) =>
    node.nodeType === 1 ? canonicalForm(node as Element, scope) : escapeText(node.nodeValue ?? ''),
  )
  const { nodeName } = element
  return `<${nodeName}${declaration}${attributes.join('')}>${content.join('')}</${nodeName}>`
}

function escapeText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('\r', '&#xD;')
}

function escapeValue(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\t', '&#x9;')
    .replaceAll('\n', '&#xA;')
    .replaceAll('\r', '&#xD;')
}
