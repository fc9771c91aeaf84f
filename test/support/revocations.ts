import type { Revocations, SignInRevocations } from '../../src/credentials/revocation.js'
import type { RevocationMetrics } from '../../src/operation/metrics.js'

/** For tests that are about something else. */
export const nothingRevoked: Revocations & SignInRevocations = {
  ends: () => false,
  endsKey: () => false,
  endsSignIn: () => false,
}

export const silentRevocationMetrics: RevocationMetrics = {
  revocationFeed: () => undefined,
  revocationHistoryLost: () => undefined,
  revoked: () => undefined,
}
