/**
 * The identity providers in force. A reload keeps those whose settings did not change (with their pools, caches and
 * keys), makes the new ones and closes the ones that went; the list changes in one step.
 */
import { isDeepStrictEqual } from 'node:util'
import { Fault } from '../fault.js'
import type { Log } from '../operation/log.js'
import type { IdentityProvider } from './assertion.js'
import { providerArnResource } from './provider-arn.js'
import type { ProviderSettings } from './settings.js'

export interface ProviderRegistry {
  list(): readonly IdentityProvider[]
  apply(settings: readonly ProviderSettings[]): Promise<void>
  close(): Promise<void>
}

export type ProviderFactory = (settings: ProviderSettings) => Promise<IdentityProvider>

interface Entry {
  readonly settings: ProviderSettings
  readonly provider: IdentityProvider
}

export function createProviderRegistry(deps: {
  readonly create: ProviderFactory
  readonly log: Log
}): ProviderRegistry {
  const { create, log } = deps
  let entries: readonly Entry[] = []
  let providers: readonly IdentityProvider[] = []

  async function enter(settings: ProviderSettings): Promise<Entry> {
    try {
      return { settings, provider: await create(settings) }
    } catch (cause) {
      log.error('provider.unusable', { provider: settings.name, cause })
      return { settings, provider: unusable(settings, cause) }
    }
  }

  return {
    list: () => providers,
    async apply(settings) {
      const before = entries
      const kept = (wanted: ProviderSettings): Entry | undefined =>
        before.find((entry) => isDeepStrictEqual(entry.settings, wanted))
      entries = await Promise.all(settings.map(async (wanted) => kept(wanted) ?? enter(wanted)))
      providers = entries.map((entry) => entry.provider)
      const gone = before.filter((entry) => !entries.includes(entry))
      await Promise.all(gone.map(({ provider }) => provider.close()))
    },
    async close() {
      await Promise.all(entries.map(({ provider }) => provider.close()))
      entries = []
      providers = []
    },
  }
}

/** Stands on the sign-in page and says that it is unavailable, so that the others keep working. */
function unusable(settings: ProviderSettings, cause: unknown): IdentityProvider {
  const refuse = (): never => {
    throw new Fault('ProviderUnavailable', `${settings.displayName} is unavailable`, {
      reason: `${settings.kind}:unusable`,
      cause,
    })
  }
  const issuer = settings.kind === 'oidc' ? settings.issuer : settings.name
  return {
    name: settings.name,
    kind: settings.kind,
    displayName: settings.displayName,
    arnResource: providerArnResource({ kind: settings.kind, name: settings.name, issuer }),
    ...(settings.kind === 'ldap' || settings.kind === 'local'
      ? { password: { authenticate: async () => refuse() } }
      : {}),
    ...(settings.kind === 'saml' || (settings.kind === 'oidc' && settings.client !== undefined)
      ? { redirect: { begin: async () => refuse(), complete: async () => refuse() } }
      : {}),
    ...(settings.kind === 'saml' || settings.kind === 'oidc'
      ? { token: { verify: async () => refuse() } }
      : {}),
    ...(settings.kind === 'oidc' && settings.client !== undefined
      ? { logoutToken: { verify: async () => refuse() } }
      : {}),
    ...(settings.kind === 'oidc' && settings.contextAssertions === true
      ? { context: { verify: async () => refuse() } }
      : {}),
    close: async () => undefined,
  }
}
