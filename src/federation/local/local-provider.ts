/**
 * Accounts of Rolegate's own, from a file: for first steps and for breaking the glass. Proves a password and nothing
 * else; failed attempts are counted elsewhere (`session/throttle`).
 */
import { stat } from 'node:fs/promises'
import { Fault, type Clock } from '../../fault.js'
import type { Log } from '../../operation/log.js'
import type { ContextValue } from '../../policy/context.js'
import type { Assertion, IdentityProvider } from '../assertion.js'
import { providerArnResource } from '../provider-arn.js'
import { mappedValue } from '../mapped-value.js'
import { sessionClaims } from '../session-claims.js'
import type { LocalSettings } from '../settings.js'
import { createPasswordHasher, type PasswordHasher } from './password-hash.js'
import { readUsers, type LocalUser } from './users-file.js'

const issuer = 'rolegate:local'

/**
 * The file is looked at before every sign-in and read again when it changed. One that cannot be read keeps the last
 * good content in force and is reported once per change; before the first good one nobody can sign in.
 */
export function createLocalProvider(
  settings: LocalSettings,
  deps: { readonly now: Clock; readonly log: Log; readonly publicUrl: string },
): IdentityProvider {
  type Users = ReadonlyMap<string, LocalUser>
  let users: Promise<Users> = Promise.resolve(new Map())
  let seen: string | undefined
  let hasher: Promise<PasswordHasher> | undefined

  async function currentUsers(): Promise<Users> {
    const version = await versionOf(settings.usersFile)
    if (version !== seen) {
      seen = version
      // Whoever asks while the file is being read waits for it too.
      users = readOrKeep(users)
    }
    return users
  }

  async function readOrKeep(lastGood: Promise<Users>): Promise<Users> {
    try {
      const list = await readUsers(settings.usersFile)
      return new Map(list.map((user) => [user.name.toLowerCase(), user]))
    } catch (cause) {
      deps.log.error('users file not usable', {
        provider: settings.name,
        file: settings.usersFile,
        problem: cause instanceof Error ? cause.message : String(cause),
      })
      return lastGood
    }
  }

  function toAssertion(user: LocalUser): Assertion {
    const keys = new Map<string, ContextValue>()
    for (const [name, value] of Object.entries(user.attributes))
      keys.set(`local:${name.toLowerCase()}`, value)
    for (const mapping of settings.attributes) {
      const { from, to } = mapping
      const held = Object.hasOwn(user.attributes, from) ? user.attributes[from] : undefined
      const value = mappedValue('local', mapping, held === undefined ? [] : [held].flat())
      if (value !== undefined) keys.set(`local:${to.toLowerCase()}`, value)
    }
    // Last, so that no attribute can speak in their name.
    keys.set('local:username', user.name)
    keys.set('local:groups', user.groups)
    return {
      provider: settings.name,
      kind: 'local',
      issuer,
      subject: user.name,
      audience: deps.publicUrl,
      username: user.name,
      displayName: user.displayName,
      ...(user.email === undefined ? {} : { email: user.email }),
      groups: user.groups,
      conditionKeys: keys,
      authenticatedAt: deps.now(),
      multiFactor: false,
      ...sessionClaims(settings, { valuesOf: (from) => valuesOf(user, from) }, deps.log),
    }
  }

  return {
    name: settings.name,
    kind: 'local',
    displayName: settings.displayName,
    arnResource: providerArnResource({ kind: 'local', name: settings.name, issuer }),
    password: {
      async authenticate(username, password) {
        hasher ??= createPasswordHasher()
        const [known, passwords] = await Promise.all([currentUsers(), hasher])
        const user = known.get(username.toLowerCase())
        // Absent and disabled accounts cost a comparison too, so that time does not tell them apart.
        const right = await passwords.verify(user?.disabled === true ? undefined : user?.password, password)
        if (right === undefined) {
          throw new Fault('ProviderUnavailable', 'too many sign-ins at once, try again', {
            reason: 'local:busy',
          })
        }
        return right && user !== undefined ? toAssertion(user) : null
      },
      accountNamed: async (username) => (await currentUsers()).get(username.toLowerCase())?.name,
    },
    close: () => Promise.resolve(),
  }
}

/** `username` and `email` are the account's own, whatever its attributes say. */
function valuesOf(user: LocalUser, from: string): readonly string[] {
  if (from === 'username') return [user.name]
  if (from === 'email') return user.email === undefined ? [] : [user.email]
  const held = Object.hasOwn(user.attributes, from) ? user.attributes[from] : undefined
  return held === undefined ? [] : [held].flat()
}

async function versionOf(path: string): Promise<string> {
  try {
    const { mtimeMs, size, ino } = await stat(path)
    return `${mtimeMs}:${size}:${ino}`
  } catch {
    return 'absent'
  }
}
