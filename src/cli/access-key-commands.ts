/** `rolegate keys create|list|activate|deactivate|delete`: how the options are spelled. What they do is `access-keys.ts`. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { AccessKeyIo } from './access-keys.js'
import type { InstallationFolders } from './installation.js'

export interface BesideServerDeps {
  readonly io: AccessKeyIo
  readonly defaults: InstallationFolders
  readonly exit: (code: number) => void
}

/** @param keys the `keys` command, to which they are added. */
export function addAccessKeyCommands(keys: Command, { io, defaults, exit }: BesideServerDeps): void {
  const sub = (name: string, description: string): Command =>
    withFolders(keys.command(name).description(description), defaults)

  sub('create <user>', 'a new access key of a user: by name, account/name or ARN')
    .option('-a, --account <account>', 'id, alias or name of the user’s account')
    .option('--json', 'as `aws iam create-access-key` answers')
    .option('--profile <name>', 'as profile files have it; nothing is written')
    .option(
      '-s, --server <url>',
      'address to print (or ROLEGATE_SERVER); without it that of the configuration',
    )
    .action(
      async (
        user: string,
        options: InstallationFolders & {
          account?: string
          json?: boolean
          profile?: string
          server?: string
        },
      ) => {
        const { createKey } = await import('./access-keys.js')
        const { account, profile, server } = options
        const choice = {
          user,
          json: options.json === true,
          ...(account === undefined ? {} : { account }),
          ...(profile === undefined ? {} : { profile }),
          ...(server === undefined ? {} : { server }),
        }
        exit(await createKey(folders(options), choice, io))
      },
    )

  sub('list [user]', 'access keys, one a line: id, status, day, user, what keeps it from working')
    .option('-a, --account <account>', 'id, alias or name of the user’s account')
    .option('--json', 'as `aws iam list-access-keys` answers')
    .action(
      async (
        user: string | undefined,
        options: InstallationFolders & { account?: string; json?: boolean },
      ) => {
        const { listKeys } = await import('./access-keys.js')
        const { account } = options
        const choice = {
          json: options.json === true,
          ...(user === undefined ? {} : { user }),
          ...(account === undefined ? {} : { account }),
        }
        exit(await listKeys(folders(options), choice, io))
      },
    )

  for (const [name, description, active] of [
    ['deactivate', 'no server accepts it any more, until it is activated', false],
    ['activate', 'servers accept it again', true],
  ] as const) {
    sub(`${name} <access-key-id>`, description).action(
      async (accessKeyId: string, options: InstallationFolders) => {
        const { setKeyActive } = await import('./access-keys.js')
        exit(await setKeyActive(folders(options), { accessKeyId, active }, io))
      },
    )
  }

  sub('delete <access-key-id>', 'delete it for ever; deactivate it first')
    .option('-y, --yes', 'do not ask')
    .option('--force', 'even though it is active')
    .action(
      async (accessKeyId: string, options: InstallationFolders & { yes?: boolean; force?: boolean }) => {
        const { deleteKey } = await import('./access-keys.js')
        const choice = { accessKeyId, yes: options.yes === true, force: options.force === true }
        exit(await deleteKey(folders(options), choice, io))
      },
    )
}

export function withFolders(command: Command, defaults: InstallationFolders): Command {
  return command
    .option('-c, --config <dir>', 'configuration folder', defaults.config)
    .option('--data <dir>', 'the server’s data folder', defaults.data)
    .option('--certs <dir>', 'folder for certificates', defaults.certs)
}

export function folders({ config, data, certs }: InstallationFolders): InstallationFolders {
  return { config: resolve(config), data: resolve(data), certs: resolve(certs) }
}
