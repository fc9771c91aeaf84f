/**
 * Workers as processes of node:cluster: one address, which the primary process opens and hands to all of them. The only
 * importer of node:cluster.
 *
 * Every worker takes connections from the listening socket itself. Node's other way, where the primary takes each
 * connection and hands it over, costs a message per connection, stops with the primary, and leaves a connection
 * unanswered when the worker that was being given it dies.
 */
import cluster from 'node:cluster'
import { fileURLToPath } from 'node:url'
import type { FromWorker, ToWorker } from './messages.js'

export interface WorkerProcess {
  readonly pid: number | undefined
  /** Does nothing when the process is gone. */
  send(message: ToWorker): void
  kill(): void
}

export interface WorkerEvents {
  message(message: FromWorker): void
  /** Once, the last of all. */
  exit(code: number | null, signal: string | null): void
}

export type ForkWorker = (events: WorkerEvents) => WorkerProcess

export function createClusterFork(): ForkWorker {
  cluster.schedulingPolicy = cluster.SCHED_NONE
  cluster.setupPrimary({
    exec: fileURLToPath(new URL('worker-process.js', import.meta.url)),
    args: [],
    // Also carries what JSON does not, e.g. the infinity among the buckets of a histogram, and errors.
    serialization: 'advanced',
  })
  return (events) => {
    const worker = cluster.fork()
    worker.on('message', (message: FromWorker) => events.message(message))
    worker.once('exit', (code: number | null, signal: string | null) => events.exit(code, signal))
    // Without a listener, a message to a worker that is just dying would end the primary.
    worker.on('error', () => undefined)
    return {
      pid: worker.process.pid,
      send: (message) => {
        if (worker.isConnected()) worker.send(message, undefined, () => undefined)
      },
      kill: () => void worker.process.kill('SIGKILL'),
    }
  }
}
