/** What the parts of the Redis store get from it: questions that are answered in time, and where their keys are. */
import { inTime, unavailable } from './deadline.js'
import type { RedisCommands, RedisConnection } from './redis-connection.js'

export interface RedisAccess {
  /** @throws {Fault} `StoreUnavailable`, after which the command may still take effect. */
  readonly ask: <T>(command: (commands: RedisCommands) => Promise<T>) => Promise<T>
  /** As `ask`, and gives a replica a moment to have the write too; see `RedisConnection.replicated`. */
  readonly write: <T>(command: (commands: RedisCommands) => Promise<T>) => Promise<T>
  /**
   * Before every key. A structure that is one key of its own has braces in its name: no key of the expiring store
   * can be that.
   */
  readonly keyPrefix: string
}

/** Beyond this many unanswered operations the next one fails at once: a server that hangs must not fill the memory. */
const MAX_PENDING = 2_000

export function createRedisAccess(
  connection: RedisConnection,
  { keyPrefix, timeoutMs }: { readonly keyPrefix: string; readonly timeoutMs: number },
): RedisAccess {
  let pending = 0
  const bounded = <T>(operation: () => Promise<T>): Promise<T> => {
    if (pending >= MAX_PENDING) return Promise.reject(unavailable('too many unanswered operations'))
    return inTime(timeoutMs, async () => {
      pending++
      try {
        return await operation()
      } finally {
        pending--
      }
    })
  }
  return {
    ask: (command) => bounded(() => command(connection.commands)),
    write: (command) =>
      bounded(async () => {
        const reply = await command(connection.commands)
        await connection.replicated()
        return reply
      }),
    keyPrefix,
  }
}
