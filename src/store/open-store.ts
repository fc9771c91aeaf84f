/** Which engine the configuration asks for, for the server and for commands beside it. */
import { join } from 'node:path'
import type { ServerConfig } from '../config/config.js'
import type { Clock } from '../fault.js'
import type { Log } from '../operation/log.js'
import { createEmbeddedStore } from './embedded-store.js'
import { createRedisStore } from './redis-store.js'
import type { Store } from './store.js'

/** @throws {Fault} `StoreUnavailable` when it cannot be used. */
export function openStore(
  settings: ServerConfig['store'],
  deps: { readonly dataDirectory: string; readonly now: Clock; readonly log: Log },
): Promise<Store> {
  return settings.type === 'redis'
    ? createRedisStore(settings, { log: deps.log })
    : createEmbeddedStore({ directory: join(deps.dataDirectory, 'store'), now: deps.now })
}
