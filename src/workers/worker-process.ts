/**
 * The program of a worker: serves as it is told by the process that started it, and ends when it is told to, or when
 * that process is gone, which Node sees to. Signals that reach a whole group of processes reach it as well: it stops at
 * them as if it had been told, and leaves SIGHUP to whoever passes it on.
 */
import { createPinoLog, type PinoLog } from '../operation/pino-log.js'
import { forwarding, quietLog } from './forwarding-log.js'
import { withFixedSettings } from './fixed-settings.js'
import type { FromWorker, ToWorker } from './messages.js'
import { startServing, type Serving } from './serving.js'
import { openConfig } from './serving-input.js'
import { refusedConfiguration, startFailure } from './start-failure.js'

interface Running extends Serving {
  readonly log: PinoLog
  readonly reload: () => Promise<unknown>
  readonly shutdownMs: () => number
}

let starting: Promise<Running | undefined> | undefined
let stopping = false

function tell(message: FromWorker): void {
  process.send?.(message, undefined, undefined, () => undefined)
}

/** The last thing a worker does: by then its words have left. */
function end(exitCode: number, last?: FromWorker): void {
  if (last === undefined || process.send === undefined) process.exit(exitCode)
  process.send(last, undefined, undefined, () => process.exit(exitCode))
}

async function start({ input, fixed }: ToWorker & { readonly type: 'start' }): Promise<Running | undefined> {
  const log = createPinoLog({ level: fixed.log.level })
  let told = quietLog
  try {
    // What there is to say about the configuration at a start has been said.
    const opened = await openConfig(
      input,
      forwarding(() => told),
    )
    if (!opened.ok) {
      const { exitCode, reason } = refusedConfiguration(opened.problems, input.configDirectory)
      end(exitCode, { type: 'failed', exitCode, reason, cause: undefined })
      return undefined
    }
    told = log
    const live = withFixedSettings(opened.live, fixed)
    const { dataDirectory, demo } = input
    const serving = await startServing({
      live,
      dataDirectory,
      log,
      ...(demo === undefined ? {} : { demo: demo.page }),
    })
    if (!stopping) tell({ type: 'listening' })
    return {
      ...serving,
      log,
      reload: () => live.reload().catch((cause: unknown) => log.error('config.reloadFailed', { cause })),
      shutdownMs: () => live.current().server.shutdownSeconds * 1000,
    }
  } catch (cause) {
    const { exitCode, reason } = startFailure(cause)
    end(exitCode, { type: 'failed', exitCode, reason, cause })
    return undefined
  }
}

async function stop(): Promise<void> {
  if (stopping) return
  stopping = true
  const running = await starting
  if (running === undefined) return end(0)
  tell({ type: 'stopping', withinMs: running.shutdownMs() })
  try {
    await running.close()
  } catch (cause) {
    running.log.error('server.stopped', { cause })
    process.exitCode = 1
  }
  await running.log.flush()
  end(Number(process.exitCode ?? 0))
}

async function count(question: number): Promise<void> {
  const running = await starting
  if (running !== undefined) tell({ type: 'counted', question, snapshot: await running.metrics.snapshot() })
}

process.on('SIGHUP', () => undefined)
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop())
process.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'start':
      starting ??= start(message)
      return
    case 'reload':
      void starting?.then((running) => running?.reload())
      return
    case 'stop':
      void stop()
      return
    case 'count':
      void count(message.question)
      return
    default:
      message satisfies never
  }
})
tell({ type: 'there' })
