import { join } from 'node:path'
import type { Config } from './config.js'

/**
 * Where the key ring is: what the configuration says under `keyRing`, which a reload may change, or else the data
 * folder's file.
 */
export function keyRingSource(config: () => Pick<Config, 'server'>, dataDirectory: string) {
  const { keyRing, publicUrl } = config().server
  return keyRing === undefined
    ? { file: join(dataDirectory, 'keys.json') }
    : { text: () => config().server.keyRing ?? '', installation: publicUrl }
}
