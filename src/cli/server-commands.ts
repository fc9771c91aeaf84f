/** The commands that run on the server's machine: serve, check, simulate, user, keys, mfa, certs. */
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { addAccessKeyCommands } from './access-key-commands.js'
import { addMfaCommands } from './mfa-commands.js'
import { addRevokeCommands } from './revoke-command.js'
import { addRingCommands } from './ring-commands.js'
import { addSimulateCommand } from './simulate-commands.js'
import type { Terminal } from './terminal.js'
import { addUserCommands } from './user-commands.js'

/** The folder that holds package.json: from dist/cli as from src/cli it is two up. */
const home = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..')

interface Folders {
  readonly config: string
  readonly data: string
  readonly certs: string
}

export function addServerCommands(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  const { environment } = terminal
  const defaults: Folders = {
    config: environment['ROLEGATE_CONFIG'] ?? (existsSync('config') ? 'config' : join(home, 'config')),
    data: environment['ROLEGATE_DATA'] ?? 'data',
    certs: environment['ROLEGATE_CERTS'] ?? 'certs',
  }

  program
    .command('serve')
    .description('run the server')
    .option('-c, --config <dir>', 'configuration folder', defaults.config)
    .option('--data <dir>', 'folder for keys, the embedded store and the audit file', defaults.data)
    .option('--certs <dir>', 'folder for certificates, generated when missing', defaults.certs)
    .option('-l, --listen <host:port>', 'address to listen on, instead of the configured one')
    .option('--demo', 'start demo identity providers too; loopback only')
    .action(async (options: Folders & { readonly listen?: string; readonly demo?: boolean }) => {
      const { serve } = await import('../main.js')
      exit(
        await serve({
          configDirectory: resolve(options.config),
          dataDirectory: resolve(options.data),
          certificatesDirectory: resolve(options.certs),
          listen: options.listen,
          demo: options.demo === true,
          environment,
          print: (text) => terminal.out(text),
          printError: (text) => terminal.err(text),
        }),
      )
    })

  program
    .command('check')
    .description('report every problem of a configuration; silent when all is well')
    .option('-c, --config <dir>', 'configuration folder', defaults.config)
    .option('--data <dir>', 'folder that configured paths under the data directory refer to', defaults.data)
    .option('--certs <dir>', 'folder for certificates', defaults.certs)
    .option(
      '--strict',
      'print every finding about policies; fail on errors and on trust policies that are too open',
    )
    .action(async (options: Folders & { readonly strict?: boolean }) => {
      const { check } = await import('./check.js')
      exit(
        await check({
          config: resolve(options.config),
          data: resolve(options.data),
          certs: resolve(options.certs),
          environment,
          strict: options.strict === true,
          stdout: (text) => terminal.out(text),
          stderr: (text) => terminal.err(text.trimEnd()),
        }),
      )
    })

  addSimulateCommand(program, terminal, defaults, exit)
  addUserCommands(program, terminal, defaults.data, exit)

  const io = { ...terminal, input: process.stdin, show: (text: string) => void process.stderr.write(text) }
  const keys = program.command('keys').description('access keys of users, and the key ring')
  addAccessKeyCommands(keys, { io, defaults, exit })
  addRingCommands(keys, { terminal, defaults, exit })
  addMfaCommands(program, { io, defaults, exit })
  addRevokeCommands(program, terminal, defaults)

  program
    .command('certs')
    .description('certificates of this installation')
    .command('replace')
    .description('make new SAML and TLS certificates; the old ones are kept beside them')
    .option('--certs <dir>', 'folder for certificates', defaults.certs)
    .option('--host <name>', 'host name in the TLS certificate', '127.0.0.1')
    .action(async (options: { readonly certs: string; readonly host: string }) => {
      const { replaceCertificates } = await import('../config/certificates.js')
      const replaced = await replaceCertificates(resolve(options.certs), options.host, terminal.now())
      for (const file of replaced) terminal.out(`${file}\n`)
      terminal.err(
        'A running server takes the new SAML keys at once: give your SAML identity providers the new metadata. TLS needs a restart.',
      )
    })
}
