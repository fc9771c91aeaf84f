/** The `rolegate` command: a table of commands; the server's own are loaded only when asked for, so that clients start fast. */
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { Command, CommanderError } from 'commander'
import { addClientCommands } from './client-commands.js'
import { openBrowser } from './open-browser.js'
import { addServerCommands } from './server-commands.js'
import { CommandError, exitCodes, type Terminal } from './terminal.js'

/** @returns the exit code. */
export async function main(
  parameters: readonly string[],
  terminal: Terminal = processTerminal(),
): Promise<number> {
  const program = new Command('rolegate')
    .description('Sign in with what your organisation has, take temporary credentials, switch role.')
    .version(version(), '-V, --version', 'print the version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.err(text.trimEnd()),
    })
    .showHelpAfterError('(rolegate --help lists the commands)')
  addClientCommands(program, terminal)
  const exitCode = { value: exitCodes.ok as number }
  addServerCommands(program, terminal, (code) => (exitCode.value = code))
  try {
    await program.parseAsync(parameters, { from: 'user' })
    return exitCode.value
  } catch (cause) {
    if (cause instanceof CommanderError) return cause.exitCode === 0 ? exitCodes.ok : exitCodes.usage
    if (cause instanceof CommandError) {
      terminal.err(`rolegate: ${cause.message}`)
      return cause.exitCode
    }
    terminal.err(`rolegate: ${cause instanceof Error ? cause.message : String(cause)}`)
    return exitCodes.failed
  }
}

function version(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { readonly version: string }).version
}

function processTerminal(): Terminal {
  return {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(`${text}\n`),
    environment: process.env,
    home: homeFolder(),
    now: () => new Date(),
    fetch,
    openBrowser: (url) => openBrowser(url, process.env),
    wait: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  }
}

/** Where containers run under a user that has no name there is none; only clients keep something in it. */
function homeFolder(): string {
  try {
    return homedir()
  } catch {
    return '/nonexistent'
  }
}
