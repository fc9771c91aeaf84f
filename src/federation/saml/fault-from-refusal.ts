/**
 * What a caller is told about a refusal. A person at the portal gets one sentence for everything; a caller of
 * AssumeRoleWithSAML gets the sentences that AWS uses, none of which says more than the caller's own message does.
 */
import { Fault } from '../../fault.js'
import type { FaultCode } from '../../fault.js'
import type { Assertion } from '../assertion.js'
import { SamlRefusal, refuse } from './refusal.js'
import type { RefusalKind, SamlReason } from './refusal.js'

const codes = {
  invalid: 'InvalidAssertion',
  expired: 'ExpiredAssertion',
  rejected: 'ProviderRejected',
} as const satisfies Record<RefusalKind, FaultCode>

const browserSentences = {
  invalid: 'the answer of the identity provider was not accepted',
  expired: 'the answer of the identity provider is too old',
  rejected: 'the identity provider did not sign you in',
} as const satisfies Record<RefusalKind, string>

/** The mistakes in a form that say nothing about the message in it. */
export function faultForBrowser(cause: unknown): unknown {
  if (!(cause instanceof SamlRefusal)) return cause
  const code = cause.reason === 'saml:parameter' ? 'InvalidRequest' : codes[cause.kind]
  return new Fault(code, browserSentences[cause.kind], { reason: cause.reason, cause })
}

const roleSessionNameMissing = 'RoleSessionName is required in AuthnResponse'
const claimSentences = new Map([
  ['role session name missing', roleSessionNameMissing],
  ['role session name', 'RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}'],
  ['source identity', 'Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with "aws:"'],
])

/** AWS refuses an assertion without it (SAML attributes, RoleSessionName). */
export function requireRoleSessionName(assertion: Assertion): void {
  if (assertion.roleSessionName === undefined) refuse('sts:claims', 'role session name missing')
}

export function faultForToken(cause: unknown): unknown {
  if (!(cause instanceof SamlRefusal)) return cause
  const { reason } = cause
  const code = reason === 'saml:subject' ? 'AccessDenied' : codes[cause.kind]
  return new Fault(code, tokenSentence(cause), { reason, cause })
}

function tokenSentence({ reason, kind, message, sealed }: SamlRefusal): string {
  if (sealed) return unacceptable
  const sentence = tokenSentences.get(reason) ?? claimSentences.get(message)
  if (sentence !== undefined) return sentence
  if (kind === 'rejected') return 'the identity provider did not accept the request'
  return kind === 'expired' ? 'the assertion has expired' : unacceptable
}

const unacceptable = 'the assertion is not acceptable'
const unreadable = 'Response signature invalid'
const tokenSentences = new Map<SamlReason, string>([
  ['saml:parameter', unreadable],
  ['saml:size', unreadable],
  ['saml:encoding', unreadable],
  ['saml:markup', unreadable],
  ['saml:not-wellformed', unreadable],
  ['saml:structure', unreadable],
  ['saml:binding', unreadable],
  ['saml:duplicate-id', unreadable],
  ['saml:reference', unreadable],
  ['saml:reference-not-parent', unreadable],
  ['saml:transform', unreadable],
  ['saml:algorithm', unreadable],
  ['saml:untrusted-key', unreadable],
  ['saml:unsigned', unreadable],
  ['saml:signature', unreadable],
  ['saml:issuer', 'Issuer not present in specified provider'],
  ['saml:audience', 'Response does not contain the required audience'],
  ['saml:age', 'Token must be redeemed within 5 minutes of issuance'],
  ['saml:subject', 'Not authorized to perform sts:AssumeRoleWithSAML'],
])
