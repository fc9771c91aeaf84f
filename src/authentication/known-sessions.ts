/**
 * Recently opened session tokens with the signing keys derived from them: a client signs many requests with one set
 * of credentials, and opening the token anew each time is half the work of GetCallerIdentity.
 *
 * Only what is a function of token and key ring is remembered, and only while the ring stays what it was: with a key
 * that was taken away its sessions are. Expiry, the role behind the session and the signature are checked at every
 * request. Tokens that do not open are not remembered, so strangers cannot crowd out clients.
 */
import type { OpenedCredentials, SessionCredentials } from '../credentials/credentials.js'
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

type Remembered = KnownSession & Pick<OpenedCredentials, 'stillOpens'>

/** @param capacity sessions, some 2 to 5 KB each; the one that was used longest ago gives way. */
export function rememberSessions(credentials: SessionCredentials, capacity = 2000): KnownSessions {
  const known = new Map<string, Remembered>()
  return {
    open(accessKeyId, sessionToken) {
      const remembered = known.get(sessionToken)
      // With another access key id it is opened like any token that is none: at once would tell that it is one.
      if (remembered?.session.accessKeyId === accessKeyId && remembered.stillOpens()) {
        known.delete(sessionToken)
        known.set(sessionToken, remembered)
        return remembered
      }
      const opened = credentials.open(accessKeyId, sessionToken)
      if (opened === undefined) return undefined
      const { session, secretAccessKey, stillOpens } = opened
      const made = { session, signingKey: signingKeys(secretAccessKey), stillOpens }
      known.delete(sessionToken)
      if (known.size >= capacity) known.delete(known.keys().next().value ?? '')
      known.set(sessionToken, made)
      return made
    },
  }
}
