import type { Config } from './config.js'

/** What the configuration says about revocations, and what follows for how long and how far they reach. */
export function revocationSettings({ server, providers }: Pick<Config, 'server' | 'providers'>) {
  return {
    ...server.revocation,
    longestSignInSeconds: Math.max(server.sessions.signInSeconds, server.sessions.cliSeconds),
    providerClockSkewSeconds: Math.max(
      0,
      ...providers.map((each) => ('clockSkewSeconds' in each ? each.clockSkewSeconds : 0)),
    ),
  }
}
