/** `users.yaml` and `users/*.yaml` → `User`s: permissions compiled, accounts and owners' providers found, names unique. */
import type { User } from '../user/user.js'
import { accountEntries } from './account-entries.js'
import { entityId } from './entity-id.js'
import { given } from './given.js'
import type { ManagedPolicies } from './managed-policies.js'
import { suggestion } from './nearest-name.js'
import { memberOf, type AccountNames } from './organization.js'
import { readPermissions } from './permissions.js'
import { within, type Source } from './place.js'
import type { Reading } from './reading.js'
import { userEntry, usersOutline, type UserEntry } from './schema/users.js'

interface DeclaredUsers {
  readonly users: readonly User[]
  /** Of every user that is written down, right or wrong otherwise. */
  readonly arns: ReadonlySet<string>
}

/** Names of identity providers that are written down, enabled or not. */
interface ProviderNames {
  readonly names: ReadonlySet<string>
  /** False when some provider could not be read: then a name that is not among them may still be right. */
  readonly complete: boolean
}

export async function readUsers(
  sources: readonly Source[],
  accounts: AccountNames,
  { providers, managed }: { readonly providers: ProviderNames; readonly managed: ManagedPolicies },
  reading: Reading,
): Promise<DeclaredUsers> {
  const { findings } = reading
  const list = { member: 'users', type: 'user', outline: usersOutline, entry: userEntry }
  const { entries } = accountEntries<UserEntry>(list, sources, accounts, findings)
  const users: User[] = []
  for (const placed of entries) {
    const { entry, place, account, arn } = placed
    const { owner } = entry
    const ownerPlace = within(place, 'owner', 'provider')
    const isUnknown = owner !== undefined && providers.complete && !providers.names.has(owner.provider)
    if (isUnknown && !findings.spoiled(ownerPlace)) {
      const known = [...providers.names]
      findings.problem(
        ownerPlace,
        `no provider \`${owner.provider}\` is declared; ${suggestion(owner.provider, known)}`,
      )
    }
    const { permissions, boundary } = await readPermissions(placed, managed, reading)
    if (account === undefined) continue
    users.push({
      arn,
      id: entry.id ?? entityId('AIDA', arn),
      account,
      name: entry.name,
      path: entry.path,
      permissions,
      tags: new Map(Object.entries(entry.tags ?? {})),
      ...given({ description: entry.description, boundary, owner }),
    })
  }
  return { users, arns: new Set(entries.map(({ arn }) => arn)) }
}

export function providerNames(sources: readonly Source[], allRead: boolean): ProviderNames {
  const names = new Set<string>()
  let complete = allRead
  for (const { value } of sources) {
    const list = memberOf(value, 'providers')
    if (!Array.isArray(list)) complete = false
    for (const entry of Array.isArray(list) ? list : []) {
      const name = memberOf(entry, 'name')
      if (typeof name === 'string') names.add(name)
      else complete = false
    }
  }
  return { names, complete }
}
