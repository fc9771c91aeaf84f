/** `rolegate keys rotate|ring|reseal|adopt`: how the options are spelled. What they do is in `ring.ts` and `ring-sealed.ts`. */
import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { folders, withFolders } from './access-key-commands.js'
import type { InstallationFolders } from './installation.js'
import type { RingPlace } from './ring-place.js'
import { CommandError, exitCodes, type Terminal } from './terminal.js'

export interface RingCommandDeps {
  readonly terminal: Terminal
  readonly defaults: InstallationFolders
  readonly exit: (code: number) => void
}

interface PlaceOptions extends InstallationFolders {
  readonly file?: string
}

interface RotateOptions extends PlaceOptions {
  readonly force?: boolean
  readonly signingKeys?: boolean
  readonly compromised?: boolean
}

/** @param keys the `keys` command, to which they are added. */
export function addRingCommands(keys: Command, { terminal, defaults, exit }: RingCommandDeps): void {
  const sub = (name: string, description: string): Command =>
    withFolders(keys.command(name).description(description), defaults)
  const withFile = (command: Command): Command =>
    command.option('--file <path>', 'a ring file elsewhere, instead of keys.json in the data folder')

  withFile(sub('rotate', 'make the next key of the key ring active, and a new next one'))
    .option('--force', 'even when running servers may not know the next key yet')
    .option('--compromised', 'replace all keys of the ring and all signing keys; what they made ends at once')
    .option(
      '--signing-keys',
      'instead of the ring: new keys to sign web identity tokens with; by themselves they follow every 30 days',
    )
    .action(async (options: RotateOptions) => exit(await rotate(options, terminal)))

  withFile(
    sub('ring', 'the keys of the key ring, one a line: id, state, age, until when it opens what'),
  ).action(async (options: PlaceOptions) => {
    const { showRing } = await import('./ring.js')
    exit(await showRing(placeOf(options), terminal))
  })

  sub('reseal', 'seal what the store keeps under the active key; servers do so by themselves').action(
    async (options: InstallationFolders) => {
      const { resealAll } = await import('./ring-sealed.js')
      exit(await resealAll(folders(options), terminal))
    },
  )

  sub('adopt', 'make this ring the one that all replicas must agree with').action(
    async (options: InstallationFolders) => {
      const { adopt } = await import('./ring.js')
      exit(await adopt(folders(options), terminal))
    },
  )
}

async function rotate(options: RotateOptions, terminal: Terminal): Promise<number> {
  const { force = false, signingKeys = false, compromised = false, file } = options
  if (!signingKeys && !compromised) {
    const { rotateRing } = await import('./ring.js')
    return rotateRing(placeOf(options), { now: terminal.now, random: randomBytes, force }, terminal)
  }
  if (force)
    throw new CommandError(
      exitCodes.usage,
      '--force is for a rotation of the key ring: --compromised and --signing-keys never wait',
    )
  if (signingKeys && file !== undefined)
    throw new CommandError(
      exitCodes.usage,
      'signing keys are in the store, sealed under the ring of the configuration: leave out --file',
    )
  const { replaceRing, rotateSigning } = await import('./ring-sealed.js')
  return signingKeys
    ? rotateSigning(folders(options), { compromised }, terminal)
    : replaceRing({ ...folders(options), ...placeOf(options) }, terminal)
}

function placeOf({ config, data, file }: PlaceOptions): RingPlace {
  return {
    config: resolve(config),
    data: resolve(data),
    ...(file === undefined ? {} : { file: resolve(file) }),
  }
}
