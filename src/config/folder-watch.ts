/**
 * Says when something in a set of folders changed, once things have settled. Folders, not files: editors and Kubernetes
 * replace files, and a watch on the old one would go silent. Nothing here keeps the process alive.
 */
import { watch, type FSWatcher } from 'node:fs'
import type { Log } from '../operation/log.js'

const settleMs = 500

export interface Watching {
  /** These from now on, and no others. */
  follow(directories: readonly string[]): void
  close(): void
}

export function watchFolders(changed: () => void, log: Log): Watching {
  const watchers = new Map<string, FSWatcher>()
  let timer: NodeJS.Timeout | undefined
  const settle = (): void => {
    clearTimeout(timer)
    timer = setTimeout(changed, settleMs)
    timer.unref()
  }
  const drop = (directory: string): void => {
    watchers.get(directory)?.close()
    watchers.delete(directory)
  }
  const add = (directory: string): void => {
    try {
      const watcher = watch(directory, { persistent: false }, settle)
      watcher.on('error', () => drop(directory))
      watchers.set(directory, watcher)
    } catch (cause) {
      log.warn('config.notWatched', { directory, cause, instead: 'send SIGHUP' })
    }
  }
  return {
    follow(directories) {
      for (const directory of watchers.keys()) if (!directories.includes(directory)) drop(directory)
      for (const directory of directories) if (!watchers.has(directory)) add(directory)
    },
    close() {
      clearTimeout(timer)
      for (const directory of watchers.keys()) drop(directory)
    },
  }
}
