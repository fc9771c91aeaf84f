/**
 * The store inside the data directory, on LMDB: durable when acknowledged, and shared by all processes of one
 * machine. The only importer of lmdb. Owns opening, deadlines, sweeping and closing; what the tables mean is in
 * `embedded-expiring-store.ts`, `embedded-records.ts` and `embedded-feed.ts`.
 *
 * A process opens a directory once: LMDB opens with a write of its own, which waits for ever when another handle in
 * the same process is in the middle of one.
 */
import { chmod, mkdir } from 'node:fs/promises'
import type { Database, RootDatabase } from 'lmdb'
import type { Clock } from '../fault.js'
import { inTime, unavailable } from './deadline.js'
import { tableNames, type EmbeddedEngine, type TableName } from './embedded-engine.js'
import { createEmbeddedExpiringStore } from './embedded-expiring-store.js'
import { sweepExpired } from './embedded-expiry.js'
import { createEmbeddedFeed } from './embedded-feed.js'
import { createEmbeddedRecords } from './embedded-records.js'
import { createSettledPast } from './settled-past.js'
import type { Store } from './store.js'

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
  /** Milliseconds on a clock that nobody sets; the process's own when absent. */
  readonly monotonic?: () => number
  /** How often the space of expired entries is given back. */
  readonly sweepIntervalMs?: number
}

/** @throws {Fault} `StoreUnavailable` when the directory cannot be used. */
export async function createEmbeddedStore(deps: EmbeddedStoreDeps): Promise<Store> {
  const { directory, now, monotonic = () => performance.now(), sweepIntervalMs = SWEEP_INTERVAL_MS } = deps
  const { root, tables } = await openTables(directory)
  let closed = false

  const engine: EmbeddedEngine = {
    table: (name) => tables[name],
    write: async (work) => {
      if (closed) throw unavailable('closed')
      return inTime(WRITE_DEADLINE_MS, () => root.transaction(work))
    },
    read: async (work) => {
      if (closed) throw unavailable('closed')
      try {
        // Otherwise the read could come from a snapshot that is older than another process's acknowledged write.
        root.resetReadTxn()
        return work()
      } catch (error) {
        throw unavailable('engine', error)
      }
    },
  }
  const expiring = createEmbeddedExpiringStore(engine, now)
  const records = createEmbeddedRecords(engine)
  const feed = await createEmbeddedFeed(engine, now).catch(async (error: unknown) => {
    await root.close()
    throw error
  })

  const past = createSettledPast({ now, monotonic })
  const swept = [
    // There may be one per request, and they live for minutes: kept longer they would fill the disk. A clock that jumps
    // ahead and comes back costs a sign-in under way, or the memory that something was used in the minutes before.
    { values: tables.entries, marks: tables.expiries, until: now },
    // Revocations live for days, and one that is forgotten gives access back.
    { values: tables.feed, marks: tables['feed-expiries'], until: past.look },
  ]
  const sweepRegularly = async () => {
    let more = false
    try {
      for (const { until, ...pair } of swept) {
        const end = until()
        if (end === undefined) continue
        const batch = { now: end, limit: SWEEP_BATCH }
        if ((await sweepExpired(engine, pair, batch)) === SWEEP_BATCH) more = true
      }
      // Readers of processes that were killed would keep old pages from being used again.
      root.readerCheck()
    } catch {
      // What could not be swept is still absent to every reader, and the next round tries again.
    }
    if (closed) return
    const pause = more ? Math.min(SWEEP_AGAIN_MS, sweepIntervalMs) : sweepIntervalMs
    timer = setTimeout(() => void sweepRegularly(), pause).unref()
  }
  let timer = setTimeout(() => void sweepRegularly(), sweepIntervalMs).unref()

  return {
    ...expiring,
    records,
    feed,
    async ping() {
      await engine.write(() => undefined)
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
  readonly tables: Readonly<Record<TableName, Database<string, string>>>
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
      maxDbs: tableNames.length,
      maxReaders: 1_024,
    })
    root.readerCheck()
    const table = (name: TableName) => root.openDB<string, string>(name, { encoding: 'string' })
    return {
      root,
      tables: {
        entries: table('entries'),
        expiries: table('expiries'),
        records: table('records'),
        feed: table('feed'),
        'feed-expiries': table('feed-expiries'),
        'feed-state': table('feed-state'),
      },
    }
  } catch (error) {
    throw unavailable('open', error)
  }
}
