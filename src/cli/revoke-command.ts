/**
 * `rolegate revoke …`: how the options are spelled. By default a signed call to a running server; with `--local` the
 * store of the server's machine, for when nobody can sign in. Both take the same request.
 */
import type { Command } from 'commander'
import type { ShownRevocation } from '../authz/revocation-view.js'
import { folders, withFolders } from './access-key-commands.js'
import type { InstallationFolders } from './installation.js'
import { CommandError, exitCodes, type Terminal } from './terminal.js'

interface Options extends InstallationFolders {
  readonly server?: string
  readonly account?: string
  readonly role?: string
  readonly local?: boolean
  readonly json?: boolean
}

interface PersonOptions extends Options {
  readonly issuer?: string
  readonly subject?: string
  readonly provider?: string
  readonly user?: string
}

interface ProviderSessionOptions extends Options {
  readonly issuer: string
  readonly sid: string
  readonly subject?: string
}

export type RevocationBody = Readonly<Record<string, string>>

export function addRevokeCommands(program: Command, terminal: Terminal, defaults: InstallationFolders): void {
  const revoke = program
    .command('revoke')
    .description('end sessions before their time, on every server within a second')
  const sub = (name: string, description: string): Command => {
    const command = revoke
      .command(name)
      .description(description)
      .option('-s, --server <url>', 'address of the server (or ROLEGATE_SERVER)')
      .option('-A, --account <id>', 'account of the role that signs')
      .option(
        '-R, --role <name>',
        'role of yours that signs; without it AWS_ACCESS_KEY_ID and its companions do',
      )
      .option('--json', 'as JSON')
      .option('--local', 'on the server’s machine: write into its store, without a server or a signature')
    return withFolders(command, defaults)
  }

  async function run(body: RevocationBody, options: Options): Promise<void> {
    let revocation: ShownRevocation
    if (options.local === true) {
      const { revokeLocally } = await import('./revoke-local.js')
      revocation = await revokeLocally(folders(options), body, terminal)
    } else {
      const { revokeAtServer } = await import('./revoke-call.js')
      revocation = await revokeAtServer(terminal, options, body)
    }
    if (options.json === true) terminal.out(`${JSON.stringify(revocation, null, 2)}\n`)
    else terminal.err(describe(revocation))
  }

  sub('session <access-key-id>', 'one session, and those that were made with it').action(
    (accessKeyId: string, options: Options) => run({ type: 'session', accessKeyId }, options),
  )
  sub('role <role>', 'all sessions of a role: by ARN, or account/name').action(
    (role: string, options: Options) => run({ type: 'role', ...roleNamed(role) }, options),
  )
  sub('person', 'all that a person has: sign-ins, command lines, sessions')
    .option('--issuer <issuer>', 'as the record of a sign-in has it')
    .option('--subject <subject>', 'as the record of a sign-in has it')
    .option('--provider <name>', 'a provider of local accounts, instead of issuer and subject')
    .option('--user <name>', 'the account there')
    .action((options: PersonOptions) => run({ type: 'person', ...personNamed(options) }, options))
  sub('provider-session', 'what goes back to one session at an identity provider')
    .requiredOption('--issuer <issuer>', 'as the record of a sign-in has it')
    .requiredOption('--sid <id>', 'the provider’s name for it: `sid` or SessionIndex')
    .option('--subject <subject>', 'where the provider gives several people one name')
    .action(({ sid, ...options }: ProviderSessionOptions) => {
      const { issuer, subject } = options
      const target = { type: 'provider-session', issuer, providerSession: sid }
      return run({ ...target, ...(subject === undefined ? {} : { subject }) }, options)
    })
  sub('key <access-key-id>', 'a user’s access key, for ever, and all sessions that were made with it').action(
    (accessKeyId: string, options: Options) => run({ type: 'key', accessKeyId }, options),
  )
  sub('list', 'the revocations in force').action(async (options: Options) => {
    if (options.local === true) throw new CommandError(exitCodes.usage, 'a list is asked of a server')
    const { listAtServer } = await import('./revoke-call.js')
    const revocations = await listAtServer(terminal, options)
    if (options.json === true) terminal.out(`${JSON.stringify(revocations, null, 2)}\n`)
    else for (const each of revocations) terminal.out(`${lineOf(each)}\n`)
  })
}

function roleNamed(given: string): RevocationBody {
  if (given.startsWith('arn:')) return { roleArn: given }
  const [, account, role] = /^([^/]+)\/(.+)$/.exec(given) ?? []
  if (account === undefined || role === undefined)
    throw new CommandError(exitCodes.usage, `\`${given}\` is no role: write its ARN, or account/name`)
  return { account, role }
}

function personNamed({ issuer, subject, provider, user }: PersonOptions): RevocationBody {
  if (issuer !== undefined && subject !== undefined && provider === undefined && user === undefined)
    return { issuer, subject }
  if (provider !== undefined && user !== undefined && issuer === undefined && subject === undefined)
    return { provider, username: user }
  throw new CommandError(exitCodes.usage, 'say --issuer and --subject, or --provider and --user')
}

function describe(revocation: ShownRevocation): string {
  const until =
    revocation.issuedUntil === undefined ? '' : ` Whatever is issued until ${revocation.issuedUntil} is dead.`
  return `Revoked: ${printable(revocation.type)} ${nameOf(revocation)}.${until} Every server enforces it within a second.`
}

function lineOf(revocation: ShownRevocation): string {
  const { type, revokedAt, keptUntil, by } = revocation
  return [type, nameOf(revocation), revokedAt, keptUntil, by].map(printable).join('\t')
}

/** Without its type. */
function nameOf({ accessKeyId, roleArn, issuer, subject, providerSession }: ShownRevocation): string {
  const names = [accessKeyId, roleArn, issuer, providerSession, subject].filter((name) => name !== undefined)
  return printable(names.map(String).join(' '))
}

/** Names come from identity providers, and this goes to a terminal. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ')
}
