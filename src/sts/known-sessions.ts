/**
 * Recently opened session tokens with the signing keys derived from them: a client signs many requests with one set
 * of credentials, and opening the token anew each time is half the work of GetCallerIdentity.
 *
 * Only what is a function of token and key ring is remembered. Expiry, the role behind the session and the signature
 * are checked at every request. Tokens that do not open are not remembered, so strangers cannot crowd out clients.
 */
import type { KeyObject } from 'node:crypto'
import type { SessionCredentials } from '../credentials/credentials.js'
import type { RoleSession } from '../role/role-session.js'
import { deriveSigningKey } from './signature.js'
import type { CredentialScope } from './signature-claim.js'

export interface KnownSession {
  readonly session: RoleSession
  signingKey(scope: CredentialScope): KeyObject
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

/** Keeps the key of the latest scope: a client signs in one region, and the day changes once a day. */
function signingKeys(secretAccessKey: string): KnownSession['signingKey'] {
  let latest: { readonly name: string; readonly key: KeyObject } | undefined
  return (scope) => {
    const name = `${scope.date}/${scope.region}/${scope.service}/${scope.terminator}`
    if (latest?.name !== name) latest = { name, key: deriveSigningKey(secretAccessKey, scope) }
    return latest.key
  }
}
