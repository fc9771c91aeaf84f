/** Where a session comes from: the credentials it was made with, and who those go back to. */
import type { Caller } from './caller.js'
import { userIssuer, type ChainLink, type SessionOrigin } from './session.js'

/** The chain of a session that this caller makes. */
export function chainFrom(caller: Caller): readonly ChainLink[] {
  if (caller.type === 'user') return [{ accessKeyId: caller.accessKeyId }]
  const { session } = caller
  const { accessKeyId, issuedAt } = session
  return [
    ...session.chain,
    { accessKeyId, issuedAt, ...(session.type === 'role' ? { roleId: session.roleId } : {}) },
  ]
}

/** The origin of a session that this caller makes; a user's is the user, from this moment on. */
export function originOfCaller(caller: Caller, now: Date): SessionOrigin {
  if (caller.type === 'session') return caller.session.origin
  return {
    issuer: userIssuer,
    subject: caller.user.arn,
    startedAt: now,
    persistentKeys: new Map(),
    multiFactor: false,
    assertedTagKeys: [],
  }
}
