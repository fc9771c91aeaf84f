/** `roles.yaml` and `roles/*.yaml` → `Role`s: policies compiled, accounts found, ARNs and ids unique. */
import type { Role } from '../role/role.js'
import { accountEntries } from './account-entries.js'
import { entityId } from './entity-id.js'
import { given } from './given.js'
import type { ManagedPolicies } from './managed-policies.js'
import type { AccountNames } from './organization.js'
import { readPermissions } from './permissions.js'
import { within, type Source } from './place.js'
import { readPolicy } from './policy-source.js'
import type { DeclaredProviders } from './providers.js'
import type { Reading } from './reading.js'
import { roleEntry, rolesOutline, type RoleEntry } from './schema/roles.js'
import { checkTrustPrincipals } from './trust-principals.js'

/** What roles may name. */
interface RoleSurroundings {
  readonly providers: DeclaredProviders
  readonly userArns: ReadonlySet<string>
  readonly managed: ManagedPolicies
}

export async function readRoles(
  sources: readonly Source[],
  accounts: AccountNames,
  { providers, userArns, managed }: RoleSurroundings,
  reading: Reading,
): Promise<readonly Role[]> {
  const list = { member: 'roles', type: 'role', outline: rolesOutline, entry: roleEntry }
  const { entries } = accountEntries<RoleEntry>(list, sources, accounts, reading.findings)
  const declared = {
    providers,
    accounts: new Set(accounts.ids.values()),
    arns: { role: new Set(entries.map(({ arn }) => arn)), user: userArns },
  }

  const roles: Role[] = []
  for (const placed of entries) {
    const { entry, place, account, arn } = placed
    const trust = await readPolicy(
      {
        inline: entry.trustPolicy,
        file: entry.trustPolicyFile,
        place: within(place, 'trustPolicy'),
        filePlace: within(place, 'trustPolicyFile'),
        kind: 'trust',
        name: `trust policy of ${arn}`,
      },
      reading,
    )
    const isGivenWrongly = reading.findings.spoiled(within(place, 'trustPolicyFile'))
    if (entry.trustPolicy === undefined && entry.trustPolicyFile === undefined && !isGivenWrongly) {
      reading.findings.problem(
        within(place, 'trustPolicy'),
        'is missing: give it here, or name a `trustPolicyFile`',
      )
    }
    if (trust !== undefined) checkTrustPrincipals(trust, account, declared)
    const { permissions, boundary } = await readPermissions(placed, managed, reading)
    if (trust === undefined || account === undefined) continue
    roles.push({
      arn,
      id: entry.id ?? entityId('AROA', arn),
      account,
      name: entry.name,
      path: entry.path,
      trustPolicy: trust.document,
      permissions,
      maxSessionSeconds: entry.maxSessionDuration,
      tags: new Map(Object.entries(entry.tags ?? {})),
      ...given({ description: entry.description, boundary, color: entry.color }),
    })
  }
  return roles
}
