/**
 * Access and refresh tokens of the command line: random, kept in the store under their hash, with the assertion that
 * stands behind them. A refresh token is used once and replaced. All tokens of one login name its record, and are worth
 * nothing without it: so logging out ends the refresh token and whatever a refresh makes at the same moment.
 */
import { createHash } from 'node:crypto'
import type { SignInRevocations } from '../credentials/revocation.js'
import type { Clock, RandomBytes } from '../fault.js'
import type { Assertion } from '../federation/assertion.js'
import { assertionFromJson, assertionToJson } from '../session/assertion-codec.js'
import type { ExpiringStore } from '../store/expiring-store.js'

export interface IssuedTokens {
  readonly accessToken: string
  readonly refreshToken: string | undefined
  readonly expiresInSeconds: number
}

export interface TokenHolder {
  readonly assertion: Assertion
  /** When the person has to sign in again, whatever is refreshed. */
  readonly loginEndsAt: Date
  /** SHA-256 of the client id the tokens belong to. */
  readonly client: string
  /** The login these tokens go back to; absent before the first ones are issued, which begins it. */
  readonly login?: string
}

export interface Tokens {
  issue(holder: TokenHolder, options: { readonly refreshable: boolean }): Promise<IssuedTokens>
  /** @returns undefined when unknown, ended, revoked or expired. */
  holder(accessToken: string): Promise<TokenHolder | undefined>
  /**
   * Takes the refresh token; a second use finds nothing, and ends the login when it is no immediate repetition: one of
   * the two who hold the token has stolen it (RFC 9700 section 4.14.2).
   */
  redeem(refreshToken: string): Promise<TokenHolder | undefined>
  /** Ends the login: this token, its refresh token, and all that were refreshed from the same sign-in. */
  end(accessToken: string): Promise<void>
}

const accessTokenSeconds = 3600
/** A client whose answer was lost on the way asks again at once. */
const repetitionSeconds = 10

export function createTokens(deps: {
  readonly store: ExpiringStore
  readonly now: Clock
  readonly random: RandomBytes
  readonly revocations: SignInRevocations
}): Tokens {
  const { store, now, random, revocations } = deps
  return {
    async issue(holder, { refreshable }) {
      const login = holder.login ?? random(16).toString('hex')
      if (holder.login === undefined) await store.put(loginKey(login), '', holder.loginEndsAt)
      const value = JSON.stringify({
        assertion: assertionToJson(holder.assertion),
        loginEndsAt: holder.loginEndsAt.getTime(),
        client: holder.client,
        login,
      })
      const accessEnd = new Date(
        Math.min(now().getTime() + accessTokenSeconds * 1000, holder.loginEndsAt.getTime()),
      )
      const accessToken = random(32).toString('base64url')
      await store.put(accessKey(accessToken), value, accessEnd)
      let refreshToken: string | undefined
      if (refreshable) {
        refreshToken = random(32).toString('base64url')
        await store.put(refreshKey(refreshToken), value, holder.loginEndsAt)
      }
      return {
        accessToken,
        refreshToken,
        expiresInSeconds: Math.max(0, Math.floor((accessEnd.getTime() - now().getTime()) / 1000)),
      }
    },
    holder: async (accessToken) => read(await store.get(accessKey(accessToken))),
    async redeem(refreshToken) {
      const value = await store.take(refreshKey(refreshToken))
      if (value === undefined) {
        await endIfReused(refreshToken)
        return undefined
      }
      const { login, loginEndsAt } = JSON.parse(value) as Stored
      const used = JSON.stringify({ login, at: now().getTime() } satisfies Used)
      await store.put(usedKey(refreshToken), used, new Date(loginEndsAt))
      return read(value)
    },
    async end(accessToken) {
      const value = await store.take(accessKey(accessToken))
      if (value !== undefined) await store.take(loginKey((JSON.parse(value) as Stored).login))
    },
  }

  async function endIfReused(refreshToken: string): Promise<void> {
    const value = await store.get(usedKey(refreshToken))
    if (value === undefined) return
    const { login, at } = JSON.parse(value) as Used
    if (now().getTime() - at > repetitionSeconds * 1000) await store.take(loginKey(login))
  }

  async function read(value: string | undefined): Promise<TokenHolder | undefined> {
    if (value === undefined) return undefined
    const { client, login, ...stored } = JSON.parse(value) as Stored
    const loginEndsAt = new Date(stored.loginEndsAt)
    if (loginEndsAt <= now() || (await store.get(loginKey(login))) === undefined) return undefined
    const assertion = assertionFromJson(stored.assertion)
    return revocations.endsSignIn(assertion) ? undefined : { assertion, loginEndsAt, client, login }
  }
}

interface Stored {
  readonly assertion: unknown
  readonly loginEndsAt: number
  readonly client: string
  readonly login: string
}

interface Used {
  readonly login: string
  /** Milliseconds. */
  readonly at: number
}

export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function accessKey(token: string): string {
  return `sso:access:${hashOf(token)}`
}

function refreshKey(token: string): string {
  return `sso:refresh:${hashOf(token)}`
}

function usedKey(token: string): string {
  return `sso:refreshed:${hashOf(token)}`
}

function loginKey(login: string): string {
  return `sso:login:${login}`
}
