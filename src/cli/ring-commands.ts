/** `rolegate keys rotate|ring|adopt`: how the options are spelled. What they do is in `ring.ts`, loaded when asked for. */
import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import type { SharedRing } from './ring.js'
import type { Terminal } from './terminal.js'

export interface RingCommandDeps {
  readonly terminal: Terminal
  readonly defaults: { readonly config: string; readonly data: string }
  readonly exit: (code: number) => void
  /** What the servers of this configuration share: their ring and the store's records. */
  readonly openShared: (folders: { readonly config: string; readonly data: string }) => Promise<SharedRing>
}

interface PlaceOptions {
  readonly config: string
  readonly data: string
  readonly file?: string
}

/** @param keys the `keys` command, to which they are added. */
export function addRingCommands(
  keys: Command,
  { terminal, defaults, exit, openShared }: RingCommandDeps,
): void {
  const sub = (name: string, description: string): Command =>
    keys
      .command(name)
      .description(description)
      .option('-c, --config <dir>', 'configuration folder', defaults.config)
      .option('--data <dir>', 'the server’s data folder', defaults.data)
  const withFile = (command: Command): Command =>
    command.option('--file <path>', 'a ring file elsewhere, instead of keys.json in the data folder')
  const placeOf = ({ config, data, file }: PlaceOptions) => ({
    config: resolve(config),
    data: resolve(data),
    ...(file === undefined ? {} : { file: resolve(file) }),
  })

  withFile(sub('rotate', 'make the next key of the key ring active, and a new next one'))
    .option('--force', 'even when running servers may not know the next key yet')
    .action(async (options: PlaceOptions & { readonly force?: boolean }) => {
      const { rotateRing } = await import('./ring.js')
      const how = { now: terminal.now, random: randomBytes, force: options.force === true }
      exit(await rotateRing(placeOf(options), how, terminal))
    })

  withFile(sub('ring', 'the keys of the key ring, one a line: id, state, age, until when it opens')).action(
    async (options: PlaceOptions) => {
      const { showRing } = await import('./ring.js')
      exit(await showRing(placeOf(options), terminal))
    },
  )

  sub('adopt', 'make this ring the one that all replicas must agree with').action(
    async (options: PlaceOptions) => {
      const { adopt } = await import('./ring.js')
      exit(await adopt(() => openShared(placeOf(options)), terminal))
    },
  )
}
