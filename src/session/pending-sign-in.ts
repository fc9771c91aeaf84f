/**
 * What must survive a journey to an identity provider and back. Each departure has its own record, read once, and its
 * own cookie, so that only the browser that left can arrive, and two tabs do not disturb each other.
 * What the provider puts into `PendingSignIn` is the provider's business.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { PendingSignIn } from '../federation/assertion.js'
import type { RandomBytes } from '../fault.js'
import type { ExpiringStore } from '../store/expiring-store.js'

export interface PendingSignIns {
  /** @returns the cookie that binds the record to this browser. */
  keep(
    pending: PendingSignIn,
    journey: Journey,
  ): Promise<{ readonly purpose: string; readonly value: string }>
  /**
   * Reads and deletes the record of `id`, when the browser's cookie belongs to it and the provider is the one it left for.
   * @returns undefined otherwise, and does not say why.
   */
  take(
    id: string,
    provider: string,
    cookie: string | undefined,
  ): Promise<{ readonly pending: PendingSignIn; readonly journey: Journey } | undefined>
}

export interface Journey {
  /** The local path to show after signing in; already checked. */
  readonly next: string
  /** The session this sign-in replaces: a post from the provider's site does not carry its cookie. */
  readonly replaces?: { readonly key: string; readonly signIn: string }
}

/** All cookies of journeys start with this. */
export const pendingCookiePrefix = 'pending-'

/** The cookie's purpose for the journey that state or RelayState `id` names. */
export function pendingCookiePurpose(id: string): string {
  return pendingCookiePrefix + digest(id).slice(0, 16)
}

export function createPendingSignIns(deps: {
  readonly store: ExpiringStore
  readonly random: RandomBytes
}): PendingSignIns {
  const { store, random } = deps
  return {
    async keep(pending, journey) {
      const value = random(32).toString('base64url')
      const record = { pending, journey, browser: digest(value) }
      await store.put(pendingKey(pending.id), JSON.stringify(record), pending.expiresAt)
      return { purpose: pendingCookiePurpose(pending.id), value }
    },
    async take(id, provider, cookie) {
      // A stranger who has seen the id must not be able to use it up: without a cookie nothing is touched.
      if (cookie === undefined) return undefined
      const text = await store.take(pendingKey(id))
      if (text === undefined) return undefined
      const { pending, journey, browser } = JSON.parse(text) as PendingRecord
      if (!timingSafeEqual(Buffer.from(browser), Buffer.from(digest(cookie)))) return undefined
      if (pending.provider !== provider) return undefined
      return { pending: { ...pending, expiresAt: new Date(pending.expiresAt) }, journey }
    },
  }
}

interface PendingRecord {
  readonly pending: Omit<PendingSignIn, 'expiresAt'> & { readonly expiresAt: string }
  readonly journey: Journey
  readonly browser: string
}

function digest(value: string): string {
  return createHash('sha256').update(value).digest('hex')
}

const pendingKey = (id: string): string => `session.pending:${digest(id)}`
