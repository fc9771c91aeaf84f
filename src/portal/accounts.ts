/** The list of accounts and roles: what the broker says this person may assume, grouped and searched. */
import type { Role, RoleDirectory } from '../role/role.js'
import type { SignInSession } from '../session/sign-in-session.js'
import { page, type Answer } from './answer.js'
import type { FrameMaker } from './frames.js'
import { usersOf } from './own-users.js'
import { AccountsPage, searchText, type AccountGroup, type UnitGroup } from './pages/accounts-page.js'
import type { PortalDeps } from './portal-deps.js'
import { field, type SignedInVisit } from './visit.js'

const longestSearch = 200

export function createAccountsPage(
  deps: Pick<PortalDeps, 'broker' | 'directory' | 'now'>,
  frameFor: FrameMaker,
): (visit: SignedInVisit) => Promise<Answer> {
  return async (visit) => {
    const search = field(visit.query, 'q').slice(0, longestSearch).trim()
    const directory = deps.directory()
    const roles = deps.broker.rolesFor(visit.session.assertion, visit.origin)
    const accounts = accountGroups(directory, roles, activeArn(visit.session, deps.now()))
    const view = {
      search,
      units: units(matching(accounts, search)),
      totals: {
        accounts: accounts.length,
        roles: accounts.reduce((sum, group) => sum + group.roles.length, 0),
      },
      ownsUsers: usersOf(directory, visit.session.assertion).length > 0,
      csrfToken: visit.session.csrfToken,
    }
    return page(AccountsPage, { frame: await frameFor(visit), view })
  }
}

function activeArn(session: SignInSession, now: Date): string | undefined {
  return session.active !== undefined && session.active.expiresAt > now ? session.active.roleArn : undefined
}

function accountGroups(
  directory: RoleDirectory,
  roles: readonly Role[],
  active: string | undefined,
): readonly AccountGroup[] {
  const rolesOf = new Map<string, Role[]>()
  for (const role of roles) {
    const known = rolesOf.get(role.account)
    if (known === undefined) rolesOf.set(role.account, [role])
    else known.push(role)
  }
  return [...rolesOf].flatMap(([id, held]) => {
    const account = directory.account(id)
    if (account === undefined) return []
    return [{ account, roles: held.map((role) => ({ role, active: role.arn === active })) }]
  })
}

/** Every word must be found, in the account or in the role; an account that matches by itself shows all its roles. */
function matching(groups: readonly AccountGroup[], search: string): readonly AccountGroup[] {
  const words = search
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
  if (words.length === 0) return groups
  return groups.flatMap((group) => {
    const about = searchText(group.account).toLowerCase()
    const roles = group.roles.filter(({ role }) => {
      const text = `${about} ${role.path}${role.name} ${role.description ?? ''}`.toLowerCase()
      return words.every((word) => text.includes(word))
    })
    return roles.length === 0 ? [] : [{ account: group.account, roles }]
  })
}

function units(groups: readonly AccountGroup[]): readonly UnitGroup[] {
  const byUnit = new Map<string, AccountGroup[]>()
  const sorted = [...groups].sort((a, b) => compare(a.account.name, b.account.name))
  for (const group of sorted) {
    const known = byUnit.get(group.account.unit)
    if (known === undefined) byUnit.set(group.account.unit, [group])
    else known.push(group)
  }
  return [...byUnit].sort(([a], [b]) => compare(a, b)).map(([unit, accounts]) => ({ unit, accounts }))
}

function compare(a: string, b: string): number {
  return a.localeCompare(b, 'en')
}
