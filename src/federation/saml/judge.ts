/**
 * Whether verified facts are meant for us, now: issuer, destination, recipient, audience, the request that was asked,
 * every time window (SAML Profiles 4.1.4.2 and 4.1.4.3; SAML Core 2.5). Pure: the clock's answer is passed in.
 * Single use is judged last and elsewhere, because only that changes anything.
 */
import { isProviderSession } from '../provider-session.js'
import type { AssertionFacts, ResponseFacts, VerifiedResponse } from './facts.js'
import { bearer } from './names.js'
import { refuse } from './refusal.js'
import type { SamlReason } from './refusal.js'

export interface Expectations {
  /** entityID of the identity provider that was asked. */
  readonly issuer: string
  readonly audiences: readonly string[]
  /** Recipient and Destination must be one of these. */
  readonly recipients: readonly string[]
  /** The AuthnRequest that is answered; undefined: unsolicited, and then the message must not name one. */
  readonly requestId: string | undefined
  /** For AssumeRoleWithSAML: how long after its issue an assertion may be used. */
  readonly maxAgeSeconds?: number
  readonly skewSeconds: number
  readonly now: Date
}

export interface Judgement {
  readonly recipient: string
  readonly audience: string
  readonly authenticatedAt: Date
  readonly sessionEndsAt: Date | undefined
  /** The SessionIndex, fit to be kept and looked up. */
  readonly providerSession: string | undefined
  /** From here on the assertion is dead by its own words, skew included. */
  readonly deadAt: Date
}

/** Entra ID writes 65 minutes; what is valid for longer is a configuration error or an attack. */
const maxLifetimeSeconds = 3_600 + 300
/** Identity providers keep people signed in for weeks; an instant older than that is not a sign-in. */
const maxAuthenticationAgeSeconds = 90 * 86_400
const maxNameIdLength = 1_024

/** @throws {SamlRefusal} */
export function judge({ response, assertion }: VerifiedResponse, expected: Expectations): Judgement {
  judgeIssuers(response, assertion, expected)
  judgeDestination(response, expected)
  judgeIssueInstants(response, assertion, expected)
  judgeNameId(assertion.nameId.value)
  const confirmed = judgeConfirmation(response, assertion, expected)
  const conditionsEnd = judgeConditions(assertion, expected)
  const audience = judgeAudience(assertion, expected)
  const authentication = judgeAuthentication(assertion, expected)
  const end = Math.max(confirmed.end.getTime(), conditionsEnd.getTime())
  return {
    recipient: confirmed.recipient,
    audience,
    ...authentication,
    deadAt: new Date(end + expected.skewSeconds * 1_000),
  }
}

/** Compared as they are: an identifier that differs in case, blanks or a slash is another identifier. */
function judgeIssuers(response: ResponseFacts, assertion: AssertionFacts, { issuer }: Expectations): void {
  if (assertion.issuer !== issuer)
    refuse('saml:issuer', `the assertion was issued by \`${assertion.issuer}\``)
  if (response.issuer !== undefined && response.issuer !== issuer) {
    refuse('saml:issuer', `the response was issued by \`${response.issuer}\``)
  }
}

function judgeDestination({ destination, signed }: ResponseFacts, { recipients }: Expectations): void {
  // Required exactly when the response is signed (SAML Bindings 3.5.5.2).
  if (destination === undefined && !signed) return
  if (destination === undefined || !recipients.includes(destination)) {
    refuse('saml:destination', `destination \`${destination ?? ''}\``)
  }
}

function judgeIssueInstants(
  response: ResponseFacts,
  assertion: AssertionFacts,
  expected: Expectations,
): void {
  for (const { issuedAt } of [response, assertion]) {
    const text = issuedAt.toISOString()
    if (isAhead(issuedAt, expected)) refuse('saml:time', `issued in the future, \`${text}\``)
    if (secondsSince(issuedAt, expected) > maxLifetimeSeconds + expected.skewSeconds) {
      refuse('saml:time', `issued long ago, \`${text}\``, 'expired')
    }
    if (expected.maxAgeSeconds !== undefined && secondsSince(issuedAt, expected) > expected.maxAgeSeconds) {
      refuse('saml:age', `issued at \`${text}\``, 'expired')
    }
  }
}

/** Taken exactly as it is, so what could make two people look alike or break a log line is refused. */
function judgeNameId(value: string): void {
  if (value.trim() === '') refuse('saml:subject', 'an empty NameID')
  if (value !== value.trim()) refuse('saml:subject', 'a NameID with blanks around it')
  if (value.length > maxNameIdLength) refuse('saml:subject', 'a NameID that is too long')
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]/u.test(value))
    refuse('saml:subject', 'an invisible character in NameID')
}

function judgeConfirmation(
  response: ResponseFacts,
  { confirmation }: AssertionFacts,
  expected: Expectations,
): { readonly recipient: string; readonly end: Date } {
  const { method, recipient, notBefore, notOnOrAfter: end } = confirmation
  if (method !== bearer) refuse('saml:confirmation', `confirmation method \`${method}\``)
  if (notBefore !== undefined) refuse('saml:confirmation', 'a bearer confirmation with NotBefore')
  if (end === undefined) return refuse('saml:confirmation', 'a confirmation that does not end')
  judgeEnd(end, 'saml:confirmation', expected)
  if (recipient === undefined || !expected.recipients.includes(recipient)) {
    return refuse('saml:recipient', `recipient \`${recipient ?? ''}\``)
  }
  for (const answered of [confirmation.inResponseTo, response.inResponseTo]) {
    if (answered !== expected.requestId) refuse('saml:inresponseto', `answers \`${answered ?? ''}\``)
  }
  return { recipient, end }
}

function judgeConditions({ conditions }: AssertionFacts, expected: Expectations): Date {
  const { notBefore: start, notOnOrAfter: end } = conditions
  if (end === undefined) return refuse('saml:conditions', 'an assertion that does not expire')
  if (start && isAhead(start, expected)) {
    refuse('saml:conditions', `not valid before \`${start.toISOString()}\``)
  }
  if (start && start >= end) refuse('saml:conditions', 'an assertion that is never valid')
  judgeEnd(end, 'saml:conditions', expected)
  return end
}

function judgeAudience({ conditions }: AssertionFacts, { audiences }: Expectations): string {
  const matches = conditions.audienceRestrictions.map((restriction) =>
    restriction.find((audience) => audiences.includes(audience)),
  )
  const first = matches[0]
  if (first === undefined || matches.includes(undefined)) {
    return refuse('saml:audience', `audiences \`${conditions.audienceRestrictions.flat().join(' ')}\``)
  }
  return first
}

function judgeAuthentication(
  { authentication }: AssertionFacts,
  expected: Expectations,
): Pick<Judgement, 'authenticatedAt' | 'sessionEndsAt' | 'providerSession'> {
  const { instant, sessionNotOnOrAfter, sessionIndex } = authentication
  if (isAhead(instant, expected)) refuse('saml:session', 'authenticated in the future')
  if (secondsSince(instant, expected) > maxAuthenticationAgeSeconds) {
    refuse('saml:session', `authenticated at \`${instant.toISOString()}\``, 'expired')
  }
  // No skew: nothing may be issued for a session that is over.
  if (sessionNotOnOrAfter && sessionNotOnOrAfter <= expected.now) {
    refuse('saml:session', `the session ended at \`${sessionNotOnOrAfter.toISOString()}\``, 'expired')
  }
  // A session that cannot be named could not be ended by its name either.
  const providerSession = sessionIndex === '' ? undefined : sessionIndex
  if (providerSession !== undefined && !isProviderSession(providerSession)) {
    refuse('saml:session', 'a SessionIndex that is no name')
  }
  return { authenticatedAt: instant, sessionEndsAt: sessionNotOnOrAfter, providerSession }
}

function judgeEnd(end: Date, reason: SamlReason, expected: Expectations): void {
  const { now, skewSeconds } = expected
  const text = end.toISOString()
  if (end.getTime() <= now.getTime() - skewSeconds * 1_000) refuse(reason, `ended at \`${text}\``, 'expired')
  if (end.getTime() > now.getTime() + (maxLifetimeSeconds + skewSeconds) * 1_000) {
    refuse(reason, `lasts until \`${text}\`, too long`)
  }
}

function isAhead(date: Date, { now, skewSeconds }: Expectations): boolean {
  return date.getTime() > now.getTime() + skewSeconds * 1_000
}

function secondsSince(date: Date, { now }: Expectations): number {
  return (now.getTime() - date.getTime()) / 1_000
}
