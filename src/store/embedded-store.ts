/**
 * The expiring store inside the data directory, on LMDB: durable when acknowledged, and shared by all processes of
 * one machine. The only importer of lmdb.
 *
 * LMDB knows no expiry. A value carries its own (`<milliseconds>:<value>`) and is checked against the passed clock
 * on every read, so an expired entry is absent at once; a second table ordered by expiry lets a sweep give the space
 * back later without looking at live entries.
 *
 * A process opens a directory once: LMDB opens with a write of its own, which waits for ever when another handle in
 * the same process is in the middle of one.
 */
import { chmod, mkdir } from 'node:fs/promises'
import type { Database, RootDatabase } from 'lmdb'
import type { Clock } from '../fault.js'
import { inTime, unavailable } from './deadline.js'
import type { ExpiringStore } from './expiring-store.js'
import { requireKey } from './key.js'

/** A disk that takes longer than this to make a write durable counts as failed. */
const WRITE_DEADLINE_MS = 5_000
const SWEEP_INTERVAL_MS = 15_000
/** After a full batch the next one follows soon, with room for other writers in between. */
const SWEEP_AGAIN_MS = 100
const SWEEP_BATCH = 500

export interface EmbeddedStoreDeps {
  /** Made when absent; readable by its owner only. On a local disk: LMDB does not work on a network file system. */
  readonly directory: string
  readonly now: Clock
  /** How often the space of expired entries is given back. */
  readonly sweepIntervalMs?: number
}

/** @throws {Fault} `StoreUnavailable` when the directory cannot be used. */
export async function createEmbeddedStore(deps: EmbeddedStoreDeps): Promise<ExpiringStore> {
  const { directory, now, sweepIntervalMs = SWEEP_INTERVAL_MS } = deps
  const { root, entries, expiries } = await openTables(directory)
  let closed = false

  const live = (key: string): string | undefined => {
    const entry = decode(entries.get(key))
    return entry !== undefined && entry.expiresAt > now().getTime() ? entry.value : undefined
  }
  const write = (key: string, value: string, expiresAt: Date) => {
    // Nothing but the sweep waits for these: it happens inside a transaction or batch that is awaited as a whole.
    void entries.put(key, encode(value, expiresAt.getTime()))
    void expiries.put(expiryKey(expiresAt.getTime(), key), '')
  }
  const erase = (key: string, entry: Entry) => {
    void entries.remove(key)
    void expiries.remove(expiryKey(entry.expiresAt, key))
  }
  const transaction = <T>(work: () => T): Promise<T> => {
    if (closed) return Promise.reject(unavailable('closed'))
    return inTime(WRITE_DEADLINE_MS, () => root.transaction(work))
  }

  const sweep = async (): Promise<number> => {
    const end = expiryKey(now().getTime() + 1, '')
    const due = [...expiries.getKeys({ end, limit: SWEEP_BATCH })]
    if (due.length === 0) return 0
    await transaction(() => {
      for (const expiry of due) {
        const key = expiry.slice(EXPIRY_DIGITS + 1)
        const entry = decode(entries.get(key))
        // The key may have been written again with a later expiry; then only this mark of it is old.
        if (entry !== undefined && expiryKey(entry.expiresAt, key) === expiry) void entries.remove(key)
        void expiries.remove(expiry)
      }
    })
    return due.length
  }
  let timer = setTimeout(() => void sweepRegularly(), sweepIntervalMs).unref()
  const sweepRegularly = async () => {
    let swept = 0
    try {
      swept = await sweep()
      // Readers of processes that were killed would keep old pages from being used again.
      root.readerCheck()
    } catch {
      // What could not be swept is still absent to every reader, and the next round tries again.
    }
    if (closed) return
    const pause = swept === SWEEP_BATCH ? Math.min(SWEEP_AGAIN_MS, sweepIntervalMs) : sweepIntervalMs
    timer = setTimeout(() => void sweepRegularly(), pause).unref()
  }

  return {
    async put(key, value, expiresAt) {
      requireKey(key)
      await transaction(() => write(key, value, expiresAt))
    },
    async add(key, value, expiresAt) {
      requireKey(key)
      return transaction(() => {
        if (live(key) !== undefined) return false
        write(key, value, expiresAt)
        return true
      })
    },
    async get(key) {
      requireKey(key)
      if (closed) throw unavailable('closed')
      try {
        // Otherwise the read could come from a snapshot that is older than another process's acknowledged write.
        root.resetReadTxn()
        return live(key)
      } catch (error) {
        throw unavailable('engine', error)
      }
    },
    async take(key) {
      requireKey(key)
      return transaction(() => {
        const entry = decode(entries.get(key))
        if (entry === undefined) return undefined
        erase(key, entry)
        return entry.expiresAt > now().getTime() ? entry.value : undefined
      })
    },
    async ping() {
      await transaction(() => undefined)
    },
    async close() {
      if (closed) return
      closed = true
      clearTimeout(timer)
      await root.close()
    },
  }
}

interface Tables {
  readonly root: RootDatabase<string, string>
  readonly entries: Database<string, string>
  readonly expiries: Database<string, string>
}

async function openTables(directory: string): Promise<Tables> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    await chmod(directory, 0o700)
    const { open } = await import('lmdb')
    const root = open<string, string>({
      path: directory,
      // Otherwise a dot in the directory's name would make it a file.
      noSubdir: false,
      encoding: 'string',
      // A write is acknowledged after the disk has it.
      overlappingSync: false,
      maxDbs: 4,
      maxReaders: 1_024,
    })
    root.readerCheck()
    return {
      root,
      entries: root.openDB<string, string>('entries', { encoding: 'string' }),
      expiries: root.openDB<string, string>('expiries', { encoding: 'string' }),
    }
  } catch (error) {
    throw unavailable('open', error)
  }
}

interface Entry {
  readonly expiresAt: number
  readonly value: string
}

function encode(value: string, expiresAt: number): string {
  return `${expiresAt}:${value}`
}

function decode(stored: string | undefined): Entry | undefined {
  if (stored === undefined) return undefined
  const colon = stored.indexOf(':')
  return { expiresAt: Number(stored.slice(0, colon)), value: stored.slice(colon + 1) }
}

const EXPIRY_DIGITS = 15

/** Sorts as text in the order of time. */
function expiryKey(expiresAt: number, key: string): string {
  return `${String(Math.max(0, expiresAt)).padStart(EXPIRY_DIGITS, '0')}:${key}`
}
