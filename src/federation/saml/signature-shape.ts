/**
 * What a signature may say about itself: which element it signs (its own parent, whole, and nothing else), how
 * (allow-listed algorithms), and with which key (one that the metadata lists). Nothing is verified here; this is what
 * has to hold so that verifying means something (XML Signature Best Practices 2; SAML Core 5.4).
 */
import {
  digestAlgorithms,
  envelopedSignature,
  namespaces,
  sha1DigestAlgorithm,
  sha1SignatureAlgorithm,
  signatureAlgorithms,
} from './names.js'
import { refuse } from './refusal.js'
import { attribute, childrenNamed, descendants, elementsOf, isNamed, textOf } from './xml-document.js'

export interface SignatureRules {
  /** Base64 of the DER of every certificate that may sign, without line breaks. */
  readonly certificates: readonly string[]
  readonly allowSha1: boolean
}

/** @throws {SamlRefusal} `saml:structure`, `saml:reference…`, `saml:transform`, `saml:algorithm`, `saml:untrusted-key`. */
export function checkSignatureShapes(signatures: readonly Element[], rules: SignatureRules): void {
  const owners = new Set<Element>()
  for (const signature of signatures) {
    const owner = signature.parentNode as Element
    if (!isSignable(owner)) refuse('saml:structure', 'a signature in a place where none belongs')
    if (owners.has(owner)) refuse('saml:structure', 'two signatures on one element')
    owners.add(owner)
    checkSignature(signature, owner, rules)
  }
}

function isSignable(element: Element): boolean {
  return (
    isNamed(element, namespaces.protocol, 'Response') || isNamed(element, namespaces.assertion, 'Assertion')
  )
}

function checkSignature(signature: Element, owner: Element, rules: SignatureRules): void {
  const info = only(signature, 'SignedInfo')
  if (textOf(only(signature, 'SignatureValue')).trim() === '') refuse('saml:signature', 'an empty signature')
  const references = childrenNamed(info, namespaces.signature, 'Reference')
  if (references.length !== 1) refuse('saml:reference', 'a signature must have exactly one reference')
  const reference = references[0]!
  checkTarget(reference, owner)
  checkAlgorithms(info, reference, rules)
  checkTransforms(info, reference)
  checkKey(signature, rules)
}

function checkTarget(reference: Element, owner: Element): void {
  const uri = attribute(reference, 'URI') ?? ''
  const id = attribute(owner, 'ID') ?? ''
  if (id !== '' && uri === `#${id}`) return
  const target = uri.slice(1)
  const isName = uri.startsWith('#') && /^[\p{L}_][\p{L}\p{N}._-]*$/u.test(target)
  if (!isName) refuse('saml:reference', 'the reference is not the name of an element')
  const insideOwner = [...descendants(owner)].some((element) => element !== owner && hasId(element, target))
  refuse(
    insideOwner ? 'saml:reference' : 'saml:reference-not-parent',
    `the reference \`${uri}\` is not the element that holds the signature`,
  )
}

function hasId(element: Element, id: string): boolean {
  return ['ID', 'Id', 'id'].some((name) => attribute(element, name) === id)
}

function checkAlgorithms(info: Element, reference: Element, rules: SignatureRules): void {
  const signing = algorithmOf(only(info, 'SignatureMethod'))
  const digest = algorithmOf(only(reference, 'DigestMethod'))
  const signingAccepted =
    signatureAlgorithms.has(signing) || (rules.allowSha1 && signing === sha1SignatureAlgorithm)
  const digestAccepted = digestAlgorithms.has(digest) || (rules.allowSha1 && digest === sha1DigestAlgorithm)
  if (!signingAccepted) refuse('saml:algorithm', `signature algorithm \`${signing}\``)
  if (!digestAccepted) refuse('saml:algorithm', `digest algorithm \`${digest}\``)
  only(reference, 'DigestValue')
}

function checkTransforms(info: Element, reference: Element): void {
  const canonicalization = algorithmOf(only(info, 'CanonicalizationMethod'))
  const transforms = childrenNamed(only(reference, 'Transforms'), namespaces.signature, 'Transform').map(
    algorithmOf,
  )
  const accepted =
    canonicalization === namespaces.exclusiveC14n &&
    transforms.length === 2 &&
    transforms[0] === envelopedSignature &&
    transforms[1] === namespaces.exclusiveC14n
  if (!accepted) {
    refuse(
      'saml:transform',
      `canonicalization \`${canonicalization}\`, transforms \`${transforms.join(' ')}\``,
    )
  }
}

/** The key never comes from the document. What it says must agree with what is trusted, so that a lie is seen. */
function checkKey(signature: Element, rules: SignatureRules): void {
  const infos = childrenNamed(signature, namespaces.signature, 'KeyInfo')
  if (infos.length > 1) refuse('saml:structure', 'two KeyInfo elements')
  for (const info of infos) {
    for (const element of elementsOf(info)) {
      if (element.localName !== 'X509Data' && element.localName !== 'KeyName') {
        refuse('saml:untrusted-key', `the signature names its key by \`${element.nodeName}\``)
      }
    }
  }
  const certificates = certificatesIn(signature)
  if (certificates.length > 1) refuse('saml:untrusted-key', 'the signature names more than one certificate')
  for (const certificate of certificates) {
    if (!rules.certificates.includes(certificate)) {
      refuse('saml:untrusted-key', 'the signature names a certificate that the metadata does not list')
    }
  }
}

export function certificatesIn(signature: Element): readonly string[] {
  return [...descendants(signature)]
    .filter((element) => isNamed(element, namespaces.signature, 'X509Certificate'))
    .map((element) => textOf(element).replace(/\s+/g, ''))
}

function only(parent: Element, localName: string): Element {
  const found = childrenNamed(parent, namespaces.signature, localName)
  if (found.length !== 1) refuse('saml:structure', `not exactly one \`${localName}\``)
  return found[0]!
}

function algorithmOf(element: Element): string {
  return attribute(element, 'Algorithm') ?? ''
}
