/** Which ring file a command means, and what to do where the configuration gives the ring by reference. */
import { join, resolve } from 'node:path'
import { listConfigFolder } from '../config/config-folder.js'
import { createFindings } from '../config/place.js'
import { maxNamedFileBytes, readText } from '../config/reading.js'
import { secret } from '../config/schema/value.js'
import { parseSource } from '../config/source-document.js'
import { keepingSeconds, openingSeconds } from '../credentials/key-ring.js'
import { CommandError, exitCodes } from './terminal.js'

export interface RingPlace {
  readonly config: string
  readonly data: string
  /** Asked for by name: then the configuration does not matter. */
  readonly file?: string
}

/**
 * The ring file of the data folder, for replacing all of its keys.
 * @throws {CommandError} that says how it is done where the servers take their ring from somewhere else.
 */
export async function replaceableRingFile({ config, data, file }: RingPlace): Promise<string> {
  const reference = file === undefined ? await referenceIn(config) : undefined
  if (file === undefined && reference === undefined) return join(data, 'keys.json')
  throw new CommandError(
    exitCodes.usage,
    `${file === undefined ? `the configuration has \`keyRing: ${reference}\`` : 'with --file'}, so the keys are replaced in four steps: ` +
      '1. put two new keys in front of the others on every replica (in a ring file: `rolegate keys rotate --force --file PATH`, twice), ' +
      'and run `rolegate keys adopt` where replicas share a Redis; ' +
      '2. run `rolegate keys reseal` until it says that the retired keys may go; ' +
      '3. remove all keys but the two on every replica; ' +
      '4. run `rolegate keys rotate --signing-keys --compromised`',
  )
}

/** @throws {CommandError} that says how to rotate, when the servers take their ring from somewhere else. */
export async function ringFileOf({ config, data, file }: RingPlace): Promise<string> {
  if (file !== undefined) return file
  const reference = await referenceIn(config)
  if (reference === undefined) return join(data, 'keys.json')
  throw new CommandError(exitCodes.usage, await instruction(reference, config))
}

/**
 * @returns what stands under `keyRing`, e.g. `${env:NAME}`; undefined when there is nothing, or no configuration.
 * @throws {CommandError} when the configuration cannot be read, or has the keys themselves.
 */
async function referenceIn(config: string): Promise<string | undefined> {
  const findings = createFindings()
  const folder = await listConfigFolder(config, findings)
  const name = folder?.files.find(({ kind }) => kind === 'rolegate')?.name
  if (name === undefined) return undefined
  const read = await readText(join(config, name), maxNamedFileBytes)
  const source = read.ok ? parseSource(name, read.text, findings) : undefined
  if (source === undefined)
    throw new CommandError(
      exitCodes.failed,
      `\`${join(config, name)}\` cannot be read, so it is not known where the key ring is: run \`rolegate check\`, or name the ring with --file`,
    )
  const written = (source.value as { readonly keyRing?: unknown } | null)?.keyRing
  if (written === undefined || written === null) return undefined
  // Anything else may be the keys themselves, which no message repeats.
  const { success, error } = secret().safeParse(written)
  if (success && typeof written === 'string') return written
  throw new CommandError(
    exitCodes.failed,
    `\`keyRing\` in \`${join(config, name)}\`: ${error?.issues[0]?.message ?? ''}`,
  )
}

async function instruction(reference: string, config: string): Promise<string> {
  const [, path] = /^\$\{file:(.+)\}$/.exec(reference) ?? []
  const file = path === undefined ? undefined : resolve(config, path)
  const text = file === undefined ? undefined : await readText(file, maxNamedFileBytes)
  if (file !== undefined && text?.ok === true && text.text.trimStart().startsWith('{'))
    return (
      `the configuration has \`keyRing: ${reference}\`, a ring file: run this with --file ${file}, ` +
      'or with --file and a copy of it, and put the result in its place on every replica; running servers follow by themselves'
    )
  const how = file === undefined ? 'and restart it' : 'which follows by itself'
  return (
    `the configuration has \`keyRing: ${reference}\`, bare keys, which you rotate in three steps: ` +
    `1. make a key with \`openssl rand -base64 32\` and add it behind the others, after a comma, on every replica, ${how}; ` +
    `2. when all have it, move it to the front on every replica, ${how}; ` +
    `3. ${openingSeconds / 3_600} hours later remove the old one, or ${keepingSeconds / 86_400} days later if programs shall not have to register anew`
  )
}
