/** Which users belong to a signed-in person: those whose owner they are, as their identity provider names them. */
import type { Assertion } from '../federation/assertion.js'
import type { RoleDirectory } from '../role/role.js'
import type { User } from '../user/user.js'

export function usersOf(
  directory: Pick<RoleDirectory, 'users'>,
  { provider, username }: Pick<Assertion, 'provider' | 'username'>,
): readonly User[] {
  return [...directory.users()]
    .filter(({ owner }) => owner?.provider === provider && owner.username === username)
    .sort((a, b) => (a.arn < b.arn ? -1 : 1))
}
