/**
 * Authorization code with PKCE for programs with a browser on the same machine: the redirect goes to a loopback port
 * that the program chose (RFC 8252 §7.3), the code is bound to the challenge (RFC 7636) and used once.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Clock, RandomBytes } from '../fault.js'
import type { Assertion } from '../federation/assertion.js'
import { assertionFromJson, assertionToJson } from '../session/assertion-codec.js'
import type { ExpiringStore } from '../store/expiring-store.js'
import type { Client, Clients } from './clients.js'
import type { CodeGrants, CodeRequest } from './grants.js'
import { hashOf } from './tokens.js'

const codeSeconds = 60

export interface CodeAuthorizations extends CodeGrants {
  /** @returns undefined when the code is unknown, used, another client's, or the verifier or redirect do not fit. */
  redeem(
    client: Client,
    input: { readonly code: string; readonly codeVerifier: string; readonly redirectUri: string },
  ): Promise<Assertion | undefined>
}

export function createCodeAuthorizations(deps: {
  readonly store: ExpiringStore
  readonly clients: Clients
  readonly now: Clock
  readonly random: RandomBytes
}): CodeAuthorizations {
  const { store, clients, now, random } = deps
  return {
    async parse(query) {
      for (const name of new Set(query.keys())) {
        if (query.getAll(name).length > 1) return { problem: `parameter \`${name}\` is repeated` }
      }
      const client = clients.find(query.get('client_id') ?? '')
      if (client === undefined)
        return { problem: 'the program that asks is unknown or its registration has expired' }
      const redirectUri = query.get('redirect_uri') ?? ''
      if (!client.redirectUris.some((registered) => sameLoopback(registered, redirectUri))) {
        return { problem: 'the redirect address is not the one that the program registered' }
      }
      if (query.get('response_type') !== 'code') return { problem: '`response_type` must be `code`' }
      const codeChallenge = query.get('code_challenge') ?? ''
      if (query.get('code_challenge_method') !== 'S256' || !/^[A-Za-z0-9_-]{43}$/.test(codeChallenge)) {
        return { problem: 'a PKCE challenge with method `S256` is needed' }
      }
      const state = query.get('state') ?? ''
      if (state === '' || state.length > 512) return { problem: '`state` is missing or too long' }
      const scopes = (query.get('scopes') ?? query.get('scope') ?? '')
        .split(' ')
        .filter((scope) => scope !== '')
      return { clientId: client.id, clientName: client.name, redirectUri, state, scopes, codeChallenge }
    },

    async approve(request, assertion) {
      const code = random(32).toString('base64url')
      await store.put(
        codeKey(code),
        JSON.stringify({
          client: hashOf(request.clientId),
          redirectUri: request.redirectUri,
          codeChallenge: request.codeChallenge,
          assertion: assertionToJson(assertion),
        }),
        new Date(now().getTime() + codeSeconds * 1000),
      )
      return answer(request, { code })
    },

    deny: (request) => answer(request, { error: 'access_denied' }),

    async redeem(client, { code, codeVerifier, redirectUri }) {
      const value = await store.take(codeKey(code))
      if (value === undefined) return undefined
      const stored = JSON.parse(value) as {
        client: string
        redirectUri: string
        codeChallenge: string
        assertion: unknown
      }
      const challenge = createHash('sha256').update(codeVerifier).digest('base64url')
      const fits =
        stored.client === hashOf(client.id) &&
        stored.redirectUri === redirectUri &&
        challenge.length === stored.codeChallenge.length &&
        timingSafeEqual(Buffer.from(challenge), Buffer.from(stored.codeChallenge))
      return fits ? assertionFromJson(stored.assertion) : undefined
    },
  }
}

function answer(request: CodeRequest, parameters: Readonly<Record<string, string>>): URL {
  const url = new URL(request.redirectUri)
  for (const [name, value] of Object.entries({ ...parameters, state: request.state })) {
    url.searchParams.set(name, value)
  }
  return url
}

/** Equal but for the port, and only on the loopback address itself: `localhost` could be pointed elsewhere. */
export function sameLoopback(registered: string, asked: string): boolean {
  const [one, other] = [parseUrl(registered), parseUrl(asked)]
  return (
    one !== undefined &&
    other !== undefined &&
    isLoopback(other) &&
    one.protocol === other.protocol &&
    one.hostname === other.hostname &&
    one.pathname === other.pathname &&
    one.search === other.search
  )
}

export function isLoopback(url: URL): boolean {
  return (
    url.protocol === 'http:' &&
    (url.hostname === '127.0.0.1' || url.hostname === '[::1]') &&
    url.username === '' &&
    url.password === '' &&
    url.hash === ''
  )
}

function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined
}

function codeKey(code: string): string {
  return `sso:code:${hashOf(code)}`
}
