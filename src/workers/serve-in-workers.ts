/** A server of several processes on one address: the workers, and one listener for what all of them count. */
import type { Config } from '../config/config.js'
import type { Log } from '../operation/log.js'
import { startMetricsServer } from '../operation/metrics-server.js'
import { createWorkerMetrics } from '../operation/prometheus-metrics.js'
import { createClusterFork } from './cluster-fork.js'
import { fixedSettings } from './fixed-settings.js'
import type { ServingInput } from './serving-input.js'
import type { StartFailure } from './start-failure.js'
import { createWorkerGroup } from './worker-group.js'

export interface ServingWorkers {
  /** Has every worker read the configuration again. */
  reload(): void
  close(): Promise<void>
}

/** Prometheus waits ten seconds by default; a worker that is busy for longer than this gives its last numbers. */
const countingMs = 2_000

/**
 * Resolves when all workers listen, or with why the server does not start: then none is left.
 * Rejects when the metrics listener cannot be had.
 */
export async function serveInWorkers(
  { server }: Config,
  input: ServingInput,
  log: Log,
): Promise<ServingWorkers | StartFailure> {
  const metrics = await createWorkerMetrics()
  const group = createWorkerGroup({
    count: server.workers,
    fork: createClusterFork(),
    start: { type: 'start', input, fixed: fixedSettings({ server }) },
    shutdownMs: server.shutdownSeconds * 1000,
    metrics,
    log,
  })
  // However this process ends: a worker that cannot end by itself would keep the address.
  process.once('exit', () => group.kill())
  const failure = await group.start()
  if (failure !== undefined) {
    await group.stop()
    return failure
  }
  const exporter =
    server.metrics &&
    (await startMetricsServer({
      ...server.metrics,
      metrics: {
        contentType: metrics.contentType,
        render: async () => metrics.render(await group.snapshots(countingMs)),
      },
      log,
    }).catch(async (cause: unknown) => {
      await group.stop()
      throw cause
    }))
  return {
    reload: () => group.reload(),
    async close() {
      await group.stop()
      await exporter?.close()
    },
  }
}
