/**
 * Workers as processes of node:cluster: one address, which the primary process opens. The only importer of
 * node:cluster.
 *
 * The primary takes each connection and hands it to the workers in turn. Where workers take connections themselves,
 * whoever is awake takes what has come: of 50 connections that were made together, and kept, one of two workers had up
 * to 48, and one of two cores had nothing to do; in turn it was at most 34. Handing over costs nothing per request on
 * kept connections, and some 0.2 ms of processor time where every request makes a new one.
 */
import cluster, { type Worker } from 'node:cluster'
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
  cluster.schedulingPolicy = cluster.SCHED_RR
  cluster.setupPrimary({
    exec: fileURLToPath(new URL('worker-process.js', import.meta.url)),
    args: [],
    // Also carries what JSON does not: errors, and fields that are there and undefined.
    serialization: 'advanced',
  })
  return (events) => {
    const worker = cluster.fork()
    endConnectionsOfTheDead(worker)
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

interface Closable {
  close(): void
}

/**
 * Node hands over one connection at a time, keeps it open here until the worker says that it has it, and forgets it
 * when the worker dies before that: its client would wait for an answer for ever. Closing a second time does nothing.
 */
function endConnectionsOfTheDead({ process: child }: Worker): void {
  let handedOver: Closable | undefined
  const send = child.send.bind(child) as (...parameters: unknown[]) => boolean
  child.send = (...parameters: unknown[]): boolean => {
    const [message, handle] = parameters
    if (isHandover(message) && isClosable(handle)) handedOver = handle
    return send(...parameters)
  }
  child.once('exit', () => handedOver?.close())
}

function isHandover(message: unknown): boolean {
  return typeof message === 'object' && message !== null && 'act' in message && message.act === 'newconn'
}

function isClosable(handle: unknown): handle is Closable {
  return typeof handle === 'object' && handle !== null && 'close' in handle
}
