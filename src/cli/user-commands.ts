/** `rolegate user …`: how the options are spelled and which users file is meant. */
import { randomBytes } from 'node:crypto'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import type { Terminal } from './terminal.js'

interface FileOptions {
  readonly data: string
  readonly users?: string
}

interface PasswordOptions extends FileOptions {
  readonly passwordStdin?: boolean
  readonly generate?: boolean
}

interface AddOptions extends PasswordOptions {
  readonly displayName?: string
  readonly email?: string
  readonly group: readonly string[]
  readonly attribute: readonly string[]
}

export function addUserCommands(
  program: Command,
  terminal: Terminal,
  dataDirectory: string,
  exit: (code: number) => void,
): void {
  const user = program.command('user').description('local accounts')
  const io = {
    ...terminal,
    input: process.stdin,
    show: (text: string) => process.stderr.write(text),
    random: randomBytes,
  }
  const sub = (name: string, description: string): Command =>
    user
      .command(name)
      .description(description)
      .option('--data <dir>', 'the server’s data folder', dataDirectory)
      .option('--users <file>', 'the users file, when it is not users.json in the data folder')
  const withPassword = (command: Command): Command =>
    command
      .option('--password-stdin', 'read the password from standard input')
      .option('--generate', 'make a password and print it once')

  withPassword(sub('add <name>', 'add an account'))
    .option('--display-name <text>', 'name to show')
    .option('--email <address>', 'e-mail address')
    .option('-g, --group <name>', 'group, repeatable', collect, [])
    .option('--attribute <key=value>', 'attribute for conditions, repeatable', collect, [])
    .action(async (name: string, options: AddOptions) => {
      const { addUser } = await import('./user.js')
      exit(
        await addUser(
          {
            usersFile: usersFile(options),
            name,
            ...(options.displayName === undefined ? {} : { displayName: options.displayName }),
            ...(options.email === undefined ? {} : { email: options.email }),
            groups: options.group,
            attributes: options.attribute,
            passwordStdin: options.passwordStdin === true,
            generate: options.generate === true,
          },
          io,
        ),
      )
    })

  withPassword(sub('passwd <name>', 'change an account’s password')).action(
    async (name: string, options: PasswordOptions) => {
      const { changePassword } = await import('./user.js')
      exit(
        await changePassword(
          {
            usersFile: usersFile(options),
            name,
            passwordStdin: options.passwordStdin === true,
            generate: options.generate === true,
          },
          io,
        ),
      )
    },
  )

  sub('list', 'the accounts, one a line').action(async (options: FileOptions) => {
    const { listUsers } = await import('./user.js')
    exit(await listUsers({ usersFile: usersFile(options) }, io))
  })

  sub('remove <name>', 'remove an account').action(async (name: string, options: FileOptions) => {
    const { removeUser } = await import('./user.js')
    exit(await removeUser({ usersFile: usersFile(options), name }, io))
  })
}

function usersFile({ users, data }: FileOptions): string {
  return resolve(users ?? join(data, 'users.json'))
}

function collect(value: string, list: readonly string[]): readonly string[] {
  return [...list, value]
}
