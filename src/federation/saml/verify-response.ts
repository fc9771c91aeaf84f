/**
 * The one path from a posted message to facts: structure, then decryption where there is any, then a signature over
 * exactly what is read, then reading, and nothing is read from anywhere else than the canonical text that was signed.
 * It knows no clock, no audience and no session; those are judged afterwards from the facts. Runs in a worker thread.
 */
import type { SamlLib } from 'samlify'
import { decryptAssertion } from './decrypt.js'
import { readAssertion, readResponse } from './facts.js'
import type { VerifiedResponse } from './facts.js'
import { openText } from './gates.js'
import { loadSamlify } from './load-samlify.js'
import { namespaces } from './names.js'
import { asSealed, refuse } from './refusal.js'
import type { SchemaValidator } from './schema.js'
import { certificatesIn } from './signature-shape.js'
import { signersOf } from './signed-info.js'
import { checkDecryptedAssertion, checkResponse, partsOf } from './structure.js'
import { childrenNamed, parseXml } from './xml-document.js'

/** Plain data: it crosses a thread. */
export interface VerificationRequest {
  /** Already through the gates. */
  readonly xml: string
  /** Base64 of the DER of the certificates that the metadata lists for signing. */
  readonly certificates: readonly string[]
  /** PEM, the current one first; the others are what it replaced. */
  readonly decryptionKeys: readonly string[]
  readonly allowSha1: boolean
}

export interface ResponseParsers {
  readonly schema: SchemaValidator
  readonly samlLib: typeof SamlLib
}

/** Loads the parsers; about a third of a second, once per thread. */
export async function loadParsers(): Promise<ResponseParsers> {
  const [{ createSchemaValidator }, samlify] = await Promise.all([import('./schema.js'), loadSamlify()])
  return { schema: await createSchemaValidator(), samlLib: samlify.SamlLib }
}

/** @throws {SamlRefusal} */
export function verifyResponse(request: VerificationRequest, parsers: ResponseParsers): VerifiedResponse {
  const { xml, certificates, allowSha1 } = request
  const rules = { certificates, allowSha1 }
  parsers.schema.assertWellFormed(xml)
  const root = checkResponse(parseXml(xml), rules)
  const { assertion, encrypted } = partsOf(root)
  const signed = signatureOf(root) !== undefined
  const response = readResponse(root, signed)
  const verified = assertion
    ? verifiedAssertion(xml, root, assertion, request, parsers)
    : openedAssertion(xml, root, encrypted!, request, parsers)
  const facts = readAssertion(verified)
  parsers.schema.assertValid(xml)
  return { response, assertion: facts }
}

function verifiedAssertion(
  xml: string,
  root: Element,
  assertion: Element,
  request: VerificationRequest,
  { samlLib }: ResponseParsers,
): Element {
  const outer = signatureOf(root)
  const inner = signatureOf(assertion)
  if (!outer && !inner) refuse('saml:unsigned', 'neither the response nor the assertion is signed')
  const text = signedText(samlLib, xml, (outer ?? inner)!, request.certificates, (candidate) => {
    // Of two signatures the outer one must be the one that was verified: then the inner one is part of what it covers.
    const hasInner = signatureOf(candidate) !== undefined
    return candidate.localName === 'Assertion' && hasInner === (outer !== undefined && inner !== undefined)
  })
  return parseXml(text)
}

function openedAssertion(
  xml: string,
  root: Element,
  encrypted: Element,
  request: VerificationRequest,
  parsers: ResponseParsers,
): Element {
  const outer = signatureOf(root)
  let sealed = encrypted
  if (outer) {
    const text = signedText(
      parsers.samlLib,
      xml,
      outer,
      request.certificates,
      (it) => it.localName === 'Response',
    )
    sealed =
      partsOf(parseXml(text)).encrypted ?? refuse('saml:structure', 'no encrypted assertion was signed')
  }
  try {
    return insideOf(sealed, outer !== undefined, request, parsers)
  } catch (cause) {
    throw asSealed(cause)
  }
}

/** What is encrypted, with a signature over it: its own, or that of the response it came in. */
function insideOf(
  sealed: Element,
  isSigned: boolean,
  request: VerificationRequest,
  { samlLib, schema }: ResponseParsers,
): Element {
  const opened = openText(decryptAssertion(sealed, request.decryptionKeys))
  schema.assertWellFormed(opened)
  const assertion = parseXml(opened)
  checkDecryptedAssertion(assertion, request)
  schema.assertValid(opened)
  const inner = signatureOf(assertion)
  if (inner) {
    // The library looks for an assertion inside a response; the signature covers the assertion only.
    const carrier = `<samlp:Response xmlns:samlp="${namespaces.protocol}">${opened}</samlp:Response>`
    const text = signedText(
      samlLib,
      carrier,
      inner,
      request.certificates,
      (it) => it.localName === 'Assertion',
    )
    return parseXml(text)
  }
  if (!isSigned) refuse('saml:unsigned', 'neither the response nor the decrypted assertion is signed')
  return assertion
}

/**
 * The canonical text that one of the trusted certificates signed. Each is tried alone, since the library tries only the
 * first of several; when the message names one, only that one can match.
 */
function signedText(
  samlLib: typeof SamlLib,
  xml: string,
  signature: Element,
  certificates: readonly string[],
  isExpected: (verified: Element) => boolean,
): string {
  const named = certificatesIn(signature)[0]
  for (const certificate of signersOf(signature, named === undefined ? certificates : [named])) {
    const text = verifyWith(samlLib, xml, certificate)
    if (text !== null && isExpected(parseXml(text))) return text
  }
  return refuse('saml:signature', 'no trusted certificate verifies the signature')
}

function verifyWith(samlLib: typeof SamlLib, xml: string, certificate: string): string | null {
  const metadata = { getX509Certificate: () => certificate }
  try {
    const [verified, text] = samlLib.verifySignature(xml, { metadata: metadata as never })
    return verified ? text : null
  } catch {
    return null
  }
}

function signatureOf(element: Element): Element | undefined {
  return childrenNamed(element, namespaces.signature, 'Signature')[0]
}
