/**
 * Recently opened session tokens with the signing keys derived from them: a client signs many requests with one set
 * of credentials, and opening the token anew each time is half the work of GetCallerIdentity.
 *
 * Only what is a function of token and key ring is remembered. Expiry, the role behind the session and the signature
 * are checked at every request. Tokens that do not open are not remembered, so strangers cannot crowd out clients.
 */
import type { SessionCredentials } from '../credentials/credentials.js'
import type { Session } from '../role/session.js'
import { signingKeys, type SigningKeys } from './signing-key.js'

export interface KnownSession {
  readonly session: Session
  readonly signingKey: SigningKeys
}

export interface KnownSessions {
  /** As `SessionCredentials.open`. */
  open(accessKeyId: string, sessionToken: string): KnownSession | undefined
}

/** @param capacity sessions, some 2 KB each; the one that was used longest ago gives way. */
export function rememberSessions(credentials: SessionCredentials, capacity = 2000): KnownSessions {
  const known = new Map<string, KnownSession>()
  return {
    open(accessKeyId, sessionToken) {
      const remembered = known.get(sessionToken)
      if (remembered !== undefined) {
        if (remembered.session.accessKeyId !== accessKeyId) return undefined
        known.delete(sessionToken)
        known.set(sessionToken, remembered)
        return remembered
      }
      const opened = credentials.open(accessKeyId, sessionToken)
      if (opened === undefined) return undefined
      const session = { session: opened.session, signingKey: signingKeys(opened.secretAccessKey) }
      if (known.size >= capacity) known.delete(known.keys().next().value ?? '')
      known.set(sessionToken, session)
      return session
    },
  }
}
