/** Start and stop: folders, signals, what the start prints. What is served is put together in `app.ts`. */
import { mkdir } from 'node:fs/promises'
import { buildApp, StartRefused, type App } from './app.js'
import { openLiveConfig, type LiveConfig } from './config/live-config.js'
import type { ConfigProblem } from './config/config.js'
import { problemLine, shownDirectory } from './config/problem-line.js'
import { demoBanner } from './demo/banner.js'
import { startDemo, type RunningDemo } from './demo/demo.js'
import type { Log } from './operation/log.js'
import { createPinoLog } from './operation/pino-log.js'

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

/** The configuration cannot be used (sysexits.h EX_CONFIG). */
const exitConfiguration = 78
const demoListen = '127.0.0.1:8080'

/** Runs until SIGTERM or SIGINT. @returns the exit code. */
export async function serve(options: ServeOptions): Promise<number> {
  const { dataDirectory, certificatesDirectory, printError } = options
  const listen = options.listen ?? (options.demo ? demoListen : undefined)
  if (options.demo && !isLoopbackListen(listen ?? demoListen)) {
    printError(
      `rolegate: the demo has passwords on its sign-in page, so it listens on 127.0.0.1 only: write --listen 127.0.0.1:${(listen ?? demoListen).split(':').at(-1)}`,
    )
    return exitConfiguration
  }
  // The demo's own providers are plain on purpose: their warnings would only bury what the start prints.
  const startLog = createPinoLog({ level: options.demo ? 'error' : 'info' })
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 })
  let demo: RunningDemo | undefined
  let app: App | undefined
  let log = startLog
  try {
    demo = options.demo ? await startDemo(demoOptions(listen ?? demoListen, options, startLog)) : undefined
    const opened = await openLiveConfig({
      directory: options.configDirectory,
      dataDirectory,
      certificatesDirectory,
      environment: { ...options.environment, ...demo?.environment },
      overrides: listen === undefined ? {} : { listen },
      ...(demo === undefined ? {} : { overlays: demo.overlays, rewrite: demo.rewrite }),
      log: forwarding(() => log),
    })
    if (!opened.ok) {
      printError(refusal(opened.problems, options.configDirectory))
      return exitConfiguration
    }
    const { live } = opened
    log = createPinoLog({ level: live.current().server.log.level })
    app = await buildApp({ live, dataDirectory, log, ...(demo === undefined ? {} : { demo: demo.page }) })
    await app.server.listen(live.current().server.listen)
    live.watch()
    const { publicUrl } = live.current().server
    options.print(demo === undefined ? `Rolegate serves ${publicUrl}\n` : demoBanner(publicUrl, demo))
    await untilTold(live, log)
    return 0
  } catch (cause) {
    log.error('server.stopped', { cause })
    printError(`rolegate: ${stopReason(cause)}`)
    return cause instanceof StartRefused ? exitConfiguration : 1
  } finally {
    await app?.close()
    await demo?.close()
    await log.flush()
  }
}

/** To whatever log is in force: what is opened before the configured level is known outlives the start. */
function forwarding(log: () => Log): Log {
  return {
    debug: (event, fields) => log().debug(event, fields),
    info: (event, fields) => log().info(event, fields),
    warn: (event, fields) => log().warn(event, fields),
    error: (event, fields) => log().error(event, fields),
  }
}

/** Resolves at SIGTERM or SIGINT; a second one ends the process at once. SIGHUP reloads. */
function untilTold(live: LiveConfig, log: Log): Promise<void> {
  return new Promise((resolve) => {
    const reload = (): void =>
      void live.reload().catch((cause: unknown) => log.error('config.reloadFailed', { cause }))
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

function demoOptions(listen: string, options: ServeOptions, log: ReturnType<typeof createPinoLog>) {
  const [host = '', port = ''] = listen.split(':')
  return {
    listen: { host, port: Number(port) },
    publicUrl: `http://${listen}`,
    dataDirectory: options.dataDirectory,
    certificatesDirectory: options.certificatesDirectory,
    log,
  }
}

function stopReason(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  const { code, address, port } = cause as NodeJS.ErrnoException & { address?: string; port?: number }
  return code === 'EADDRINUSE'
    ? `another program uses ${address ?? ''}:${port ?? ''}: stop it, or choose another address with --listen`
    : cause.message
}

function isLoopbackListen(listen: string): boolean {
  return /^127\.0\.0\.1:\d{1,5}$/.test(listen)
}

function refusal(problems: readonly ConfigProblem[], configDirectory: string): string {
  const directory = shownDirectory(configDirectory)
  const lines = problems.map((problem) => problemLine(problem, directory))
  return [...lines, 'rolegate: the configuration has problems, so the server does not start'].join('\n')
}
