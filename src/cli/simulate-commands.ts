/** `rolegate simulate`: how the options are spelled; the two simulations are loaded only when asked for. */
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { CommandError, exitCodes, type Terminal } from './terminal.js'

interface Folders {
  readonly config: string
  readonly data: string
  readonly certs: string
}

interface SimulateOptions extends Folders {
  readonly cases?: string
  readonly explain?: boolean
  readonly as?: string
  readonly role?: string
  readonly json?: boolean
}

export function addSimulateCommand(
  program: Command,
  terminal: Terminal,
  defaults: Folders,
  exit: (code: number) => void,
): void {
  program
    .command('simulate')
    .description(
      'decide requests without asking anybody: cases from a file, or the roles that an identity may assume',
    )
    .option('--cases <file>', 'cases, one JSON object a line; `-` reads standard input')
    .option('--explain', 'with --cases: add the reasons')
    .option('--as <file>', 'an identity, JSON or YAML: which roles of the configuration it may assume')
    .option('--role <arn>', 'with --as: this role only, and why')
    .option('--json', 'with --as: for programs')
    .option('-c, --config <dir>', 'configuration folder', defaults.config)
    .option('--data <dir>', 'folder that configured paths under the data directory refer to', defaults.data)
    .option('--certs <dir>', 'folder for certificates', defaults.certs)
    .action(async (options: SimulateOptions) => {
      checkTogether(options)
      if (options.cases !== undefined)
        return exit(await simulateCasesOf(options.cases, options.explain === true))
      const { simulateIdentity } = await import('./simulation/simulate-identity.js')
      exit(
        await simulateIdentity({
          identity: resolve(options.as!),
          role: options.role,
          json: options.json === true,
          config: resolve(options.config),
          data: resolve(options.data),
          certs: resolve(options.certs),
          terminal,
        }),
      )
    })
}

/** An option that would do nothing is a mistake. */
function checkTogether({ cases, as, explain, role, json }: SimulateOptions): void {
  if ((cases === undefined) === (as === undefined)) {
    throw new CommandError(exitCodes.usage, 'simulate needs either --cases or --as')
  }
  const stray = cases === undefined ? explain && '--explain' : (role && '--role') || (json && '--json')
  if (stray) {
    throw new CommandError(
      exitCodes.usage,
      `${stray} does not go with ${cases === undefined ? '--as' : '--cases'}`,
    )
  }
}

async function simulateCasesOf(file: string, explain: boolean): Promise<number> {
  const [{ simulateCases }, { createSink }] = await Promise.all([
    import('./simulation/simulate-cases.js'),
    import('./simulation/output-stream.js'),
  ])
  const input: AsyncIterable<Uint8Array> = file === '-' ? process.stdin : await opened(file)
  const sink = createSink(process.stdout)
  try {
    await simulateCases(input, sink, { explain })
    return exitCodes.ok
  } finally {
    sink.close()
  }
}

async function opened(file: string): Promise<AsyncIterable<Uint8Array>> {
  const stats = await stat(file).catch(() => undefined)
  if (stats === undefined) throw new CommandError(exitCodes.failed, `the file \`${file}\` does not exist`)
  if (stats.isDirectory()) throw new CommandError(exitCodes.failed, `\`${file}\` is a folder`)
  return createReadStream(file, { highWaterMark: 262_144 })
}
