/** `rolegate roles`: the accounts and roles that trust policies give the person who is logged in. */
import type { Api } from './api.js'
import { accessToken, loginNeeded } from './login-cache.js'
import { CommandError, exitCodes, type Terminal } from './terminal.js'

export interface ListedRole {
  readonly accountId: string
  readonly accountName: string
  readonly roleName: string
}

export async function listRoles(terminal: Terminal, api: Api): Promise<readonly ListedRole[]> {
  const token = await accessToken(terminal, api)
  const accounts = await all<{ accountId: string; accountName: string }>(
    api,
    '/assignment/accounts',
    {},
    'accountList',
    token,
  )
  const roles: ListedRole[] = []
  for (const { accountId, accountName } of accounts) {
    const listed = await all<{ roleName: string }>(
      api,
      '/assignment/roles',
      { account_id: accountId },
      'roleList',
      token,
    )
    for (const { roleName } of listed) roles.push({ accountId, accountName, roleName })
  }
  return roles
}

/** Columns for a person, one role a line. */
export function roleTable(roles: readonly ListedRole[]): string {
  const width = Math.max(0, ...roles.map((role) => role.accountName.length))
  return roles
    .map((role) => `${role.accountId}  ${role.accountName.padEnd(width)}  ${role.roleName}\n`)
    .join('')
}

async function all<T>(
  api: Api,
  path: string,
  query: Readonly<Record<string, string>>,
  member: string,
  token: string,
): Promise<readonly T[]> {
  const items: T[] = []
  let next: string | undefined
  do {
    const answer = await api.get(
      path,
      { ...query, ...(next === undefined ? {} : { next_token: next }) },
      token,
    )
    if (!answer.ok) {
      if (answer.failure.status === 401) throw loginNeeded(api.server, 'your login has ended')
      throw new CommandError(exitCodes.failed, answer.failure.message)
    }
    const page = answer.value as Record<string, unknown>
    items.push(...(page[member] as T[]))
    next = typeof page['nextToken'] === 'string' ? page['nextToken'] : undefined
  } while (next !== undefined)
  return items
}
