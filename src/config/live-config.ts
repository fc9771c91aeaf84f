/**
 * The configuration in force: the last good one, however broken the files are at the moment. Reloads when asked
 * (SIGHUP) and when a folder that holds anything it read changes.
 */
import type { Clock } from '../fault.js'
import type { Log } from '../operation/log.js'
import type { Metrics } from '../operation/metrics.js'
import { ensureCertificates } from './certificates.js'
import type { Config, ConfigProblem } from './config.js'
import { watchFolders, type Watching } from './folder-watch.js'
import { loadConfig, type LoadedConfig, type LoadOptions } from './load-config.js'

type Listener = (config: Config, previous: Config) => void | Promise<void>

export interface LiveConfig {
  current(): Config
  /**
   * Reads everything again. Calls wait for each other.
   * @returns what is wrong; then nothing changed. Empty: the configuration is in force and listeners were told.
   */
  reload(): Promise<readonly ConfigProblem[]>
  /** Told after a reload that changed anything, before `reload` resolves. @returns how to stop. */
  onChange(listener: Listener): () => void
  /** What came of the last reload, for who watches: undefined when all is as the files say. Never what is wrong. */
  trouble(): string | undefined
  /** Counts reloads from now on. */
  countWith(metrics: Pick<Metrics, 'configReload'>): void
  /** Reloads when something changes, half a second after the last change. */
  watch(): void
  close(): void
}

/**
 * Loads for the first time, making the certificates that are missing.
 * @throws {Error} when a certificate cannot be made.
 */
export async function openLiveConfig(
  options: LoadOptions & { readonly log: Log; readonly now?: Clock },
): Promise<
  | { readonly ok: true; readonly live: LiveConfig }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] }
> {
  let loaded = await loadConfig(options)
  if (loaded.ok) {
    const { hostname } = new URL(loaded.config.server.publicUrl)
    const made = await ensureCertificates(options.certificatesDirectory, hostname.replace(/^\[(.*)\]$/, '$1'))
    if (made.length > 0) {
      options.log.info('config.certificatesMade', { files: made })
      loaded = await loadConfig(options)
    }
  }
  return loaded.ok
    ? { ok: true, live: createLiveConfig(loaded, () => loadConfig(options), options) }
    : { ok: false, problems: loaded.problems }
}

function createLiveConfig(
  first: LoadedConfig & { readonly ok: true },
  load: () => Promise<LoadedConfig>,
  { log, now = () => new Date() }: { readonly log: Log; readonly now?: Clock },
): LiveConfig {
  let good = first
  let latest: LoadedConfig = first
  let trouble: string | undefined
  let metrics: Pick<Metrics, 'configReload'> | undefined
  const listeners = new Set<Listener>()
  warn(first, log)

  async function reload(asked: boolean): Promise<readonly ConfigProblem[]> {
    const loaded = await load()
    const previous = latest
    latest = loaded
    watching?.follow(loaded.footprint.directories)
    // An editor touches a file several times: only what differs from the last time is worth a line.
    if (!asked && same(loaded, previous)) return loaded.ok ? [] : loaded.problems
    if (!loaded.ok) {
      metrics?.configReload('failure')
      trouble = `last good, reload refused at ${now().toISOString()}`
      log.error('config.reloadRefused', { problems: loaded.problems, inForce: 'the last good configuration' })
      return loaded.problems
    }
    const before = good
    good = loaded
    warn(loaded, log)
    const changed = loaded.footprint.fingerprint !== before.footprint.fingerprint
    const applied = !changed || (await tell(loaded.config, before.config))
    metrics?.configReload(applied ? 'success' : 'failure')
    trouble = applied ? undefined : `not wholly applied at ${now().toISOString()}`
    log.info('config.reloaded', { changed, restartNeeded: fixedAtStart(loaded.config, before.config) })
    return []
  }

  async function tell(config: Config, previous: Config): Promise<boolean> {
    let applied = true
    for (const listener of listeners) {
      try {
        await listener(config, previous)
      } catch (cause) {
        applied = false
        log.error('config.notApplied', { cause })
      }
    }
    return applied
  }

  let queue: Promise<unknown> = Promise.resolve()
  const inTurn = (asked: boolean): Promise<readonly ConfigProblem[]> => {
    const turn = queue.then(() => reload(asked))
    queue = turn.catch(() => undefined)
    return turn
  }

  let watching: Watching | undefined
  return {
    current: () => good.config,
    reload: () => inTurn(true),
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    trouble: () => trouble,
    countWith(counter) {
      metrics = counter
    },
    watch() {
      watching ??= watchFolders(
        () => void inTurn(false).catch((cause: unknown) => log.error('config.reloadFailed', { cause })),
        log,
      )
      watching.follow(latest.footprint.directories)
    },
    close() {
      watching?.close()
      watching = undefined
    },
  }
}

function warn(loaded: LoadedConfig & { readonly ok: true }, log: Log): void {
  for (const { file, line, path, message } of loaded.warnings)
    log.warn('config.warning', { file, line, path, message })
  for (const setting of loaded.config.insecure) log.warn('config.insecure', { setting })
}

function same(a: LoadedConfig, b: LoadedConfig): boolean {
  if (a.ok !== b.ok) return false
  if (a.ok) return a.footprint.fingerprint === b.footprint.fingerprint
  return !b.ok && JSON.stringify(a.problems) === JSON.stringify(b.problems)
}

/** Members of `server` that a running process has already built itself around. */
export const settingsFixedAtStart = [
  'publicUrl',
  'listen',
  'tls',
  'trustedProxies',
  'workers',
  'store',
  'audit',
  'metrics',
  'throttle',
  'log',
] as const

function fixedAtStart(next: Config, previous: Config): readonly string[] {
  const changed = settingsFixedAtStart.filter(
    (name) => JSON.stringify(next.server[name]) !== JSON.stringify(previous.server[name]),
  )
  // Another text is followed; whether there is a text or a file is not.
  const isText = ({ server }: Config): boolean => server.keyRing !== undefined
  return isText(next) === isText(previous) ? changed : [...changed, 'keyRing']
}
