/**
 * The identity provider's metadata (SAML Metadata 2.3, 2.4.3): who it is, where it is asked, with which keys it signs.
 * Trust is where the document came from (a file of the operator's, or https); a signature on it is not checked.
 */
import { X509Certificate } from 'node:crypto'
import { bindings, namespaces } from './names.js'
import { attribute, childrenNamed, descendants, isNamed, parseXml, textOf } from './xml-document.js'

export interface IdpMetadata {
  readonly entityId: string
  /** Base64 of the DER, in the order of the document; never empty. */
  readonly signingCertificates: readonly string[]
  readonly singleSignOn: { readonly redirect: string | undefined; readonly post: string | undefined }
  readonly wantsSignedRequests: boolean
  readonly validUntil: Date | undefined
}

const maxBytes = 10_000_000
const minimumRsaBits = 1_024

/** @throws {Error} with a sentence for the operator. */
export function parseIdpMetadata(xml: string): IdpMetadata {
  const text = xml.replace(/^\uFEFF/, '')
  if (text.length > maxBytes) throw new Error('the metadata is larger than 10 MB')
  if (text.includes('<!DOCTYPE')) throw new Error('the metadata has a document type declaration')
  const root = parseXml(text)
  if (isNamed(root, namespaces.metadata, 'EntitiesDescriptor')) {
    throw new Error(
      'the metadata describes several entities; give the one EntityDescriptor of the identity provider',
    )
  }
  if (!isNamed(root, namespaces.metadata, 'EntityDescriptor'))
    throw new Error('the metadata is not an EntityDescriptor')
  const entityId = attribute(root, 'entityID') ?? ''
  if (entityId === '') throw new Error('the metadata has no entityID')
  const roles = childrenNamed(root, namespaces.metadata, 'IDPSSODescriptor').filter((role) =>
    (attribute(role, 'protocolSupportEnumeration') ?? '').split(/\s+/).includes(namespaces.protocol),
  )
  if (roles.length !== 1) throw new Error('the metadata must have exactly one IDPSSODescriptor for SAML 2.0')
  const role = roles[0]!
  return {
    entityId,
    signingCertificates: signingCertificates(role),
    singleSignOn: { redirect: endpoint(role, bindings.redirect), post: endpoint(role, bindings.post) },
    wantsSignedRequests: /^(?:true|1)$/.test(attribute(role, 'WantAuthnRequestsSigned') ?? ''),
    validUntil: earliest([validUntil(root), validUntil(role)]),
  }
}

/** Without `use` a key is for both (SAML Metadata 2.4.1.1). A certificate's own dates are not the criterion. */
function signingCertificates(role: Element): readonly string[] {
  const found = new Set<string>()
  for (const descriptor of childrenNamed(role, namespaces.metadata, 'KeyDescriptor')) {
    if (attribute(descriptor, 'use') === 'encryption') continue
    for (const element of descendants(descriptor)) {
      if (isNamed(element, namespaces.signature, 'X509Certificate'))
        found.add(requireRsaCertificate(textOf(element)))
    }
  }
  if (found.size === 0) throw new Error('the metadata has no certificate for signing')
  return [...found]
}

function requireRsaCertificate(base64: string): string {
  const compact = base64.replace(/\s+/g, '')
  const { asymmetricKeyType, asymmetricKeyDetails } = new X509Certificate(Buffer.from(compact, 'base64'))
    .publicKey
  if (asymmetricKeyType !== 'rsa' || (asymmetricKeyDetails?.modulusLength ?? 0) < minimumRsaBits) {
    throw new Error(`a signing certificate must hold an RSA key of at least ${minimumRsaBits} bits`)
  }
  return compact
}

function endpoint(role: Element, binding: string): string | undefined {
  const found = childrenNamed(role, namespaces.metadata, 'SingleSignOnService').find(
    (service) => attribute(service, 'Binding') === binding,
  )
  const location = found && attribute(found, 'Location')
  if (location === undefined) return undefined
  const { protocol } = new URL(location)
  if (protocol !== 'https:' && protocol !== 'http:')
    throw new Error(`the sign-on address \`${location}\` is not http`)
  return location
}

function validUntil(element: Element): Date | undefined {
  const text = attribute(element, 'validUntil')
  if (text === undefined) return undefined
  const date = new Date(text)
  if (Number.isNaN(date.getTime())) throw new Error(`validUntil is not a time: \`${text}\``)
  return date
}

function earliest(dates: readonly (Date | undefined)[]): Date | undefined {
  return dates.filter((date) => date !== undefined).sort((a, b) => a.getTime() - b.getTime())[0]
}
