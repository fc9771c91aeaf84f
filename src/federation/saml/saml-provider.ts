/**
 * A SAML 2.0 identity provider as the rest of the program sees it: sign-in by browser (SAML Profiles 4.1, answer by POST)
 * and verification of an assertion that a caller brings (AssumeRoleWithSAML). Both go through one path: gates, verified
 * facts, judgement, claims, single use; they differ in what they expect and in what the caller may be told.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock, RandomBytes } from '../../fault.js'
import type { Log } from '../../operation/log.js'
import type { ExpiringStore } from '../../store/expiring-store.js'
import type { Assertion, IdentityProvider } from '../assertion.js'
import type { SamlSettings } from '../settings.js'
import { faultForBrowser, faultForToken, requireRoleSessionName } from './fault-from-refusal.js'
import { parseResponseForm } from './form.js'
import { openMessage } from './gates.js'
import { judge } from './judge.js'
import type { Expectations } from './judge.js'
import { createMetadataSource } from './metadata-source.js'
import { refuse } from './refusal.js'
import { createServiceProvider } from './service-provider.js'
import { useOnce } from './single-use.js'
import { toAssertion } from './to-assertion.js'
import { createInlineVerifier } from './verifier.js'
import type { Verifier } from './verifier.js'
import { createWorkerVerifier } from './worker-verifier.js'

export interface SamlProviderDeps {
  readonly store: ExpiringStore
  readonly now: Clock
  readonly log: Log
  readonly random?: RandomBytes
  readonly fetch?: typeof globalThis.fetch
  /** Shared by several providers when given, and then not closed here. */
  readonly verifier?: Verifier
}

const pendingSeconds = 600
/** AWS: the response must be used within five minutes of its issue. */
const tokenAgeSeconds = 300

/** @throws {Error} with a sentence for the operator, when metadata or keys cannot be used. */
export async function createSamlProvider(
  settings: SamlSettings,
  deps: SamlProviderDeps,
): Promise<IdentityProvider> {
  const { store, now, log, random = randomBytes } = deps
  const metadata = await createMetadataSource(settings, deps)
  const serviceProvider = await createServiceProvider(settings, { now, random })
  const verifier = deps.verifier ?? createSamlVerifier()
  if (settings.insecureAllowSha1)
    log.warn('saml.insecure', { provider: settings.name, setting: 'insecureAllowSha1' })

  const accept = async (
    base64: string,
    scope: 'saml:used' | 'saml:used-token',
    expected: Omit<Expectations, 'issuer' | 'skewSeconds' | 'now'>,
    inspect: (assertion: Assertion) => void = () => undefined,
  ): Promise<Assertion> => {
    const xml = openMessage(base64)
    const idp = await metadata.current()
    const facts = await verifier.verify({
      xml,
      certificates: idp.signingCertificates,
      decryptionKeys: [settings.encryption.key, ...(settings.previousDecryptionKeys ?? [])],
      allowSha1: settings.insecureAllowSha1,
    })
    const judgement = judge(facts, {
      ...expected,
      issuer: idp.entityId,
      skewSeconds: settings.clockSkewSeconds,
      now: now(),
    })
    const assertion = toAssertion(facts.assertion, judgement, { settings, log })
    inspect(assertion)
    await useOnce(store, scope, facts.assertion, judgement.deadAt)
    return assertion
  }

  return {
    name: settings.name,
    kind: 'saml',
    displayName: settings.displayName,
    arnResource: `saml-provider/${settings.name}`,
    metadata: () => serviceProvider.metadataXml,
    redirect: {
      async begin() {
        const id = random(32).toString('base64url')
        const { departure, requestId } = serviceProvider.request(await metadata.current(), id)
        const expiresAt = new Date(now().getTime() + pendingSeconds * 1_000)
        return { departure, pending: { provider: settings.name, id, secrets: { requestId }, expiresAt } }
      },
      async complete(arrival, pending) {
        try {
          if (arrival.method !== 'POST') refuse('saml:binding', `a response by ${arrival.method}`)
          const { samlResponse, relayState } = parseResponseForm(arrival.rawBody)
          const { requestId } = pending.secrets
          if (
            pending.provider !== settings.name ||
            requestId === undefined ||
            !isSame(relayState, pending.id)
          ) {
            return refuse('saml:relaystate', 'the response does not belong to this sign-in')
          }
          if (pending.expiresAt <= now()) refuse('saml:inresponseto', 'the sign-in took too long', 'expired')
          return await accept(samlResponse, 'saml:used', {
            requestId,
            recipients: [settings.acsUrl],
            audiences: [settings.entityId, ...settings.extraAudiences],
          })
        } catch (cause) {
          throw faultForBrowser(cause)
        }
      },
    },
    token: {
      async verify(base64) {
        try {
          return await accept(
            base64,
            'saml:used-token',
            {
              requestId: undefined,
              recipients: [settings.acsUrl, ...settings.extraRecipients],
              audiences: [settings.entityId, ...settings.extraAudiences],
              maxAgeSeconds: tokenAgeSeconds,
            },
            requireRoleSessionName,
          )
        } catch (cause) {
          throw faultForToken(cause)
        }
      },
    },
    async close() {
      if (!deps.verifier) await verifier.close()
    },
  }
}

/** Sources that run without being compiled have no worker file beside them. */
export function createSamlVerifier(): Verifier {
  return import.meta.url.endsWith('.ts') ? createInlineVerifier() : createWorkerVerifier()
}

function isSame(given: string | undefined, expected: string): boolean {
  const [a, b] = [Buffer.from(given ?? ''), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}
