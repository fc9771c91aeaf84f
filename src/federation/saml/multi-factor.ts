/**
 * Whether an identity provider says that more than one factor was used. Only classes that say so by definition count;
 * what a federation calls "strong" without saying how does not.
 */
import type { AssertionFacts } from './facts.js'

const entraMultiFactor = 'http://schemas.microsoft.com/claims/multipleauthn'
const entraMethods = 'http://schemas.microsoft.com/claims/authnmethodsreferences'

const multiFactorClasses: ReadonlySet<string> = new Set([
  'https://refeds.org/profile/mfa',
  'http://id.incommon.org/assurance/mfa',
  entraMultiFactor,
  // SAML Authentication Context 3.4: each names a device and a secret.
  'urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract',
  'urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorUnregistered',
  'urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI',
])

export function saysMultiFactor({ authentication, attributes }: AssertionFacts): boolean {
  if (multiFactorClasses.has((authentication.classRef ?? '').trim())) return true
  // Entra ID keeps the class at "Password" and tells the methods in an attribute.
  return attributes.some(({ name, values }) => name === entraMethods && values.includes(entraMultiFactor))
}
