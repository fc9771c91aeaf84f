/** One process that serves: put together, listening, and following its configuration. */
import { buildApp, type App } from '../app.js'
import type { LiveConfig } from '../config/live-config.js'
import type { Log } from '../operation/log.js'
import type { Demo } from '../portal/portal-deps.js'

export type Serving = Pick<App, 'metrics' | 'close'>

/** Rejects when the address, the store or the key ring cannot be used; then nothing is left open. */
export async function startServing(options: {
  readonly live: LiveConfig
  readonly dataDirectory: string
  readonly log: Log
  readonly demo?: Demo
}): Promise<Serving> {
  const { live } = options
  const app = await buildApp(options)
  try {
    await app.server.listen(live.current().server.listen)
  } catch (cause) {
    await app.close()
    throw cause
  }
  live.watch()
  return app
}
