import type { Log } from '../../src/operation/log.js'
import type { Metrics } from '../../src/operation/metrics.js'

/** A log that keeps what it was told, for tests that look at it. */
export function keptLog(): Log & { readonly lines: { event: string; fields: unknown }[] } {
  const lines: { event: string; fields: unknown }[] = []
  const keep = (event: string, fields?: unknown) => void lines.push({ event, fields })
  return { lines, debug: keep, info: keep, warn: keep, error: keep }
}

export const silentMetrics: Metrics = {
  signIn: () => undefined,
  stsRequest: () => undefined,
  issued: () => undefined,
  configReload: () => undefined,
  auditRecord: () => undefined,
  httpRequest: () => undefined,
}
