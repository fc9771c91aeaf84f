/** Signs a canonical text as an identity provider would, or as somebody who would like to be taken for one. */
import { constants, createHash, createHmac, createSign, randomBytes } from 'node:crypto'
import type { KeyAndCertificate } from '../../../../src/federation/settings.js'
import { base64Of } from '../../../support/saml-certificate.js'
import { element } from './canonical.js'

const xmldsig = 'http://www.w3.org/2000/09/xmldsig#'
const exclusive = 'http://www.w3.org/2001/10/xml-exc-c14n#'

export interface SignatureSpec {
  readonly algorithm?: string
  readonly digest?: string
  readonly canonicalization?: string
  /** Algorithm names, or whole elements when they start with `<`. */
  readonly transforms?: readonly string[]
  /** Replaces `#<ID of the element>`. */
  readonly uri?: string | null
  /** Whose private key: the identity provider's, or a stranger's. */
  readonly key?: 'idp' | 'next' | 'stranger' | 'hmac-certificate'
  /** `none`, or whose certificate KeyInfo shows, or raw XML. */
  readonly keyInfo?: string
  /** The digest of this text instead of the element's. */
  readonly digestOf?: string
  readonly digestValue?: string
  readonly noReference?: boolean
}

export interface Keys {
  readonly idp: KeyAndCertificate
  /** The second certificate of the metadata, for a rollover. */
  readonly next: KeyAndCertificate
  readonly stranger: KeyAndCertificate
}

const hashes: Readonly<Record<string, string>> = {
  'http://www.w3.org/2000/09/xmldsig#rsa-sha1': 'sha1',
  'http://www.w3.org/2000/09/xmldsig#sha1': 'sha1',
  'http://www.w3.org/2001/04/xmldsig-more#rsa-md5': 'md5',
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512': 'sha512',
  'http://www.w3.org/2001/04/xmlenc#sha512': 'sha512',
}

/** The text with a Signature after its first Issuer. */
export function sign(canonical: string, keys: Keys, spec: SignatureSpec = {}): string {
  const id = / ID="([^"]*)"/.exec(canonical)?.[1] ?? ''
  const end = canonical.indexOf('</saml:Issuer>')
  const at = end === -1 ? canonical.indexOf('>') + 1 : end + '</saml:Issuer>'.length
  return canonical.slice(0, at) + signature(canonical, id, keys, spec) + canonical.slice(at)
}

export function signature(canonical: string, id: string, keys: Keys, spec: SignatureSpec): string {
  const algorithm = spec.algorithm ?? 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256'
  const info = signedInfo(canonical, id, algorithm, spec)
  const octets = info.replace('<ds:SignedInfo>', `<ds:SignedInfo xmlns:ds="${xmldsig}">`)
  const value = element('ds:SignatureValue', {}, valueOf(octets, algorithm, keys, spec.key ?? 'idp'))
  return element('ds:Signature', { 'xmlns:ds': xmldsig }, info, value, keyInfo(keys, spec.keyInfo ?? 'idp'))
}

function signedInfo(canonical: string, id: string, algorithm: string, spec: SignatureSpec): string {
  const digest = spec.digest ?? 'http://www.w3.org/2001/04/xmlenc#sha256'
  const transforms = (spec.transforms ?? [`${xmldsig}enveloped-signature`, exclusive]).map((transform) =>
    transform.startsWith('<') ? transform : element('ds:Transform', { Algorithm: transform }),
  )
  const hash = createHash(hashes[digest] ?? 'sha256')
    .update(spec.digestOf ?? canonical)
    .digest('base64')
  const reference = element(
    'ds:Reference',
    { URI: spec.uri === undefined ? `#${id}` : spec.uri },
    element('ds:Transforms', {}, ...transforms),
    element('ds:DigestMethod', { Algorithm: digest }),
    spec.digestValue ?? element('ds:DigestValue', {}, hash),
  )
  return element(
    'ds:SignedInfo',
    {},
    element('ds:CanonicalizationMethod', { Algorithm: spec.canonicalization ?? exclusive }),
    element('ds:SignatureMethod', { Algorithm: algorithm }),
    spec.noReference ? '' : reference,
  )
}

function valueOf(
  octets: string,
  algorithm: string,
  keys: Keys,
  key: NonNullable<SignatureSpec['key']>,
): string {
  if (key === 'hmac-certificate') {
    return createHmac('sha1', keys.idp.certificate).update(octets).digest('base64')
  }
  if (algorithm === '' || algorithm === 'constructor') return randomBytes(256).toString('base64')
  const padding = algorithm.endsWith('MGF1') ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING
  return createSign(hashes[algorithm] ?? 'sha256')
    .update(octets)
    .sign({ key: keys[key].key, padding, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }, 'base64')
}

function keyInfo(keys: Keys, shown: string): string {
  if (shown === 'none') return ''
  if (shown.startsWith('<')) return element('ds:KeyInfo', {}, shown)
  const certificates = shown
    .split(' ')
    .map((owner) => element('ds:X509Certificate', {}, base64Of(keys[owner as keyof Keys].certificate)))
  return element('ds:KeyInfo', {}, element('ds:X509Data', {}, ...certificates))
}
