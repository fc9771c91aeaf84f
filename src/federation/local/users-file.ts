/**
 * The users file: JSON, written as a whole and atomically, readable by its owner only. Checks its shape and names the
 * first thing wrong; knows nothing of passwords beyond that they are hashes.
 */
import { randomBytes } from 'node:crypto'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isPasswordHash } from './password-hash.js'

export interface LocalUser {
  readonly name: string
  readonly displayName: string
  readonly email?: string
  readonly groups: readonly string[]
  readonly attributes: Readonly<Record<string, string | readonly string[]>>
  readonly disabled?: boolean
  /** argon2id, PHC string format. */
  readonly password: string
  /** ISO 8601, UTC. */
  readonly createdAt: string
  /** When the password was last set. */
  readonly changedAt: string
}

/** Letters, digits and `._@+-`: one spelling per account, none that needs escaping anywhere. */
export const userNamePattern = /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$/

/** @throws {Error} whose message names the first thing wrong, never a value of `password`. */
export async function readUsers(path: string): Promise<readonly LocalUser[]> {
  return parseUsers(await readFile(path, 'utf8'))
}

/** Written beside and renamed over, mode 0600: a reader sees the old file or the new one. */
export async function writeUsers(path: string, users: readonly LocalUser[]): Promise<void> {
  const text = `${JSON.stringify({ version: 1, users }, null, 2)}\n`
  parseUsers(text)
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const beside = `${path}.${randomBytes(6).toString('hex')}`
  try {
    const file = await open(beside, 'wx', 0o600)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(beside, path)
  } catch (cause) {
    await rm(beside, { force: true })
    throw cause
  }
}

export function parseUsers(text: string): readonly LocalUser[] {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    throw new Error('the users file is not JSON')
  }
  if (!isRecord(document) || document['version'] !== 1 || !Array.isArray(document['users'])) {
    throw new Error('the users file needs `version` 1 and a list `users`')
  }
  onlyKnown(document, ['version', 'users'], 'the users file')
  const names = new Set<string>()
  return document['users'].map((user: unknown, index) => {
    const parsed = parseUser(user, `users[${index}]`)
    if (names.has(parsed.name.toLowerCase())) throw new Error(`users[${index}].name is used twice`)
    names.add(parsed.name.toLowerCase())
    return parsed
  })
}

const fields = [
  'name',
  'displayName',
  'email',
  'groups',
  'attributes',
  'disabled',
  'password',
  'createdAt',
  'changedAt',
]

function parseUser(user: unknown, at: string): LocalUser {
  if (!isRecord(user)) throw new Error(`${at} must be an object`)
  onlyKnown(user, fields, at)
  const { name, displayName, email, groups, attributes, disabled, password, createdAt, changedAt } = user
  const need = (right: boolean, field: string, what: string) => {
    if (!right) throw new Error(`${at}.${field} must be ${what}`)
  }
  need(typeof name === 'string' && userNamePattern.test(name), 'name', 'a name of `[A-Za-z0-9._@+-]`')
  need(typeof displayName === 'string' && displayName !== '', 'displayName', 'text')
  need(email === undefined || (typeof email === 'string' && email !== ''), 'email', 'text')
  need(isTextList(groups), 'groups', 'a list of text')
  need(
    isRecord(attributes) &&
      Object.values(attributes).every((value) => typeof value === 'string' || isTextList(value)),
    'attributes',
    'an object of text or lists of text',
  )
  need(disabled === undefined || typeof disabled === 'boolean', 'disabled', 'true or false')
  need(typeof password === 'string' && isPasswordHash(password), 'password', 'an argon2id hash')
  for (const [field, value] of Object.entries({ createdAt, changedAt })) {
    need(typeof value === 'string' && !Number.isNaN(Date.parse(value)), field, 'an ISO 8601 time')
  }
  return user as unknown as LocalUser
}

function onlyKnown(record: Record<string, unknown>, known: readonly string[], at: string): void {
  const unknown = Object.keys(record).find((key) => !known.includes(key))
  if (unknown !== undefined) throw new Error(`${at} has an unknown field \`${unknown}\``)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isTextList(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}
