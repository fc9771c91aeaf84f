/**
 * The ARN of a provider. A provider is declared once and exists in every account, so that a trust policy written for
 * AWS works unchanged.
 */
import type { Assertion, ProviderKind } from './assertion.js'

/**
 * `saml-provider/<name>`, `oidc-provider/<issuer without scheme>`, `ldap-provider/<name>`, `local-provider/<name>`.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
 */
export function providerArnResource(provider: {
  readonly kind: ProviderKind
  readonly name: string
  readonly issuer: string
}): string {
  return provider.kind === 'oidc'
    ? `oidc-provider/${withoutScheme(provider.issuer)}`
    : `${provider.kind}-provider/${provider.name}`
}

/** The ARN under which the provider of this assertion is known in `account`. */
export function providerArn(
  account: string,
  assertion: Pick<Assertion, 'kind' | 'provider' | 'issuer'>,
): string {
  const resource = providerArnResource({
    kind: assertion.kind,
    name: assertion.provider,
    issuer: assertion.issuer,
  })
  return `arn:aws:iam::${account}:${resource}`
}

/** `ProviderArn` of `ProvidedContexts`: a context provider belongs to no account. */
export function contextProviderArn(name: string): string {
  return `arn:aws:iam::aws:contextProvider/${name}`
}

/** `https://issuer.example/path` → `issuer.example/path`, the form that ARNs and condition keys use. */
export function withoutScheme(issuer: string): string {
  return issuer.replace(/^https?:\/\//, '')
}
