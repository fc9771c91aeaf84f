/**
 * The key ring: the secrets from which everything sealed by this installation is derived. One key is active and
 * seals; the others only open what they sealed before. This file reads, checks and creates the ring; the keys never
 * leave it as bytes, only as HKDF derivations for a named purpose.
 */
import { createHash, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto'
import { link, mkdir, open, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Clock, RandomBytes } from '../fault.js'
import { weaknessOf } from './key-strength.js'

export interface KeyRing {
  /** Bound into everything that is sealed, so that a key copied to another deployment opens nothing there. */
  readonly installation: string
  readonly active: RingKey
  /** The active key first. */
  readonly keys: readonly RingKey[]
}

export interface RingKey {
  /** 16 hexadecimal digits, a function of the key: it tells keys apart and says nothing about them. */
  readonly id: string
  readonly createdAt: Date
  /** @returns `bytes` bytes that depend on this key and on `purpose` (RFC 5869, purpose as `info`). */
  derive(purpose: string, bytes: number): KeyObject
}

export type KeyRingSource =
  /** A file that is created on first use, readable by its owner only. */
  | { readonly file: string }
  /**
   * Base64 of 32 bytes; more than one, separated by commas or white space, for rotation: the first is active.
   * Replicas must be given the same `installation`, e.g. the public URL.
   */
  | { readonly text: string; readonly installation: string }

const keyBytes = 32

/**
 * @throws {Error} that an operator can act on, when the file is readable by others, is not a key ring, or holds a
 * key that nobody should trust (wrong length, repeated, all zero, plain text).
 */
export async function loadKeyRing(
  source: KeyRingSource & { readonly random: RandomBytes; readonly now: Clock },
): Promise<KeyRing> {
  if ('text' in source) return ringFromText(source.text, source.installation, source.now())
  const existing = await readRingFile(source.file)
  if (existing !== undefined) return existing
  await createRingFile(source.file, source.random, source.now())
  const created = await readRingFile(source.file)
  if (created === undefined)
    throw new Error(`key ring \`${source.file}\`: it vanished while it was being created`)
  return created
}

function ringFromText(text: string, installation: string, now: Date): KeyRing {
  const keys = text
    .split(/[\s,]+/)
    .filter((part) => part !== '')
    .map((part, position) => ringKey(part, now, `key ring text, key ${position + 1}`))
  return ringOf(installation, keys, 'key ring text')
}

interface RingFile {
  readonly version: 1
  readonly installation: string
  /** The first one is active. */
  readonly keys: readonly { readonly secret: string; readonly createdAt: string }[]
}

async function readRingFile(file: string): Promise<KeyRing | undefined> {
  let handle
  try {
    handle = await open(file, 'r')
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Error(`key ring \`${file}\`: it cannot be read`, { cause })
  }
  try {
    const { mode } = await handle.stat()
    if ((mode & 0o077) !== 0)
      throw new Error(
        `key ring \`${file}\`: others may read it (mode ${(mode & 0o777).toString(8)}); chmod 600 it`,
      )
    return ringFromFile(file, await handle.readFile('utf8'))
  } finally {
    await handle.close()
  }
}

function ringFromFile(file: string, text: string): KeyRing {
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch {
    throw new Error(`key ring \`${file}\`: it is not JSON`)
  }
  if (!isRingFile(content)) throw new Error(`key ring \`${file}\`: it is not a key ring of version 1`)
  const keys = content.keys.map(({ secret, createdAt }, position) =>
    ringKey(secret, new Date(createdAt), `key ring \`${file}\`, key ${position + 1}`),
  )
  return ringOf(content.installation, keys, `key ring \`${file}\``)
}

function isRingFile(value: unknown): value is RingFile {
  const ring = value as Partial<RingFile> | null
  return (
    typeof ring === 'object' &&
    ring?.version === 1 &&
    typeof ring.installation === 'string' &&
    ring.installation !== '' &&
    Array.isArray(ring.keys) &&
    ring.keys.every(
      (key: Partial<RingFile['keys'][number]> | null) =>
        typeof key?.secret === 'string' && !Number.isNaN(Date.parse(String(key.createdAt))),
    )
  )
}

function ringOf(installation: string, keys: readonly RingKey[], where: string): KeyRing {
  const [active] = keys
  if (active === undefined) throw new Error(`${where}: it holds no key`)
  if (installation === '') throw new Error(`${where}: it names no installation`)
  if (new Set(keys.map((key) => key.id)).size !== keys.length)
    throw new Error(`${where}: a key is in it twice`)
  return { installation, active, keys }
}

function ringKey(base64: string, createdAt: Date, where: string): RingKey {
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.toString('base64').replace(/=+$/, '') !== base64.replace(/=+$/, ''))
    throw new Error(`${where}: it is not base64`)
  const weakness = weaknessOf(bytes, keyBytes)
  if (weakness !== undefined)
    throw new Error(`${where}: ${weakness}; make one with \`openssl rand -base64 32\``)
  const secret = createSecretKey(bytes)
  bytes.fill(0)
  return {
    id: Buffer.from(hkdfSync('sha256', secret, '', 'rolegate/1/key-id', 8)).toString('hex'),
    createdAt,
    derive: (purpose, length) =>
      createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', `rolegate/1/${purpose}`, length))),
  }
}

/** Of two processes that start at once, one creates the file and the other reads it: `link` never overwrites. */
async function createRingFile(file: string, random: RandomBytes, now: Date): Promise<void> {
  const content: RingFile = {
    version: 1,
    installation: createHash('sha256').update(random(32)).digest('hex').slice(0, 32),
    keys: [{ secret: random(keyBytes).toString('base64'), createdAt: now.toISOString() }],
  }
  const folder = dirname(file)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const draft = join(folder, `.keys-${random(8).toString('hex')}.json`)
  const handle = await open(draft, 'wx', 0o600)
  try {
    await handle.writeFile(`${JSON.stringify(content, undefined, 2)}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
  try {
    await link(draft, file)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
  } finally {
    await unlink(draft)
  }
  await syncFolder(folder)
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
