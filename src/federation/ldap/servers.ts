/**
 * Which server to ask: in the configured order, leaving out for a while those that did not answer.
 */
import type { Clock } from '../../fault.js'
import { parseServer, type DirectoryServer } from './connection.js'

const pauseMs = 30_000

export interface Servers {
  /** When all have failed lately, all of them: the pause spares time, it does not refuse. */
  candidates(): readonly DirectoryServer[]
  failed(server: DirectoryServer): void
  answered(server: DirectoryServer): void
}

export function createServers(urls: readonly string[], now: Clock): Servers {
  const servers = urls.map(parseServer)
  const pausedUntil = new Map<string, number>()
  return {
    candidates() {
      const time = now().getTime()
      const rested = servers.filter(({ url }) => (pausedUntil.get(url) ?? 0) <= time)
      return rested.length > 0 ? rested : servers
    },
    failed: ({ url }) => void pausedUntil.set(url, now().getTime() + pauseMs),
    answered: ({ url }) => void pausedUntil.delete(url),
  }
}
