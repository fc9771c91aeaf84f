/** Accounts, roles, users and managed policies as the configuration declares them: every look-up is a Map, and lists of roles go by an index. */
import type { Assertion } from '../federation/assertion.js'
import { providerArnResource } from '../federation/provider-arn.js'
import type { ProviderSettings } from '../federation/settings.js'
import { trustIndex } from '../policy/candidates.js'
import type { User } from '../user/user.js'
import type { ManagedPolicy } from './managed-policy.js'
import type { Account, Organization, Role, RoleDirectory } from './role.js'

export function createConfigDirectory(config: {
  readonly organization: Organization
  readonly roles: readonly Role[]
  readonly users?: readonly User[]
  readonly managedPolicies?: readonly ManagedPolicy[]
  /** Those in force; declared but disabled ones are not among them. */
  readonly providers: readonly ProviderSettings[]
}): RoleDirectory {
  const accounts = new Map<string, Account>()
  for (const account of config.organization.accounts) {
    accounts.set(account.id, account)
    if (account.alias !== undefined) accounts.set(account.alias, account)
  }
  const byArn = new Map(config.roles.map((role) => [role.arn, role]))
  const byName = new Map<string, Role>()
  for (const role of config.roles) {
    byName.set(`${role.account}/${role.name}`, role)
    byName.set(`${role.account}${role.path}${role.name}`, role)
  }
  const users = new Map((config.users ?? []).map((user) => [user.arn, user]))
  const usersByName = new Map(
    (config.users ?? []).map((user) => [`${user.account}/${user.name.toLowerCase()}`, user]),
  )
  const managedPolicies = new Map((config.managedPolicies ?? []).map((policy) => [policy.arn, policy]))
  const trusting = trustIndex(config.roles)
  const inForce = new Set(
    config.providers.map((settings) =>
      providerArnResource({ ...settings, issuer: settings.kind === 'oidc' ? settings.issuer : '' }),
    ),
  )
  const resourceOf = ({ kind, provider, issuer }: Pick<Assertion, 'kind' | 'provider' | 'issuer'>) =>
    providerArnResource({ kind, name: provider, issuer })
  return {
    organization: config.organization,
    account: (idOrAlias) => accounts.get(idOrAlias),
    role: (arn) => byArn.get(arn),
    roleNamed: (account, name) => byName.get(`${account}/${name.replace(/^\//, '')}`),
    user: (arn) => users.get(arn),
    userNamed: (account, name) => usersByName.get(`${account}/${name.toLowerCase()}`),
    users: () => users.values(),
    managedPolicy: (arn) => managedPolicies.get(arn),
    vouchesFor: (assertion) => inForce.has(resourceOf(assertion)),
    candidates: (assertion) => trusting(resourceOf(assertion), assertion.conditionKeys),
  }
}
