/**
 * Start and stop: folders, signals, what the start prints. What is served is put together in `app.ts`, here with one
 * worker, in processes of their own with several.
 */
import { mkdir } from 'node:fs/promises'
import type { LiveConfig } from './config/live-config.js'
import { demoBanner } from './demo/banner.js'
import { startDemo, type RunningDemo } from './demo/demo.js'
import { createPinoLog, type PinoLog } from './operation/pino-log.js'
import { forwarding } from './workers/forwarding-log.js'
import { openConfig, type ServingInput } from './workers/serving-input.js'
import { exitConfiguration, refusedConfiguration, startFailure } from './workers/start-failure.js'

export interface ServeOptions {
  readonly configDirectory: string
  readonly dataDirectory: string
  readonly certificatesDirectory: string
  /** `host:port`, instead of the configured one. */
  readonly listen: string | undefined
  readonly demo: boolean
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly print: (text: string) => void
  readonly printError: (text: string) => void
}

/** What serves, in this process or in others. */
interface Serving {
  reload(): void
  close(): Promise<void>
}

const demoListen = '127.0.0.1:8080'

/** Runs until SIGTERM or SIGINT. @returns the exit code. */
export async function serve(options: ServeOptions): Promise<number> {
  const { dataDirectory, printError } = options
  const listen = options.listen ?? (options.demo ? demoListen : undefined)
  if (options.demo && !isLoopbackListen(listen ?? demoListen)) {
    printError(
      `rolegate: the demo has passwords on its sign-in page, so it listens on 127.0.0.1 only: write --listen 127.0.0.1:${(listen ?? demoListen).split(':').at(-1)}`,
    )
    return exitConfiguration
  }
  // The demo's own providers are plain on purpose: their warnings would only bury what the start prints.
  let log = createPinoLog({ level: options.demo ? 'error' : 'info' })
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 })
  let demo: RunningDemo | undefined
  let serving: Serving | undefined
  try {
    demo = options.demo ? await startDemo(demoOptions(listen ?? demoListen, options, log)) : undefined
    const input = servingInput(options, listen, demo)
    const opened = await openConfig(
      input,
      forwarding(() => log),
    )
    if (!opened.ok) {
      const { reason, exitCode } = refusedConfiguration(opened.problems, options.configDirectory)
      printError(reason)
      return exitCode
    }
    const { live } = opened
    const { publicUrl, workers, log: settings } = live.current().server
    log = createPinoLog({ level: settings.level })
    const started = await (workers === 1 ? serveHere : serveInWorkers)(live, input, log)
    if ('exitCode' in started) {
      printError(started.reason)
      return started.exitCode
    }
    serving = started
    options.print(demo === undefined ? `Rolegate serves ${publicUrl}\n` : demoBanner(publicUrl, demo))
    await untilTold(serving)
    return 0
  } catch (cause) {
    log.error('server.stopped', { cause })
    const { reason, exitCode } = startFailure(cause)
    printError(reason)
    return exitCode
  } finally {
    await serving?.close()
    await demo?.close()
    await log.flush()
  }
}

async function serveHere(live: LiveConfig, input: ServingInput, log: PinoLog): Promise<Serving> {
  const { startServing } = await import('./workers/serving.js')
  const { dataDirectory, demo } = input
  const { close } = await startServing({
    live,
    dataDirectory,
    log,
    ...(demo === undefined ? {} : { demo: demo.page }),
  })
  return {
    reload: () => void live.reload().catch((cause: unknown) => log.error('config.reloadFailed', { cause })),
    close,
  }
}

async function serveInWorkers(live: LiveConfig, input: ServingInput, log: PinoLog) {
  const { serveInWorkers: start } = await import('./workers/serve-in-workers.js')
  return start(live.current(), input, log)
}

/** Resolves at SIGTERM or SIGINT; a second one ends the process at once. SIGHUP reloads. */
function untilTold(serving: Serving): Promise<void> {
  return new Promise((resolve) => {
    const reload = (): void => serving.reload()
    process.on('SIGHUP', reload)
    const stop = (): void => {
      process.off('SIGHUP', reload)
      for (const signal of ['SIGTERM', 'SIGINT'] as const) {
        process.off(signal, stop)
        process.once(signal, () => process.exit(1))
      }
      resolve()
    }
    process.once('SIGTERM', stop)
    process.once('SIGINT', stop)
  })
}

function servingInput(
  options: ServeOptions,
  listen: string | undefined,
  demo: RunningDemo | undefined,
): ServingInput {
  const { configDirectory, dataDirectory, certificatesDirectory, environment } = options
  return {
    configDirectory,
    dataDirectory,
    certificatesDirectory,
    environment: { ...environment, ...demo?.environment },
    listen,
    ...(demo === undefined ? {} : { demo: { overlays: demo.overlays, moved: demo.moved, page: demo.page } }),
  }
}

function demoOptions(listen: string, options: ServeOptions, log: PinoLog) {
  const [host = '', port = ''] = listen.split(':')
  return {
    listen: { host, port: Number(port) },
    publicUrl: `http://${listen}`,
    dataDirectory: options.dataDirectory,
    certificatesDirectory: options.certificatesDirectory,
    log,
  }
}

function isLoopbackListen(listen: string): boolean {
  return /^127\.0\.0\.1:\d{1,5}$/.test(listen)
}
