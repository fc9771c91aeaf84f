/**
 * A person's way to the provider and back: what is sent along, what must return, and in which order it is believed.
 * The browser's binding to `pending`, and that it is used once, is the caller's.
 */
import { createHash } from 'node:crypto'
import { Fault, type Clock, type RandomBytes } from '../../fault.js'
import type { Log } from '../../operation/log.js'
import type { RedirectSignIn } from '../assertion.js'
import type { OidcSettings } from '../settings.js'
import { parseCallback } from './callback.js'
import type { Client, CodeExchange } from './code-exchange.js'
import type { IssuerMetadata } from './discovery.js'
import type { KeptDocument } from './kept-document.js'
import { oidcAssertion } from './oidc-assertion.js'
import { member } from './strict-json.js'
import type { VerifiedToken, VerifyToken } from './verify-token.js'

const pendingSeconds = 600
/** An ID token that comes straight from the token endpoint was made a moment ago. */
const maxAgeSeconds = 600
/** Long lists of groups make long tokens; this one comes from the provider and not from a stranger. */
const maximumBytes = 200_000

export function createSignIn(
  settings: OidcSettings,
  client: Client,
  deps: {
    readonly metadata: KeptDocument<IssuerMetadata>
    readonly exchange: CodeExchange
    readonly verify: VerifyToken
    readonly now: Clock
    readonly random: RandomBytes
    readonly log: Log
  },
): RedirectSignIn {
  const secret = (): string => deps.random(32).toString('base64url')

  return {
    async begin() {
      const metadata = await signInMetadata(deps.metadata)
      const secrets = { state: secret(), nonce: secret(), codeVerifier: secret() }
      const location = await deps.exchange.authorizationUrl(metadata, secrets)
      return {
        departure: { type: 'redirect', location },
        pending: {
          provider: settings.name,
          id: secrets.state,
          secrets: { nonce: secrets.nonce, codeVerifier: secrets.codeVerifier },
          expiresAt: new Date(deps.now().getTime() + pendingSeconds * 1000),
        },
      }
    },

    async complete(arrival, pending) {
      const { nonce, codeVerifier } = pending.secrets
      // A sign-in begun at one provider must not end at another (RFC 9700 section 4.4).
      if (pending.provider !== settings.name || !nonce || !codeVerifier) throw foreign()
      if (deps.now() >= pending.expiresAt) {
        throw new Fault('ExpiredAssertion', 'this sign-in took too long', { reason: 'oidc:state' })
      }
      const metadata = await signInMetadata(deps.metadata)
      const callback = parseCallback(arrival, pending, metadata)
      const secrets = { state: pending.id, nonce, codeVerifier }
      const answer = await deps.exchange.exchange(metadata, callback, secrets)
      const token = await deps.verify(answer.idToken, { audiences: [client.id], maxAgeSeconds, maximumBytes })
      checkAccessTokenHash(token, answer.accessToken)
      const userinfo = client.userinfo
        ? await deps.exchange.userinfo(metadata, answer.accessToken, token.subject)
        : {}
      return oidcAssertion(settings, token, { log: deps.log, userinfo })
    },
  }
}

async function signInMetadata(metadata: KeptDocument<IssuerMetadata>): Promise<IssuerMetadata> {
  const current = await metadata.current()
  if (current.authorizationEndpoint !== undefined && current.tokenEndpoint !== undefined) return current
  throw new Fault('ProviderUnavailable', 'the identity provider offers no sign-in for people', {
    reason: 'oidc:discovery',
  })
}

/** OpenID Connect Core section 3.1.3.6; optional in this flow, but wrong when present and different. */
function checkAccessTokenHash(token: VerifiedToken, accessToken: string): void {
  const expected = member(token.claims, 'at_hash')
  if (expected === undefined) return
  const digest = createHash(`sha${token.algorithm.slice(2)}`)
    .update(accessToken, 'ascii')
    .digest()
  if (digest.subarray(0, digest.length / 2).toString('base64url') !== expected) {
    throw new Fault('InvalidAssertion', 'the answer of the identity provider could not be verified', {
      reason: 'oidc:at-hash',
    })
  }
}

function foreign(): Fault {
  return new Fault('InvalidAssertion', 'this sign-in was begun somewhere else', { reason: 'oidc:state' })
}
