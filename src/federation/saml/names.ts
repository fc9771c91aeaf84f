/**
 * The names SAML and its neighbours use on the wire: namespaces, bindings, algorithms. Only what the relying party
 * accepts or writes is listed; a name that is missing here is refused.
 */
export const namespaces = {
  protocol: 'urn:oasis:names:tc:SAML:2.0:protocol',
  assertion: 'urn:oasis:names:tc:SAML:2.0:assertion',
  metadata: 'urn:oasis:names:tc:SAML:2.0:metadata',
  signature: 'http://www.w3.org/2000/09/xmldsig#',
  encryption: 'http://www.w3.org/2001/04/xmlenc#',
  encryption11: 'http://www.w3.org/2009/xmlenc11#',
  exclusiveC14n: 'http://www.w3.org/2001/10/xml-exc-c14n#',
  schemaInstance: 'http://www.w3.org/2001/XMLSchema-instance',
  xmlns: 'http://www.w3.org/2000/xmlns/',
} as const

export const bindings = {
  redirect: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect',
  post: 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST',
} as const

export const rsaSha256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256'

export const signatureAlgorithms: ReadonlySet<string> = new Set([
  rsaSha256,
  'http://www.w3.org/2001/04/xmldsig-more#rsa-sha512',
  'http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1',
])
export const digestAlgorithms: ReadonlySet<string> = new Set([
  'http://www.w3.org/2001/04/xmlenc#sha256',
  'http://www.w3.org/2001/04/xmlenc#sha512',
])
/** Only behind the setting `insecureAllowSha1`. */
export const sha1SignatureAlgorithm = 'http://www.w3.org/2000/09/xmldsig#rsa-sha1'
export const sha1DigestAlgorithm = 'http://www.w3.org/2000/09/xmldsig#sha1'

export const envelopedSignature = 'http://www.w3.org/2000/09/xmldsig#enveloped-signature'

export const statusSuccess = 'urn:oasis:names:tc:SAML:2.0:status:Success'
export const bearer = 'urn:oasis:names:tc:SAML:2.0:cm:bearer'
