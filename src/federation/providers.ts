/** Settings → provider: which adapter stands behind each kind. */
import type { Clock, RandomBytes } from '../fault.js'
import type { Log } from '../operation/log.js'
import type { ExpiringStore } from '../store/expiring-store.js'
import { createLdapProvider } from './ldap/ldap-provider.js'
import { createLocalProvider } from './local/local-provider.js'
import { createOidcProvider } from './oidc/provider.js'
import { createProviderRegistry, type ProviderRegistry } from './provider-registry.js'
import { createSamlProvider, createSamlVerifier } from './saml/saml-provider.js'

export function createProviders(deps: {
  readonly store: ExpiringStore
  readonly now: Clock
  readonly random: RandomBytes
  readonly log: Log
  readonly publicUrl: string
}): ProviderRegistry {
  // One for all SAML providers: its threads are heavy, and start with the first message only.
  const verifier = createSamlVerifier()
  const registry = createProviderRegistry({
    log: deps.log,
    create: async (settings) => {
      switch (settings.kind) {
        case 'ldap':
          return createLdapProvider(settings, deps)
        case 'saml':
          return createSamlProvider(settings, { ...deps, verifier })
        case 'oidc':
          return createOidcProvider(settings, deps)
        case 'local':
          return createLocalProvider(settings, deps)
      }
    },
  })
  return {
    ...registry,
    async close() {
      await registry.close()
      await verifier.close()
    },
  }
}
