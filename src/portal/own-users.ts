/**
 * Which users belong to a signed-in person: those whose owner they are, as their identity provider names them. A
 * sign-in lives on when its provider is disabled or removed; a second factor that it enrolled would outlive both.
 */
import type { Assertion } from '../federation/assertion.js'
import type { RoleDirectory } from '../role/role.js'
import type { User } from '../user/user.js'

/** @returns none for a sign-in whose provider is not in force any more. */
export function usersOf(
  directory: Pick<RoleDirectory, 'users' | 'vouchesFor'>,
  assertion: Pick<Assertion, 'kind' | 'provider' | 'issuer' | 'username'>,
): readonly User[] {
  if (!directory.vouchesFor(assertion)) return []
  const { provider, username } = assertion
  return [...directory.users()]
    .filter(({ owner }) => owner?.provider === provider && owner.username === username)
    .sort((a, b) => (a.arn < b.arn ? -1 : 1))
}
