/**
 * `rolegate user add|passwd|list|remove`: the accounts of a local provider, kept in its users file. A running server
 * notices the change by itself. Which file it is and how options are spelled is wired elsewhere.
 */
import type { RandomBytes } from '../fault.js'
import { createPasswordHasher } from '../federation/local/password-hash.js'
import { readUsers, userNamePattern, writeUsers, type LocalUser } from '../federation/local/users-file.js'
import { readPiped, readTyped, type PasswordInput } from './password-prompt.js'
import { withLock } from './private-file.js'
import { CommandError, exitCodes, type ExitCode, type Terminal } from './terminal.js'

export interface UserIo extends Pick<Terminal, 'out' | 'err' | 'now'> {
  readonly input: PasswordInput
  /** Prompts, without a line end. */
  readonly show: (text: string) => void
  readonly random: RandomBytes
}

interface PasswordSource {
  /** Read it from standard input instead of asking. */
  readonly passwordStdin: boolean
  /** Make one up and print it once. */
  readonly generate: boolean
}

export interface AddUserOptions extends PasswordSource {
  readonly usersFile: string
  readonly name: string
  readonly displayName?: string
  readonly email?: string
  readonly groups: readonly string[]
  /** `key=value`; a key given twice becomes a list. */
  readonly attributes: readonly string[]
}

export interface ChangePasswordOptions extends PasswordSource {
  readonly usersFile: string
  readonly name: string
}

const minimumLength = 12

export function addUser(options: AddUserOptions, io: UserIo): Promise<ExitCode> {
  return answering(io, async () => {
    const { name } = options
    if (!userNamePattern.test(name)) {
      throw new CommandError(exitCodes.usage, `\`${name}\` is no user name: 1 to 64 of [A-Za-z0-9._@+-]`)
    }
    const attributes = parseAttributes(options.attributes)
    if (find(await usersOf(options.usersFile), name) !== undefined) throw taken(name)
    const { hash, generated } = await newPassword(name, options, io)
    const at = io.now().toISOString()
    await change(options.usersFile, (users) => {
      if (find(users, name) !== undefined) throw taken(name)
      const user: LocalUser = {
        name,
        displayName: options.displayName ?? name,
        ...(options.email === undefined ? {} : { email: options.email }),
        groups: [...new Set(options.groups)],
        attributes,
        password: hash,
        createdAt: at,
        changedAt: at,
      }
      return [...users, user]
    })
    io.err(`Added \`${name}\`.`)
    if (generated !== undefined) io.out(`${generated}\n`)
  })
}

/** Also lets a disabled account stay disabled: only the password changes. */
export function changePassword(options: ChangePasswordOptions, io: UserIo): Promise<ExitCode> {
  return answering(io, async () => {
    if (find(await usersOf(options.usersFile), options.name) === undefined) throw unknown(options.name)
    const { hash, generated } = await newPassword(options.name, options, io)
    await change(options.usersFile, (users) => {
      const user = find(users, options.name)
      if (user === undefined) throw unknown(options.name)
      const changed = { ...user, password: hash, changedAt: io.now().toISOString() }
      return users.map((other) => (other === user ? changed : other))
    })
    io.err(`Changed the password of \`${options.name}\`.`)
    if (generated !== undefined) io.out(`${generated}\n`)
  })
}

/** One line per account: name, display name, groups, and `disabled` where it is; separated by tabs. */
export function listUsers(options: { readonly usersFile: string }, io: UserIo): Promise<ExitCode> {
  return answering(io, async () => {
    for (const { name, displayName, groups, disabled } of await usersOf(options.usersFile)) {
      const columns = [name, displayName, groups.join(','), ...(disabled === true ? ['disabled'] : [])]
      // Stored text may hold control characters, and this goes to a terminal.
      io.out(`${columns.map((column) => column.replace(/\p{Cc}/gu, ' ')).join('\t')}\n`)
    }
  })
}

export function removeUser(
  options: { readonly usersFile: string; readonly name: string },
  io: UserIo,
): Promise<ExitCode> {
  return answering(io, async () => {
    await change(options.usersFile, (users) => {
      const user = find(users, options.name)
      if (user === undefined) throw unknown(options.name)
      return users.filter((other) => other !== user)
    })
    io.err(`Removed \`${options.name}\`. Who is signed in with it stays so until that session ends.`)
  })
}

async function answering(io: UserIo, command: () => Promise<void>): Promise<ExitCode> {
  try {
    await command()
    return exitCodes.ok
  } catch (cause) {
    io.err(`rolegate: ${cause instanceof Error ? cause.message : String(cause)}`)
    return cause instanceof CommandError ? cause.exitCode : exitCodes.failed
  }
}

async function newPassword(
  name: string,
  source: PasswordSource,
  io: UserIo,
): Promise<{ readonly hash: string; readonly generated?: string }> {
  const hasher = await createPasswordHasher()
  if (source.generate) {
    // 20 bytes: nothing to guess, and still possible to type.
    const generated = io.random(20).toString('base64url')
    return { hash: await hasher.hash(generated), generated }
  }
  const password = source.passwordStdin ? await readPiped(io.input) : await askTwice(io)
  const problem = weakness(name, password)
  if (problem !== undefined) throw new CommandError(exitCodes.usage, problem)
  return { hash: await hasher.hash(password!) }
}

async function askTwice(io: UserIo): Promise<string> {
  if (io.input.isTTY !== true) {
    throw new CommandError(exitCodes.usage, 'no terminal to ask at: use --password-stdin or --generate')
  }
  const first = await readTyped(io.input, 'New password: ', io.show)
  const second = first === undefined ? undefined : await readTyped(io.input, 'Once more: ', io.show)
  if (first === undefined || second === undefined) throw new CommandError(exitCodes.failed, 'given up')
  if (first !== second) throw new CommandError(exitCodes.usage, 'the two passwords differ')
  return first
}

/** Length is what protects; rules about kinds of characters are not (NIST SP 800-63B section 5.1.1). */
function weakness(name: string, password: string | undefined): string | undefined {
  if (password === undefined || password.length > 1024) return 'the password is too long'
  if (/\p{Cc}/u.test(password)) return 'the password holds a control character'
  if ((password.match(/./gsu) ?? []).length < minimumLength || password.trim() === '') {
    return `the password needs ${minimumLength} characters or more, or use --generate`
  }
  return password.toLowerCase() === name.toLowerCase() ? 'the password is the user name' : undefined
}

function parseAttributes(pairs: readonly string[]): LocalUser['attributes'] {
  const attributes = new Map<string, string | readonly string[]>()
  for (const pair of pairs) {
    const [, key, value] = /^([A-Za-z][A-Za-z0-9_.:-]{0,63})=(.+)$/s.exec(pair) ?? []
    if (key === undefined || value === undefined) {
      throw new CommandError(exitCodes.usage, `\`${pair}\` is no attribute of the form key=value`)
    }
    if (['username', 'groups'].includes(key.toLowerCase())) {
      throw new CommandError(
        exitCodes.usage,
        `\`${key}\` is not free: local:${key.toLowerCase()} is the account's own`,
      )
    }
    const earlier = attributes.get(key)
    attributes.set(key, earlier === undefined ? value : [earlier, value].flat())
  }
  return Object.fromEntries(attributes)
}

function change(
  usersFile: string,
  edit: (users: readonly LocalUser[]) => readonly LocalUser[],
): Promise<void> {
  return withLock(usersFile, async () => writeUsers(usersFile, edit(await usersOf(usersFile))))
}

/** No file yet is no accounts yet; a file that cannot be understood is never overwritten. */
async function usersOf(usersFile: string): Promise<readonly LocalUser[]> {
  try {
    return await readUsers(usersFile)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw cause
  }
}

function find(users: readonly LocalUser[], name: string): LocalUser | undefined {
  return users.find((user) => user.name.toLowerCase() === name.toLowerCase())
}

function taken(name: string): CommandError {
  return new CommandError(exitCodes.failed, `there is a user \`${name}\` already`)
}

function unknown(name: string): CommandError {
  return new CommandError(exitCodes.failed, `there is no user \`${name}\``)
}
