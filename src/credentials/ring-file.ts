/**
 * The ring's file: readable by its owner only, made once, replaced as a whole. Whatever moment a process is killed
 * at, the file holds the old ring or the new one.
 */
import { createHash } from 'node:crypto'
import { link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Clock, RandomBytes } from '../fault.js'
import { parseRingFile, ringFileText, type RingContent } from './ring-content.js'
import { ringKeyBytes } from './ring-key.js'

/** How messages name a ring file. */
export function ringFileName(file: string): string {
  return `key ring \`${file}\``
}

/**
 * @returns undefined when there is no such file.
 * @throws {Error} that an operator can act on: unreadable, readable by others, no ring.
 */
export async function readRingFile(file: string): Promise<RingContent | undefined> {
  const where = ringFileName(file)
  let handle
  try {
    handle = await open(file, 'r')
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined
    throw new Error(`${where}: it cannot be read (${codeOf(cause)})`, { cause })
  }
  try {
    const { mode } = await handle.stat()
    if ((mode & 0o077) !== 0)
      throw new Error(`${where}: others may read it (mode ${(mode & 0o777).toString(8)}); chmod 600 it`)
    return parseRingFile(await handle.readFile('utf8'), where)
  } finally {
    await handle.close()
  }
}

/** A new ring, with an active and a next key. Of two processes that start at once, one makes the file: `link` never overwrites. */
export async function createRingFile(
  file: string,
  { random, now }: { readonly random: RandomBytes; readonly now: Clock },
): Promise<void> {
  const folder = dirname(file)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const createdAt = now()
  const fresh = (): string => random(ringKeyBytes).toString('base64')
  const draft = await writeDraft(file, random, {
    installation: createHash('sha256').update(random(32)).digest('hex').slice(0, 32),
    keys: [
      { secret: fresh(), createdAt, state: 'active' },
      { secret: fresh(), createdAt, state: 'next' },
    ],
  })
  try {
    await link(draft, file)
  } catch (cause) {
    if (codeOf(cause) !== 'EEXIST') throw cause
  } finally {
    await rm(draft, { force: true })
  }
  await syncFolder(folder)
}

/**
 * Puts another ring in the place of a file that is there, with its owner. Only for who holds the ring's lock: what a
 * killed process left half done beside the file is removed too.
 */
export async function replaceRingFile(
  file: string,
  content: RingContent,
  random: RandomBytes,
): Promise<void> {
  const folder = dirname(file)
  for (const name of await readdir(folder))
    if (isDraftOf(file, name)) await rm(join(folder, name), { force: true })
  const draft = await writeDraft(file, random, content)
  try {
    await rename(draft, file)
  } catch (cause) {
    await rm(draft, { force: true })
    throw cause
  }
  await syncFolder(folder)
}

async function writeDraft(file: string, random: RandomBytes, content: RingContent): Promise<string> {
  const draft = draftName(file, random)
  const handle = await open(draft, 'wx', 0o600)
  try {
    await handle.writeFile(ringFileText(content))
    const owner = await stat(file).catch(() => undefined)
    // Otherwise root, rotating for a server that is not root, would shut it out.
    if (owner !== undefined && process.getuid?.() === 0) await handle.chown(owner.uid, owner.gid)
    await handle.sync()
  } finally {
    await handle.close()
  }
  return draft
}

/** A name beside the ring that nobody else has; what a killed process leaves under one, the next rotation removes. */
export function draftName(file: string, random: RandomBytes): string {
  return join(dirname(file), `${draftPrefix(file)}${random(8).toString('hex')}`)
}

function draftPrefix(file: string): string {
  return `.${basename(file)}.draft-`
}

function isDraftOf(file: string, name: string): boolean {
  const prefix = draftPrefix(file)
  return name.startsWith(prefix) && /^[0-9a-f]{16}$/.test(name.slice(prefix.length))
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

function codeOf(cause: unknown): string {
  return (cause as NodeJS.ErrnoException).code ?? 'unknown'
}
