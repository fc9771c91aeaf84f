/** The expiring store's values on Redis, which lets them expire by itself: one command per operation. */
import type { Clock } from '../fault.js'
import type { ExpiringStore } from './expiring-store.js'
import { requireKey } from './key.js'
import type { RedisAccess } from './redis-access.js'

export function createRedisExpiringStore(
  { ask, keyPrefix }: RedisAccess,
  now: Clock,
): Omit<ExpiringStore, 'ping' | 'close'> {
  const named = (key: string) => {
    requireKey(key)
    return keyPrefix + key
  }
  const lifetime = (expiresAt: Date) => expiresAt.getTime() - now().getTime()

  return {
    async put(key, value, expiresAt) {
      const name = named(key)
      const milliseconds = lifetime(expiresAt)
      await ask<unknown>((commands) =>
        milliseconds > 0 ? commands.set(name, value, { PX: milliseconds }) : commands.del(name),
      )
    },
    async add(key, value, expiresAt) {
      const name = named(key)
      const milliseconds = lifetime(expiresAt)
      // Already over: nothing to keep, only the question whether somebody else holds the key.
      if (milliseconds <= 0) return (await ask((commands) => commands.exists(name))) === 0
      const options = { NX: true, PX: milliseconds } as const
      return (await ask((commands) => commands.set(name, value, options))) !== null
    },
    async get(key) {
      const name = named(key)
      return (await ask((commands) => commands.get(name))) ?? undefined
    },
    async take(key) {
      const name = named(key)
      return (await ask((commands) => commands.getDel(name))) ?? undefined
    },
  }
}
