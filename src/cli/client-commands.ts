/** The commands that talk to a server: login, logout, roles, credentials, credential-process, whoami. */
import type { Command } from 'commander'
import { createApi, type Api } from './api.js'
import { parseDuration } from './duration.js'
import { exportFormats, regionVariables, type ExportSurroundings } from './export-format.js'
import { accessToken, forgetLogin, loginNeeded, readLogin } from './login-cache.js'
import { login } from './login.js'
import { serverUrl } from './places.js'
import { cachedCredentials, fetchCredentials, type RoleRequest } from './role-credentials.js'
import { listRoles, roleTable } from './role-list.js'
import { CommandError, exitCodes, type Terminal } from './terminal.js'

interface ServerOption {
  readonly server?: string
}

interface RoleOptions extends ServerOption {
  readonly account: string
  readonly role: string
  readonly duration?: string
  readonly format: string
}

export function addClientCommands(program: Command, terminal: Terminal): void {
  const connect = async ({ server }: ServerOption): Promise<Api> =>
    createApi(terminal, await serverUrl(terminal, server))

  command(program, 'login', 'sign in through your browser, or with a code from another device')
    .option('--use-device-code', 'show a code to enter in a browser elsewhere')
    .option('--no-browser', 'print the address instead of opening a browser')
    .action(
      async (options: ServerOption & { readonly useDeviceCode?: boolean; readonly browser: boolean }) => {
        await login(terminal, await connect(options), {
          deviceCode: options.useDeviceCode === true,
          browser: options.browser,
        })
      },
    )

  command(program, 'logout', 'end the login on the server and forget it here').action(
    async (options: ServerOption) => {
      const api = await connect(options)
      const held = await readLogin(terminal, api.server)
      if (held === undefined) {
        terminal.err(`not logged in at ${api.server}`)
        return
      }
      // Forgotten here whatever the server says: that is what was asked for.
      await forgetLogin(terminal, api.server)
      await api.post('/logout', undefined, held.accessToken)
      terminal.err(`Logged out at ${api.server}`)
    },
  )

  command(program, 'whoami', 'who the server says you are')
    .option('--json', 'as JSON')
    .action(async (options: ServerOption & { readonly json?: boolean }) => {
      const api = await connect(options)
      const answer = await api.get('/v1/identity', {}, await accessToken(terminal, api))
      if (!answer.ok) throw loginNeeded(api.server, 'your login has ended')
      terminal.out(
        options.json === true ? `${JSON.stringify(answer.value, null, 2)}\n` : describe(api, answer.value),
      )
    })

  command(program, 'roles', 'the accounts and roles you may use')
    .option('--json', 'as JSON')
    .action(async (options: ServerOption & { readonly json?: boolean }) => {
      const api = await connect(options)
      const roles = await listRoles(terminal, api)
      if (options.json === true) terminal.out(`${JSON.stringify(roles, null, 2)}\n`)
      else if (roles.length === 0) terminal.err('No trust policy lets you assume a role.')
      else terminal.out(roleTable(roles))
    })

  roleCommand(program, 'credentials', 'temporary credentials for one role')
    .option('-f, --format <format>', `one of ${[...exportFormats.keys()].join(', ')}`, 'env')
    .action(async (options: RoleOptions) => {
      const format = formatNamed(options.format)
      const api = await connect(options)
      const credentials = await fetchCredentials(terminal, api, await roleRequest(terminal, api, options))
      terminal.out(format(credentials, surroundings(terminal, api)))
    })

  roleCommand(
    program,
    'credential-process',
    'the same for `credential_process` in an AWS profile, cached',
  ).action(async (options: RoleOptions) => {
    const api = await connect(options)
    const credentials = await cachedCredentials(terminal, api, await roleRequest(terminal, api, options))
    terminal.out(formatNamed('process')(credentials, surroundings(terminal, api)))
  })
}

function command(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .option('-s, --server <url>', 'address of the server (or ROLEGATE_SERVER)')
}

function roleCommand(program: Command, name: string, description: string): Command {
  return command(program, name, description)
    .requiredOption('-A, --account <id>', '12 digits, alias, or the name that `rolegate roles` shows')
    .requiredOption('-R, --role <name>', 'name of the role')
    .option('-d, --duration <time>', '15m to 36h, within what the role allows')
}

/** An account by its digits or alias as they are; by its shown name when the list knows exactly one. */
async function roleRequest(terminal: Terminal, api: Api, options: RoleOptions): Promise<RoleRequest> {
  const { account, role } = options
  const durationSeconds = options.duration === undefined ? undefined : parseDuration(options.duration)
  if (/^\d{12}$/.test(account)) return { account, role, durationSeconds }
  const named = (await listRoles(terminal, api)).filter((listed) => listed.accountName === account)
  const ids = [...new Set(named.map((listed) => listed.accountId))]
  if (ids.length > 1) {
    throw new CommandError(
      exitCodes.denied,
      `several accounts are called \`${account}\`: say which by its digits`,
    )
  }
  return { account: ids[0] ?? account, role, durationSeconds }
}

function surroundings({ environment }: Terminal, { server }: Api): ExportSurroundings {
  const chosen = regionVariables.some((name) => environment[name] !== undefined)
  return { endpoint: `${server}/sts`, ...(chosen ? {} : { region: 'us-east-1' }) }
}

function formatNamed(name: string) {
  const format = exportFormats.get(name)
  if (format === undefined) {
    throw new CommandError(
      exitCodes.usage,
      `no format \`${name}\`: choose ${[...exportFormats.keys()].join(', ')}`,
    )
  }
  return format
}

function describe(api: Api, value: unknown): string {
  const who = value as {
    readonly displayName: string
    readonly username: string
    readonly provider: string
    readonly groups: readonly string[]
    readonly multiFactor: boolean
    readonly loginEndsAt: string
  }
  return [
    `${who.displayName} (${who.username}) by ${who.provider} at ${api.server}`,
    `groups: ${who.groups.length === 0 ? 'none' : who.groups.join(', ')}`,
    `more than one factor: ${who.multiFactor ? 'yes' : 'no'}`,
    `login ends: ${who.loginEndsAt}`,
    '',
  ].join('\n')
}
