/** Identity providers as trust policies name them, and the action by which each kind's assertions assume a role. */
import { parseArn } from '../arn.js'
import type { PrincipalLeaf, StatementView } from './policy-view.js'

export type ProviderKind = 'saml' | 'oidc' | 'ldap' | 'local'

export const assumeAction = {
  saml: 'sts:AssumeRoleWithSAML',
  oidc: 'sts:AssumeRoleWithWebIdentity',
  ldap: 'sts:AssumeRoleWithLDAPIdentity',
  local: 'sts:AssumeRoleWithLocalIdentity',
} as const satisfies Record<ProviderKind, string>

export interface ProviderView {
  readonly kind: ProviderKind
  /** Without its kind: `corp`, `token.actions.githubusercontent.com`. */
  readonly name: string
  readonly leaf: PrincipalLeaf
}

/** Undefined where the principal is no provider in a form that Rolegate reads. */
export function providerOf(leaf: PrincipalLeaf): ProviderView | undefined {
  if (leaf.type !== 'Federated') return undefined
  const resource = parseArn(leaf.text)?.resource
  // The built-in providers are named by their host.
  if (resource === undefined) return { kind: 'oidc', name: leaf.text, leaf }
  const match = /^(saml|oidc|ldap|local)-provider\/(.+)$/s.exec(resource)
  return match === null ? undefined : { kind: match[1] as ProviderKind, name: match[2]!, leaf }
}

export function providersOf({ principal }: StatementView): readonly ProviderView[] {
  return (principal?.entries ?? []).flatMap((leaf) => providerOf(leaf) ?? [])
}
