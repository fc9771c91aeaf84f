/**
 * Whom a trust policy names, held against what is declared: a provider that does not exist is a problem, since nobody
 * could ever come from it; a role or user that does not exist is a warning, since it may live elsewhere.
 */
import { suggestion } from './nearest-name.js'
import { memberOf } from './organization.js'
import type { Path } from './place.js'
import type { CompiledSource } from './policy-source.js'
import type { DeclaredProviders } from './providers.js'

export interface Declared {
  readonly providers: DeclaredProviders
  /** Account ids. */
  readonly accounts: ReadonlySet<string>
  readonly arns: Readonly<Record<'role' | 'user', ReadonlySet<string>>>
}

/** @param account of the role; undefined when that is not known. */
export function checkTrustPrincipals(
  policy: CompiledSource,
  account: string | undefined,
  declared: Declared,
): void {
  for (const { value, path } of principals(policy.data, 'Federated')) {
    const [, owner, resource] =
      /^arn:aws:iam::(\d{12}):((?:saml|oidc|ldap|local)-provider\/.+)$/.exec(value) ?? []
    if (owner === undefined || resource === undefined) continue
    if (!declared.providers.resources.includes(resource)) {
      if (declared.providers.mayBe(resource)) continue
      const kind = resource.slice(0, resource.indexOf('/') + 1)
      const named = declared.providers.resources
        .filter((known) => known.startsWith(kind))
        .map((known) => known.slice(kind.length))
      policy.problem(
        path,
        `no provider \`${resource}\` is declared; ${suggestion(resource.slice(kind.length), named)}`,
      )
    } else if (account !== undefined && owner !== account) {
      policy.problem(
        path,
        `names the provider in account \`${owner}\`; a role trusts providers of its own account, \`${account}\``,
      )
    }
  }
  for (const { value, path } of principals(policy.data, 'AWS')) {
    const [, owner, type] = /^arn:aws:iam::(\d{12}):(role|user)\//.exec(value) ?? []
    if (owner === undefined || !declared.accounts.has(owner) || (type !== 'role' && type !== 'user')) continue
    const known = declared.arns[type]
    if (!known.has(value)) {
      policy.warning(path, `no ${type} \`${value}\` is declared; ${suggestion(value, [...known])}`)
    }
  }
}

function* principals(
  policy: unknown,
  type: 'Federated' | 'AWS',
): Generator<{ readonly value: string; readonly path: Path }> {
  for (const [statement, path] of oneOrMore(memberOf(policy, 'Statement'), ['Statement'])) {
    const named = memberOf(memberOf(statement, 'Principal'), type)
    for (const [value, at] of oneOrMore(named, [...path, 'Principal', type])) {
      if (typeof value === 'string') yield { value, path: at }
    }
  }
}

function oneOrMore(value: unknown, path: Path): readonly (readonly [unknown, Path])[] {
  return Array.isArray(value) ? value.map((item, i) => [item, [...path, i]] as const) : [[value, path]]
}
