/** The demo people as local accounts: written when they are missing, or when the installation's passwords changed. */
import { existsSync } from 'node:fs'
import { createPasswordHasher } from '../federation/local/password-hash.js'
import { readUsers, writeUsers, type LocalUser } from '../federation/local/users-file.js'
import type { DemoPerson } from './people.js'

/** Accounts that somebody added by `rolegate user add` stay. */
export async function ensureDemoUsers(
  usersFile: string,
  people: readonly DemoPerson[],
  now: () => Date,
): Promise<void> {
  const existing = existsSync(usersFile) ? await readUsers(usersFile) : []
  const hasher = await createPasswordHasher()
  const at = now().toISOString()
  const users: LocalUser[] = existing.filter(
    (user) => !people.some((person) => person.username === user.name),
  )
  let changed = false
  for (const person of people) {
    const known = existing.find((user) => user.name === person.username)
    if (known !== undefined && (await hasher.verify(known.password, person.password))) {
      users.push(known)
      continue
    }
    changed = true
    users.push({
      name: person.username,
      displayName: person.displayName,
      email: person.email,
      groups: person.groups,
      attributes: { department: person.department },
      password: await hasher.hash(person.password),
      createdAt: known?.createdAt ?? at,
      changedAt: at,
    })
  }
  if (changed) await writeUsers(usersFile, users)
}
