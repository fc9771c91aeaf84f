/**
 * A verified token as a context assertion: what a trusted context provider says about the person behind a request, for
 * `ProvidedContexts` of AssumeRole. Only what the configuration maps, and the subject; whether it may be set is for
 * `sts:SetContext`.
 */
import type { ProvidedContext } from '../assertion.js'
import { contextProviderArn } from '../provider-arn.js'
import type { OidcSettings } from '../settings.js'
import { mappedClaims } from './condition-keys.js'
import type { CheckedClaims } from './token-claims.js'

/** @throws {Fault} `InvalidAssertion` when a mapped claim has several values and should have one. */
export function providedContext(
  { name, issuer, attributes }: Pick<OidcSettings, 'name' | 'issuer' | 'attributes'>,
  { claims, subject }: CheckedClaims,
): ProvidedContext {
  return {
    providerArn: contextProviderArn(name),
    issuer,
    subject,
    // The subject last, so that no mapping can speak in its name.
    keys: new Map([...mappedClaims(claims, attributes), ['sub', subject]]),
  }
}
