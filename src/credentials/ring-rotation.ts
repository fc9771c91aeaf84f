/**
 * Rotation of a ring file: the next key becomes active, the active one retires, a new next key is made, and keys whose
 * time is over go. What a rotation makes of a ring is a pure function; the file changes under a lock, in one step.
 */
import { realpath } from 'node:fs/promises'
import type { Clock, RandomBytes } from '../fault.js'
import { keptUntil, keyRingOf } from './key-ring.js'
import type { RingContent, WrittenKey } from './ring-content.js'
import { readRingFile, replaceRingFile, ringFileName } from './ring-file.js'
import { createRingKey, ringKeyBytes } from './ring-key.js'
import { withRingLock } from './ring-lock.js'

/** Running servers look at the file every second; one that was stopped for a while has this long. */
const promotableAfterSeconds = 60

export type Rotation =
  | {
      readonly outcome: 'rotated'
      readonly content: RingContent
      readonly removed: readonly WrittenKey[]
      /** Forced: running servers may not know the key that is active now. */
      readonly isEarly: boolean
    }
  /** There was no next key, as in version 1: now there is one, and everything else is as it was. */
  | { readonly outcome: 'prepared'; readonly content: RingContent; readonly readyAt: Date }
  /** The next key is so new that a running server may not have it yet; nothing changed. */
  | { readonly outcome: 'tooEarly'; readonly content: RingContent; readonly readyAt: Date }

export interface RotationOptions {
  readonly now: Clock
  readonly random: RandomBytes
  /** Makes a key active that running servers may not have read: they refuse its tokens until they have. */
  readonly force: boolean
}

export function rotated(content: RingContent, { now, random, force }: RotationOptions): Rotation {
  const at = now()
  const fresh = { secret: random(ringKeyBytes).toString('base64'), createdAt: at }
  const next = content.keys.find(({ state }) => state === 'next')
  const readyAt = new Date((next?.createdAt ?? at).getTime() + promotableAfterSeconds * 1000)
  const retired = content.keys
    .filter(({ state }) => state !== 'active' && state !== 'next')
    .map((key) => retire(key, at))
  const kept = retired.filter(({ retiredAt }) => keptUntil(retiredAt) > at)
  const active = content.keys.find(({ state }) => state === 'active')!
  if (next === undefined && !force)
    return {
      outcome: 'prepared',
      content: { ...content, keys: [active, { ...fresh, state: 'next' }, ...kept] },
      readyAt,
    }
  if (readyAt > at && !force) return { outcome: 'tooEarly', content, readyAt }
  const promoted = next ?? { secret: random(ringKeyBytes).toString('base64'), createdAt: at }
  return {
    outcome: 'rotated',
    content: {
      ...content,
      keys: [{ ...promoted, state: 'active' }, { ...fresh, state: 'next' }, retire(active, at), ...kept],
    },
    removed: retired.filter((key) => !kept.includes(key)),
    isEarly: readyAt > at,
  }
}

/** @throws {Error} that an operator can act on; then the file is as it was. */
export function rotateRingFile(file: string, options: RotationOptions): Promise<Rotation> {
  return changeRingFile(file, options, (content) => {
    const rotation = rotated(content, options)
    return { made: rotation, put: rotation.outcome === 'tooEarly' ? undefined : rotation.content }
  })
}

/**
 * Changes a ring file under its lock, in one step.
 * @param edit what is to be in it, if anything else, and what to return.
 * @throws {Error} that an operator can act on; then the file is as it was.
 */
export async function changeRingFile<Made>(
  written: string,
  deps: { readonly now: Clock; readonly random: RandomBytes },
  edit: (content: RingContent) => { readonly put: RingContent | undefined; readonly made: Made },
): Promise<Made> {
  // A link stays one, and has no lock of its own: it is what it points at that changes.
  const file = await realpath(written).catch(() => written)
  return withRingLock(file, deps, async (stillOurs) => {
    const content = await readRingFile(file)
    if (content === undefined) throw new Error(`${ringFileName(file)}: there is no such file`)
    // Never build upon a ring that a server would refuse.
    keyRingOf(content, ringFileName(file))
    const { put, made } = edit(content)
    if (put === undefined) return made
    await stillOurs()
    await replaceRingFile(file, put, deps.random)
    return made
  })
}

/** For messages: a key is named by its id, never by itself. */
export function writtenKeyId({ secret }: WrittenKey): string {
  return createRingKey(secret, 'key').id
}

/** What a key is from now on. One that was retired before keeps its instant. */
export function retire(key: WrittenKey, at: Date): WrittenKey & { readonly state: 'retired' } {
  const { secret, createdAt } = key
  return {
    secret,
    ...(createdAt === undefined ? {} : { createdAt }),
    state: 'retired',
    retiredAt: key.state === 'retired' ? key.retiredAt : at,
  }
}
