/** Providers by what a request calls them. A provider is declared once and exists in every account. */
import type { IdentityProvider, ProviderKind } from '../federation/assertion.js'

export interface ProviderArn {
  readonly account: string
  /** e.g. `saml-provider/corp` */
  readonly resource: string
}

export function parseProviderArn(arn: string): ProviderArn | undefined {
  const match = /^arn:aws:iam::(\d{12}):([a-z]+-provider\/[\x21-\x7e]+)$/.exec(arn)
  return match === null ? undefined : { account: match[1]!, resource: match[2]! }
}

export function providerFor(
  providers: readonly IdentityProvider[],
  kind: ProviderKind,
  resource: string,
): IdentityProvider | undefined {
  return providers.find((provider) => provider.kind === kind && provider.arnResource === resource)
}

/** `arn:aws:iam::<account>:role/…` → account. */
export function accountOfRole(roleArn: string): string {
  return roleArn.split(':')[4] ?? ''
}
