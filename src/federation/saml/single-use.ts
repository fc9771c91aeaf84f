/**
 * An assertion is good once (SAML Profiles 4.1.4.5). The mark outlives the assertion's own end, so there is no moment at
 * which it could come back; of several deliveries at the same time, on any node, one wins.
 */
import { createHash } from 'node:crypto'
import type { ExpiringStore } from '../../store/expiring-store.js'
import type { AssertionFacts } from './facts.js'
import { refuse } from './refusal.js'

/** @throws {SamlRefusal} `saml:replay`; {Fault} `StoreUnavailable`, and then nothing was accepted. */
export async function useOnce(
  store: ExpiringStore,
  scope: 'saml:used' | 'saml:used-token',
  assertion: Pick<AssertionFacts, 'issuer' | 'id'>,
  until: Date,
): Promise<void> {
  const name = createHash('sha256')
    .update(JSON.stringify([assertion.issuer, assertion.id]))
    .digest('hex')
  if (!(await store.add(`${scope}:${name}`, '', until))) {
    refuse('saml:replay', `assertion \`${assertion.id}\` was used before`)
  }
}
