/** Whether a Redis server will keep what it is given, read from its reply to `INFO`. */
import { Fault } from '../fault.js'

/**
 * A used assertion's mark that the server throws away to make room lets that assertion in again, and a revocation
 * lets the revoked session in again, so an evicting server is refused rather than warned about. Without a memory limit no policy ever evicts.
 * Does not notice when somebody changes the server's settings later.
 * @throws {Fault} `StoreUnavailable` with reason `store:unfit`.
 */
export function requireFitServer(info: string): void {
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1]
  const [major = 0, minor = 0] = (field('redis_version') ?? '').split('.').map(Number)
  if (major < 6 || (major === 6 && minor < 2)) {
    throw unfit(
      `redis 6.2 or later is needed, the server is ${field('redis_version') ?? 'of an unknown version'}`,
    )
  }
  const policy = field('maxmemory_policy')
  if (field('maxmemory') !== '0' && policy !== undefined && policy !== 'noeviction') {
    throw unfit(
      `redis may evict keys, revocations and marks of used assertions: set \`maxmemory-policy noeviction\` (it is \`${policy}\`)`,
    )
  }
}

function unfit(message: string): Fault {
  return new Fault('StoreUnavailable', message, { reason: 'store:unfit' })
}
