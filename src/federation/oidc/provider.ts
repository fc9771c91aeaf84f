/**
 * One OpenID Connect issuer as an IdentityProvider: people sign in by redirect and out by logout token when the
 * configuration has a client, workloads bring tokens, context assertions when they are trusted. Nothing is asked of the issuer before somebody needs it, so that a provider which is down
 * keeps nobody else waiting.
 */
import { randomBytes } from 'node:crypto'
import type { Clock, RandomBytes } from '../../fault.js'
import type { Log } from '../../operation/log.js'
import type { ExpiringStore } from '../../store/expiring-store.js'
import type { IdentityProvider } from '../assertion.js'
import { withoutScheme } from '../provider-arn.js'
import type { OidcSettings } from '../settings.js'
import { createCodeExchange } from './code-exchange.js'
import { providedContext } from './context-assertion.js'
import { discoveryUrl, parseDiscovery } from './discovery.js'
import { createKeptDocument } from './kept-document.js'
import { parseKeySet, toJwks } from './key-set.js'
import { createLogoutTokenVerifier } from './logout-token.js'
import { oidcAssertion } from './oidc-assertion.js'
import { createNodeFetch, fetchJson, type Fetch } from './outbound.js'
import { createSignIn } from './sign-in.js'
import { createSignatureVerifier, createTokenVerifier } from './verify-token.js'

const keepSeconds = 86_400
const workloadMaxAgeSeconds = 31 * 86_400

/** @param deps.store keeps logout tokens from being used twice; without it none are taken. */
export function createOidcProvider(
  settings: OidcSettings,
  deps: {
    readonly now: Clock
    readonly log: Log
    readonly store?: ExpiringStore
    readonly fetch?: typeof globalThis.fetch
    readonly random?: RandomBytes
  },
): IdentityProvider {
  const { now, random = randomBytes } = deps
  const fetch: Fetch = deps.fetch ?? createNodeFetch(settings.ca)
  const closing = new AbortController()
  const deadline = (): AbortSignal =>
    AbortSignal.any([closing.signal, AbortSignal.timeout(settings.timeoutMs)])
  const document = { provider: settings.name, keepSeconds, spacingSeconds: 30, patienceMs: 2_000 }
  const metadata = createKeptDocument(
    {
      ...document,
      what: 'discovery',
      freshSeconds: 3_600,
      load: async () =>
        parseDiscovery(await fetchJson(fetch, discoveryUrl(settings.issuer), deadline()), settings),
    },
    deps,
  )
  const keys = createKeptDocument(
    {
      ...document,
      what: 'jwks',
      freshSeconds: 300,
      load: async () => parseKeySet(await fetchJson(fetch, (await metadata.current()).jwksUri, deadline())),
    },
    deps,
  )
  const verifySignature = createSignatureVerifier(settings, { metadata, keys })
  const verify = createTokenVerifier(settings, { now, verifySignature })

  const { client } = settings
  const { store, log } = deps
  // openid-client cannot ask again for a key it does not know, so it always sees the newest there is.
  const publishedKeys = async (): Promise<unknown> => toJwks(await keys.newest().catch(() => keys.current()))
  const redirect =
    client &&
    createSignIn(settings, client, {
      metadata,
      exchange: createCodeExchange(settings, client, { fetch, publishedKeys, now }),
      verify,
      now,
      random,
      log,
    })
  const { issuer, clockSkewSeconds } = settings
  const logoutToken =
    client &&
    store &&
    createLogoutTokenVerifier(
      { issuer, clientId: client.id, clockSkewSeconds },
      { verifySignature, store, now },
    )
  const audiences = [...new Set([...settings.audiences, ...(client ? [client.id] : [])])]
  const verifyOurs = (token: string) => verify(token, { audiences, maxAgeSeconds: workloadMaxAgeSeconds })

  return {
    name: settings.name,
    kind: 'oidc',
    displayName: settings.displayName,
    arnResource: `oidc-provider/${withoutScheme(settings.issuer)}`,
    ...(redirect ? { redirect } : {}),
    token: { verify: async (token) => oidcAssertion(settings, await verifyOurs(token), { log }) },
    ...(logoutToken ? { logoutToken } : {}),
    ...(settings.contextAssertions === true
      ? { context: { verify: async (token: string) => providedContext(settings, await verifyOurs(token)) } }
      : {}),
    close: async () => closing.abort(),
  }
}
