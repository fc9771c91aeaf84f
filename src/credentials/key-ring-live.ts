/**
 * The key ring of a running server: follows its file (or the configuration) within about a second, keeps the last good
 * ring whatever becomes of that, and lets retired keys go when their time is over.
 */
import { stat } from 'node:fs/promises'
import type { Clock, RandomBytes } from '../fault.js'
import { keyRingOf, ringAt, type KeyRing, type RingInForce } from './key-ring.js'
import { parseRingText } from './ring-content.js'
import { createRingFile, readRingFile, ringFileName } from './ring-file.js'

export type KeyRingSource =
  /** A file that is made on first use, readable by its owner only. */
  | { readonly file: string }
  /**
   * The text of the configuration in force: bare base64 keys, the first active, or the text of a ring file. Replicas
   * with bare keys must be given the same `installation`, e.g. the public URL.
   */
  | TextSource

interface TextSource {
  readonly text: () => string
  readonly installation: string
}

export interface LiveKeyRing extends RingInForce {
  /** Told after another ring came into force. @returns how to stop. */
  onChange(listener: (ring: KeyRing) => void): () => void
  /** Reads again now. Never rejects: a ring that cannot be used changes nothing, is logged, and stays `trouble`. */
  reload(): Promise<void>
  /** What came of the last look, for readiness: undefined when all is as the source says. Never what is wrong. */
  trouble(): string | undefined
  close(): void
}

/** The part of the server's log that is needed here. */
export interface RingLog {
  info(event: string, fields?: Readonly<Record<string, unknown>>): void
  error(event: string, fields?: Readonly<Record<string, unknown>>): void
}

const lookEveryMs = 1_000

/**
 * @throws {Error} that an operator can act on, when the first ring cannot be used: unreadable, readable by others, no
 * key ring, or a key that nobody should trust (wrong length, repeated, all zero, plain text).
 */
export async function openKeyRing(
  deps: KeyRingSource & {
    readonly random: RandomBytes
    readonly now: Clock
    readonly log: RingLog
    /** How often a ring file is looked at. */
    readonly lookEveryMs?: number
  },
): Promise<LiveKeyRing> {
  const { now, log } = deps
  const source = 'text' in deps ? textSource(deps) : await fileSource(deps.file, deps)
  let seen = await source.version()
  let ring = ringAt(await source.read(), now())
  let endsAt = firstEnd(ring)
  let problem: string | undefined
  let trouble: string | undefined
  const listeners = new Set<(ring: KeyRing) => void>()

  const put = (next: KeyRing): void => {
    ring = next
    endsAt = firstEnd(next)
  }

  /** @returns another ring than the one in force, if there is one. */
  async function find(asked: boolean): Promise<KeyRing | undefined> {
    // Looked up before reading: what is written in between is read again at the next look.
    const version = await source.version()
    if (!asked && version === seen && problem === undefined) return undefined
    const next = ringAt(await source.read(), now())
    if (next.installation !== ring.installation)
      throw new Error(`${source.name}: it is another installation's, which only a restart can change to`)
    seen = version
    problem = trouble = undefined
    return contentOf(next) === contentOf(ringAt(ring, now())) ? undefined : next
  }

  async function look(asked: boolean): Promise<void> {
    const next = await find(asked).catch((cause: unknown) => {
      const words = cause instanceof Error ? cause.message : String(cause)
      if (!asked && words === problem) return undefined
      problem = words
      trouble = `last good, reload refused at ${now().toISOString()}`
      log.error('keys.reloadRefused', { problem, inForce: 'the last good key ring' })
      return undefined
    })
    if (next === undefined) return
    put(next)
    log.info('keys.changed', { active: next.active.id, keys: next.keys.map(({ id }) => id) })
    for (const listener of listeners) listener(next)
  }

  let closed = false
  let queue: Promise<void> = Promise.resolve()
  const inTurn = (asked: boolean): Promise<void> => (queue = queue.then(() => look(asked)))
  let timer: NodeJS.Timeout | undefined
  const lookLater = (): void => {
    if (closed) return
    timer = setTimeout(() => void inTurn(false).then(lookLater), deps.lookEveryMs ?? lookEveryMs)
    timer.unref()
  }
  if (source.isFile) lookLater()
  let mayLook = true

  return {
    current() {
      if (endsAt !== undefined && now().getTime() >= endsAt) put(ringAt(ring, now()))
      return ring
    },
    missedKey() {
      if (!mayLook || closed) return
      mayLook = false
      setTimeout(() => (mayLook = true), lookEveryMs).unref()
      // Not now: whoever sends such a message must not wait for it, nor be able to tell that it was done.
      setImmediate(() => void inTurn(false))
    },
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    reload: () => inTurn(true),
    trouble: () => trouble,
    close() {
      closed = true
      clearTimeout(timer)
      listeners.clear()
    },
  }
}

interface Source {
  readonly name: string
  readonly isFile: boolean
  /** Another one when there may be something else to read. */
  version(): Promise<string>
  read(): Promise<KeyRing>
}

function textSource({ text, installation }: TextSource): Source {
  const name = 'key ring text'
  return {
    name,
    isFile: false,
    version: () => Promise.resolve(text()),
    read: async () => keyRingOf(parseRingText(text(), name, installation), name),
  }
}

async function fileSource(
  file: string,
  deps: { readonly random: RandomBytes; readonly now: Clock },
): Promise<Source> {
  if ((await readRingFile(file)) === undefined) await createRingFile(file, deps)
  const name = ringFileName(file)
  return {
    name,
    isFile: true,
    async version() {
      // Nobody can write a file without changing one of these; a replaced one is another inode.
      const at = await stat(file, { bigint: true }).catch(() => undefined)
      return at === undefined ? 'gone' : [at.ino, at.size, at.mtimeNs, at.ctimeNs].join(' ')
    },
    async read() {
      const content = await readRingFile(file)
      if (content === undefined) throw new Error(`${name}: it is gone`)
      return keyRingOf(content, name)
    },
  }
}

/** What is in force, in one text: which keys, and until when. */
function contentOf({ active, keys, next, older }: KeyRing): string {
  const written = [active, ...keys, ...older].map(({ id, end }) => `${id} ${end?.keptUntil.getTime() ?? ''}`)
  return [...written, next?.id ?? ''].join()
}

/** When something of the ring ends next: that a key opens credentials, or that it is there. */
function firstEnd({ keys, older }: KeyRing): number | undefined {
  const ends = [
    ...keys.flatMap(({ end }) => end?.opensUntil.getTime() ?? []),
    ...older.flatMap(({ end }) => end?.keptUntil.getTime() ?? []),
  ]
  return ends.length === 0 ? undefined : Math.min(...ends)
}
