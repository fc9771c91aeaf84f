/**
 * Where the identity provider's metadata comes from and how long it is good. From a URL it is fetched again when it is
 * due; while that fails, and when what arrives is not acceptable, the last good one stays until its own validUntil.
 */
import type { Clock } from '../../fault.js'
import { Fault } from '../../fault.js'
import type { Log } from '../../operation/log.js'
import type { SamlSettings } from '../settings.js'
import { parseIdpMetadata } from './metadata.js'
import type { IdpMetadata } from './metadata.js'

export interface MetadataSource {
  /** @throws {Fault} `ProviderUnavailable` while there is no metadata or it is over. */
  current(): Promise<IdpMetadata>
}

export interface MetadataSourceDeps {
  readonly now: Clock
  readonly log: Log
  readonly fetch?: typeof globalThis.fetch
}

const maxBytes = 10_000_000
const fetchTimeoutMs = 10_000
/** A provider that is down is not asked more often than this. */
const retrySeconds = 10

/** @throws {Error} for metadata that is given as text and is not acceptable. */
export async function createMetadataSource(
  { name, metadata }: Pick<SamlSettings, 'name' | 'metadata'>,
  deps: MetadataSourceDeps,
): Promise<MetadataSource> {
  if (metadata.type === 'text') {
    const parsed = parseIdpMetadata(metadata.xml)
    return { current: async () => requireValid(parsed, deps.now()) }
  }
  const source = createUrlSource(name, metadata, deps)
  // An identity provider that is down for a moment must not keep everybody else from signing in.
  await source.current().catch(() => undefined)
  return source
}

function createUrlSource(
  name: string,
  { url, refreshSeconds }: Extract<SamlSettings['metadata'], { type: 'url' }>,
  { now, log, fetch = globalThis.fetch }: MetadataSourceDeps,
): MetadataSource {
  requireTrustworthy(new URL(url))
  let good: IdpMetadata | undefined
  let dueAt = 0
  let pending: Promise<void> | undefined

  const refresh = async (): Promise<void> => {
    try {
      const next = parseIdpMetadata(await fetchText(url, fetch))
      if (good && next.entityId !== good.entityId) throw new Error(`the entityID became \`${next.entityId}\``)
      requireValid(next, now())
      good = next
      dueAt = now().getTime() + refreshSeconds * 1_000
      log.debug('saml.metadata.loaded', { provider: name, certificates: next.signingCertificates.length })
    } catch (cause) {
      dueAt = now().getTime() + retrySeconds * 1_000
      log.error('saml.metadata.rejected', { provider: name, url, keptPrevious: good !== undefined, cause })
    } finally {
      pending = undefined
    }
  }
  return {
    async current() {
      if (now().getTime() >= dueAt) pending ??= refresh()
      // Only who has nothing waits; the others go on with the last good one while it is renewed.
      if (!good) await pending
      if (!good) throw unavailable('saml:metadata-missing')
      return requireValid(good, now())
    },
  }
}

/** Whoever can change the metadata in transit can sign in as anybody. */
function requireTrustworthy({ protocol, hostname }: URL): void {
  const isLoopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname)
  if (protocol !== 'https:' && !(protocol === 'http:' && isLoopback)) {
    throw new Error('metadata must be fetched with https')
  }
}

async function fetchText(url: string, fetch: typeof globalThis.fetch): Promise<string> {
  const response = await fetch(url, {
    redirect: 'error',
    signal: AbortSignal.timeout(fetchTimeoutMs),
    headers: { accept: 'application/samlmetadata+xml, application/xml;q=0.9, */*;q=0.1' },
  })
  if (!response.ok || !response.body) throw new Error(`the metadata address answered ${response.status}`)
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    bytes += chunk.length
    if (bytes > maxBytes) throw new Error('the metadata is larger than 10 MB')
    chunks.push(chunk)
  }
  return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
}

function requireValid(metadata: IdpMetadata, now: Date): IdpMetadata {
  if (metadata.validUntil && metadata.validUntil <= now) throw unavailable('saml:metadata-expired')
  return metadata
}

function unavailable(reason: string): Fault {
  return new Fault('ProviderUnavailable', 'the identity provider cannot be used right now', { reason })
}
