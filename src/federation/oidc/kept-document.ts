/**
 * A document fetched from an issuer and kept: asked for once however many callers wait, asked for again at a bounded
 * rate, and used on while the issuer is down. Knows nothing of what is in the document.
 */
import { Fault, type Clock } from '../../fault.js'
import type { Log } from '../../operation/log.js'
import { describeError } from './exchange-fault.js'

export interface KeptDocument<T> {
  /** Fetched again when older than `freshSeconds`; while that fails, the last good one up to `keepSeconds` old. */
  current(): Promise<T>
  /** Fetched again now unless that was done less than `spacingSeconds` ago; rejects while fetching fails. */
  newest(): Promise<T>
}

export interface KeptDocumentSettings<T> {
  readonly load: () => Promise<T>
  /** For the log: the provider's name, and e.g. `jwks`. */
  readonly provider: string
  readonly what: string
  readonly freshSeconds: number
  readonly keepSeconds: number
  /** Least time between a success and the next attempt. */
  readonly spacingSeconds: number
  /** How long a caller waits; the fetch goes on, so that the next one finds its result. */
  readonly patienceMs: number
}

const longestBackOffSeconds = 30

/** Both methods reject with Fault `ProviderUnavailable` when there is no document to give. */
export function createKeptDocument<T>(
  settings: KeptDocumentSettings<T>,
  deps: { readonly now: Clock; readonly log: Log },
): KeptDocument<T> {
  let kept: { readonly value: T; readonly fetchedAt: number } | undefined
  let lastAttemptAt = -Infinity
  let failures = 0
  let failure: unknown
  let underway: Promise<void> | undefined

  const seconds = (): number => deps.now().getTime() / 1000
  // The distance and not the difference: a clock set back must not stop fetching.
  const since = (instant: number): number => Math.abs(seconds() - instant)

  const attempt = async (): Promise<void> => {
    lastAttemptAt = seconds()
    try {
      kept = { value: await settings.load(), fetchedAt: seconds() }
      failures = 0
    } catch (cause) {
      failures += 1
      failure = cause
      const { provider, what } = settings
      deps.log.warn('oidc.fetch-failed', { provider, document: what, failures, error: describeCause(cause) })
    }
  }

  const mayAttempt = (): boolean => {
    const backOff = Math.min(2 ** (failures - 1), longestBackOffSeconds)
    return since(lastAttemptAt) >= (failures > 0 ? backOff : settings.spacingSeconds)
  }

  const refresh = (): Promise<void> => {
    if (!underway && mayAttempt()) {
      underway = attempt().finally(() => {
        underway = undefined
      })
    }
    return underway ?? Promise.resolve()
  }

  /** @returns false when it goes on for longer than a caller should wait. */
  const finishes = async (refreshed: Promise<void>): Promise<boolean> => {
    let timer: NodeJS.Timeout | undefined
    const impatient = new Promise<false>((resolve) => {
      timer = setTimeout(resolve, settings.patienceMs, false)
    })
    try {
      return await Promise.race([refreshed.then(() => true), impatient])
    } finally {
      clearTimeout(timer)
    }
  }

  const usable = (): T | undefined =>
    kept && since(kept.fetchedAt) <= settings.keepSeconds ? kept.value : undefined

  const orUnavailable = (value: T | undefined): T => {
    if (value !== undefined) return value
    const message = 'the identity provider could not be reached'
    throw new Fault('ProviderUnavailable', message, { reason: 'oidc:transport', cause: failure })
  }

  return {
    async current() {
      if (kept && since(kept.fetchedAt) <= settings.freshSeconds) return kept.value
      const refreshed = refresh()
      // An issuer that is known to be down costs its users no waiting while a kept document serves.
      if (failures === 0 || usable() === undefined) await finishes(refreshed)
      return orUnavailable(usable())
    },
    async newest() {
      const finished = await finishes(refresh())
      return orUnavailable(finished && failures === 0 ? usable() : undefined)
    },
  }
}

/** Node says why a connection failed in `code`, sometimes in nothing else. */
function describeCause(cause: unknown): string {
  const { code, name, message } = cause as { code?: unknown; name?: unknown; message?: unknown }
  return describeError(String(code ?? name), String(message))
}
