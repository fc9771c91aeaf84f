/**
 * `rolegate keys rotate|ring|adopt`: the key ring in its file, and what replicas are told about it. A running server
 * notices a changed file by itself. Prints ids, states and ages; never a key.
 */
import { keptUntil, keyRingOf, opensUntil } from '../credentials/key-ring.js'
import { adoptRing } from '../credentials/ring-agreement.js'
import type { RingContent, WrittenKey } from '../credentials/ring-content.js'
import { readRingFile, ringFileName } from '../credentials/ring-file.js'
import { rotateRingFile, writtenKeyId, type RotationOptions } from '../credentials/ring-rotation.js'
import { withInstallation, type InstallationFolders } from './installation.js'
import { ringFileOf, type RingPlace } from './ring-place.js'
import { CommandError, exitCodes, type ExitCode, type Terminal } from './terminal.js'

type Io = Pick<Terminal, 'out' | 'err' | 'now' | 'environment'>

/** Fails, having changed nothing or made the missing next key, when servers may not know the next key yet. */
export async function rotateRing(place: RingPlace, how: RotationOptions, io: Io): Promise<ExitCode> {
  const file = await ringFileOf(place)
  const rotation = await rotateRingFile(file, how)
  if (rotation.outcome === 'rotated') {
    printRing(rotation.content, io)
    for (const key of rotation.removed) io.out(`${writtenKeyId(key)}\tremoved\n`)
    io.err(`Rotated \`${file}\`. Running servers that read this file follow within about a second.`)
    if (rotation.isEarly)
      io.err(
        'Servers that did not know the new active key refuse what is issued under it until they have it. Replicas that share a Redis refuse to issue: run `rolegate keys adopt` when each of them has this ring.',
      )
    return exitCodes.ok
  }
  printRing(rotation.content, io)
  io.err(
    rotation.outcome === 'prepared'
      ? `rolegate: not rotated: \`${file}\` had no next key yet. It has one now; running servers need a moment to read it.`
      : `rolegate: not rotated: the next key in \`${file}\` is so new that running servers may not have read it.`,
  )
  io.err(`Run this again after ${rotation.readyAt.toISOString()}; --force does not wait.`)
  return exitCodes.failed
}

/**
 * One line per key, separated by tabs: id, state, age, and for a retired key until when it opens credentials and
 * everything else, and until when registrations of programs.
 */
export async function showRing(place: RingPlace, io: Io): Promise<ExitCode> {
  const file = await ringFileOf(place)
  const content = await readRingFile(file)
  if (content === undefined)
    throw new Error(`${ringFileName(file)}: there is no such file; a server makes it at its first start`)
  keyRingOf(content, ringFileName(file))
  printRing(content, io)
  return exitCodes.ok
}

/** The record that replicas compare their rings with now says what this ring says. */
export function adopt(folders: InstallationFolders, io: Io): Promise<ExitCode> {
  return withInstallation(folders, io, async ({ config, ring, store }) => {
    if (config.server.store.type !== 'redis')
      throw new CommandError(
        exitCodes.usage,
        'nothing to adopt: the configuration has the embedded store, whose servers all read one ring',
      )
    const current = ring.current()
    await adoptRing(current, store.records)
    io.out(`${current.active.id}\tactive\n`)
    io.err(
      'Adopted. Within ten seconds replicas with another ring stop issuing, and those with this one become ready.',
    )
    return exitCodes.ok
  })
}

/** One line per key, separated by tabs. */
export function printRing({ keys }: RingContent, io: Pick<Io, 'out' | 'now'>): void {
  for (const key of keys) {
    const columns = [writtenKeyId(key), key.state, ageOf(key, io.now())]
    if (key.state === 'retired') {
      columns.push(`opens until ${opensUntil(key.retiredAt).toISOString()}`)
      columns.push(`registrations until ${keptUntil(key.retiredAt).toISOString()}`)
    }
    io.out(`${columns.join('\t')}\n`)
  }
}

/** In the largest unit that has at least two of it, so that it says something and stays short. */
function ageOf({ createdAt }: WrittenKey, now: Date): string {
  if (createdAt === undefined) return 'unknown'
  const seconds = Math.max(0, Math.floor((now.getTime() - createdAt.getTime()) / 1000))
  if (seconds < 120) return `${seconds}s`
  if (seconds < 7_200) return `${Math.floor(seconds / 60)}m`
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)}h` : `${Math.floor(seconds / 86_400)}d`
}
