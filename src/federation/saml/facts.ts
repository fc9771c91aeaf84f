/**
 * What a verified message says, as plain data that can cross a thread. Reading decides how many there may be of something
 * and whether a time is a time; judging (`judge.ts`) decides what they may say.
 */
import { namespaces, statusSuccess } from './names.js'
import { refuse } from './refusal.js'
import type { SamlReason } from './refusal.js'
import { attribute, childrenNamed, descendants, elementsOf, isNamed, textOf } from './xml-document.js'

export interface VerifiedResponse {
  readonly response: ResponseFacts
  readonly assertion: AssertionFacts
}

/** Of the wrapper; trustworthy only when `signed`, and never used to grant anything. */
export interface ResponseFacts {
  readonly signed: boolean
  readonly issuer: string | undefined
  readonly issuedAt: Date
  readonly destination: string | undefined
  readonly inResponseTo: string | undefined
}

/** Read from the canonical text that the signature covers. */
export interface AssertionFacts {
  readonly id: string
  readonly issuedAt: Date
  readonly issuer: string
  readonly nameId: { readonly value: string; readonly format: string | undefined }
  readonly confirmation: {
    readonly method: string
    readonly notBefore: Date | undefined
    readonly notOnOrAfter: Date | undefined
    readonly recipient: string | undefined
    readonly inResponseTo: string | undefined
  }
  readonly conditions: {
    readonly notBefore: Date | undefined
    readonly notOnOrAfter: Date | undefined
    /** Every inner list must hold us (SAML Core 2.5.1.4). */
    readonly audienceRestrictions: readonly (readonly string[])[]
  }
  readonly authentication: {
    readonly instant: Date
    readonly sessionNotOnOrAfter: Date | undefined
    readonly sessionIndex: string | undefined
    readonly classRef: string | undefined
  }
  /** In the order of the message; no name occurs twice. */
  readonly attributes: readonly SamlAttribute[]
}

export interface SamlAttribute {
  readonly name: string
  readonly values: readonly string[]
}

/** @throws {SamlRefusal} `saml:status`, of kind `rejected` when the identity provider says no. */
export function requireSuccess(response: Element): void {
  const status = only(response, namespaces.protocol, 'Status', 'saml:status')
  const code = attribute(only(status, namespaces.protocol, 'StatusCode', 'saml:status'), 'Value') ?? ''
  if (code === statusSuccess) return
  const inner = childrenNamed(status, namespaces.protocol, 'StatusCode').flatMap((outer) =>
    childrenNamed(outer, namespaces.protocol, 'StatusCode').map((element) => attribute(element, 'Value')),
  )
  refuse('saml:status', `status \`${[code, ...inner].join(' ')}\``, code === '' ? 'invalid' : 'rejected')
}

export function readResponse(response: Element, signed: boolean): ResponseFacts {
  requireVersion(response)
  return {
    signed,
    issuer: optional(response, namespaces.assertion, 'Issuer', 'saml:issuer', readIssuer),
    issuedAt: instant(response, 'IssueInstant') ?? refuse('saml:time', 'a response without IssueInstant'),
    destination: attribute(response, 'Destination'),
    inResponseTo: readInResponseTo(response),
  }
}

export function readAssertion(assertion: Element): AssertionFacts {
  requireVersion(assertion)
  const subject = onlyHere(assertion, 'Subject', 'saml:subject')
  return {
    id: attribute(assertion, 'ID') ?? refuse('saml:structure', 'an assertion without ID'),
    issuedAt: instant(assertion, 'IssueInstant') ?? refuse('saml:time', 'an assertion without IssueInstant'),
    issuer: readIssuer(onlyHere(assertion, 'Issuer', 'saml:issuer')),
    nameId: readNameId(onlyHere(subject, 'NameID', 'saml:subject')),
    confirmation: readConfirmation(onlyHere(subject, 'SubjectConfirmation', 'saml:confirmation')),
    conditions: readConditions(onlyHere(assertion, 'Conditions', 'saml:conditions')),
    authentication: readAuthentication(onlyHere(assertion, 'AuthnStatement', 'saml:session')),
    attributes:
      optional(assertion, namespaces.assertion, 'AttributeStatement', 'saml:attributes', readAttributes) ??
      [],
  }
}

function requireVersion(element: Element): void {
  if (attribute(element, 'Version') !== '2.0') refuse('saml:version', 'not SAML 2.0')
}

function readIssuer(element: Element): string {
  const format = attribute(element, 'Format')
  if (format !== undefined && format !== 'urn:oasis:names:tc:SAML:2.0:nameid-format:entity') {
    refuse('saml:issuer', `the issuer has the format \`${format}\``)
  }
  return textOf(element)
}

function readNameId(element: Element): AssertionFacts['nameId'] {
  return { value: textOf(element), format: attribute(element, 'Format') }
}

function readConfirmation(element: Element): AssertionFacts['confirmation'] {
  const data = onlyHere(element, 'SubjectConfirmationData', 'saml:confirmation')
  return {
    method: attribute(element, 'Method') ?? refuse('saml:confirmation', 'a confirmation without method'),
    notBefore: instant(data, 'NotBefore'),
    notOnOrAfter: instant(data, 'NotOnOrAfter'),
    recipient: attribute(data, 'Recipient'),
    inResponseTo: readInResponseTo(data),
  }
}

/** OneTimeUse is how every assertion is treated; ProxyRestriction binds asserting parties, which we are not. */
function readConditions(element: Element): AssertionFacts['conditions'] {
  if (here(element, 'Condition').length > 0) refuse('saml:conditions', 'a condition of an unknown type')
  return {
    notBefore: instant(element, 'NotBefore'),
    notOnOrAfter: instant(element, 'NotOnOrAfter'),
    audienceRestrictions: here(element, 'AudienceRestriction').map((restriction) =>
      here(restriction, 'Audience').map(textOf),
    ),
  }
}

function readAuthentication(element: Element): AssertionFacts['authentication'] {
  const context = onlyHere(element, 'AuthnContext', 'saml:session')
  return {
    instant: instant(element, 'AuthnInstant') ?? refuse('saml:session', 'authenticated at no time'),
    sessionNotOnOrAfter: instant(element, 'SessionNotOnOrAfter'),
    sessionIndex: attribute(element, 'SessionIndex'),
    classRef: optional(context, namespaces.assertion, 'AuthnContextClassRef', 'saml:session', textOf),
  }
}

/** Names are compared without case, since condition keys are; a repeated name would let one value hide another. */
function readAttributes(statement: Element): readonly SamlAttribute[] {
  const names = new Set<string>()
  return here(statement, 'Attribute').map((element) => {
    const name = attribute(element, 'Name') ?? ''
    if (name === '' || name in Object.prototype) refuse('saml:attributes', `an attribute called \`${name}\``)
    const key = name.toLowerCase()
    if (names.has(key)) refuse('saml:attributes', `attribute \`${name}\` twice`)
    names.add(key)
    return { name, values: here(element, 'AttributeValue').map(readValue) }
  })
}

function readValue(element: Element): string {
  const children = elementsOf(element)
  if (children.length === 0) return textOf(element)
  const nameId = children[0]!
  const alone = children.length === 1 && [...descendants(element)].length === 2
  if (
    !alone ||
    !isNamed(nameId, namespaces.assertion, 'NameID') ||
    textOf(element).trim() !== textOf(nameId)
  ) {
    return refuse('saml:attributes', 'an attribute value with elements in it')
  }
  return textOf(nameId)
}

function readInResponseTo(element: Element): string | undefined {
  const id = attribute(element, 'InResponseTo')
  return id === '' ? refuse('saml:inresponseto', 'answers a request without a name') : id
}

/** SAML Core 1.3.3: xs:dateTime in UTC, which is written with a `Z`. */
function instant(element: Element, name: string): Date | undefined {
  const text = attribute(element, name)
  if (text === undefined) return undefined
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?Z$/.exec(text)
  const date = new Date(parts ? `${parts[1]}${(parts[2] ?? '').slice(0, 4)}Z` : Number.NaN)
  // 30 February parses, as a day of March.
  const isReal = parts !== null && !Number.isNaN(date.getTime()) && date.toISOString().startsWith(parts[1]!)
  return isReal ? date : refuse('saml:time', `${name} is not a time in UTC: \`${text}\``)
}

function here(parent: Element, localName: string): readonly Element[] {
  return childrenNamed(parent, namespaces.assertion, localName)
}

function onlyHere(parent: Element, localName: string, reason: SamlReason): Element {
  return only(parent, namespaces.assertion, localName, reason)
}

function only(parent: Element, namespace: string, localName: string, reason: SamlReason): Element {
  const found = childrenNamed(parent, namespace, localName)
  return found.length === 1 ? found[0]! : refuse(reason, `${found.length} \`${localName}\`, not one`)
}

function optional<T>(
  parent: Element,
  namespace: string,
  localName: string,
  reason: SamlReason,
  read: (element: Element) => T,
): T | undefined {
  const found = childrenNamed(parent, namespace, localName)
  return found.length === 0 ? undefined : read(only(parent, namespace, localName, reason))
}
