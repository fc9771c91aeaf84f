/** Which user an operator means: by name, `account/name` or ARN. */
import type { Config } from '../config/config.js'
import { suggestion } from '../config/nearest-name.js'
import type { User } from '../user/user.js'
import { CommandError, exitCodes } from './terminal.js'

type Declared = Pick<Config, 'users' | 'organization'>

/** @throws {CommandError} when there is none or more than one, with the names that come near. */
export function namedUser({ users, organization }: Declared, given: string, account?: string): User {
  if (given.startsWith('arn:')) {
    const found = users.find(({ arn }) => arn === given)
    if (found !== undefined) return found
    throw unknown(given, users, ({ arn }) => arn)
  }
  const [, before, after] = /^([^/]+)\/(.+)$/.exec(given) ?? []
  if (before !== undefined && account !== undefined && before !== account)
    throw new CommandError(exitCodes.usage, `\`${given}\` names an account, and --account another one`)
  const accountName = account ?? before
  const id = accountName === undefined ? undefined : accountId(organization, accountName)
  const within = users.filter((user) => id === undefined || user.account === id)
  const name = (before === undefined ? given : (after ?? '')).split('/').at(-1) ?? ''
  const found = within.filter((user) => user.name.toLowerCase() === name.toLowerCase())
  if (found.length > 1)
    throw new CommandError(
      exitCodes.usage,
      `there are ${String(found.length)} users \`${given}\`: write ${listed(found.map((user) => `${user.account}/${user.name}`))}`,
    )
  const [user] = found
  if (user === undefined) throw unknown(given, within, (one) => one.name, name)
  return user
}

function accountId(organization: Config['organization'], given: string): string {
  const { accounts } = organization
  const found = accounts.find(({ id, alias, name }) => [id, alias, name].includes(given))
  if (found !== undefined) return found.id
  const known = accounts.map(({ id, alias }) => alias ?? id)
  throw new CommandError(exitCodes.usage, `there is no account \`${given}\`; ${suggestion(given, known)}`)
}

function unknown(
  given: string,
  users: readonly User[],
  spell: (user: User) => string,
  name = given,
): CommandError {
  return new CommandError(
    exitCodes.failed,
    `there is no user \`${given}\`; ${suggestion(name, users.map(spell))}`,
  )
}

function listed(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(' or ')
}
