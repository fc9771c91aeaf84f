/** `rolegate mfa enable|list|disable`: how the options are spelled. What they do is `mfa.ts`. */
import type { Command } from 'commander'
import { folders, withFolders, type BesideServerDeps } from './access-key-commands.js'
import type { InstallationFolders } from './installation.js'
import { CommandError, exitCodes } from './terminal.js'

interface ChoiceOptions extends InstallationFolders {
  readonly account?: string
  readonly name: string
}

interface EnableCommandOptions extends ChoiceOptions {
  readonly secretStdin?: boolean
  readonly codes?: readonly string[]
  readonly qr: boolean
}

export function addMfaCommands(program: Command, { io, defaults, exit }: BesideServerDeps): void {
  const mfa = program.command('mfa').description('virtual MFA devices of users')
  const sub = (name: string, description: string): Command =>
    withFolders(mfa.command(name).description(description), defaults).option(
      '-a, --account <account>',
      'id, alias or name of the user’s account',
    )
  const accountOf = ({ account }: { readonly account?: string }) => (account === undefined ? {} : { account })

  sub('enable <user>', 'give a user a device: shows a QR code, then takes two codes that follow one another')
    .option('-n, --name <name>', 'of the device, when the user has several', '')
    .option('--no-qr', 'show the secret as text only')
    .option('--secret-stdin', 'read the secret (base32) from standard input instead of making one')
    .option('--codes <code...>', 'two codes that follow one another; with --secret-stdin')
    .action(async (user: string, options: EnableCommandOptions) => {
      const { enableDevice } = await import('./mfa.js')
      const { name, qr, codes } = options
      const choice = {
        user,
        name,
        qr,
        secretStdin: options.secretStdin === true,
        ...accountOf(options),
        ...(codes === undefined ? {} : { codes: pairOf(codes) }),
      }
      exit(await enableDevice(folders(options), choice, io))
    })

  sub('list [user]', 'devices, one a line: serial number, day, user, what keeps it from working')
    .option('--json', 'as JSON')
    .action(async (user: string | undefined, options: ChoiceOptions & { readonly json?: boolean }) => {
      const { listDevices } = await import('./mfa.js')
      const choice = {
        json: options.json === true,
        ...accountOf(options),
        ...(user === undefined ? {} : { user }),
      }
      exit(await listDevices(folders(options), choice, io))
    })

  sub('disable <user>', 'take a device away: its codes never count again')
    .option('-n, --name <name>', 'of the device, when it has one', '')
    .option('-y, --yes', 'do not ask')
    .action(async (user: string, options: ChoiceOptions & { readonly yes?: boolean }) => {
      const { disableDevice } = await import('./mfa.js')
      const choice = { user, name: options.name, yes: options.yes === true, ...accountOf(options) }
      exit(await disableDevice(folders(options), choice, io))
    })
}

function pairOf(codes: readonly string[]): readonly [string, string] {
  const [first, second, ...more] = codes
  if (first === undefined || second === undefined || more.length > 0)
    throw new CommandError(exitCodes.usage, '--codes takes two codes, e.g. --codes 123456 654321')
  return [first, second]
}
