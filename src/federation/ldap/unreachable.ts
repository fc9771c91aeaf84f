/**
 * Why one directory server could not be asked. Stays inside this room: the provider tries the next server and, when
 * none is left, says `ProviderUnavailable` with this reason for the log.
 */
export type UnreachableReason =
  | 'ldap:busy'
  | 'ldap:closed'
  | 'ldap:connect'
  | 'ldap:denied'
  | 'ldap:group-unreadable'
  | 'ldap:malformed'
  | 'ldap:operation'
  | 'ldap:plaintext'
  | 'ldap:referral'
  | 'ldap:service-bind'
  | 'ldap:starttls'
  | 'ldap:timeout'
  | 'ldap:tls'
  | 'ldap:too-large'
  | 'ldap:truncated'

export class Unreachable extends Error {
  override readonly name = 'Unreachable'
  readonly reason: UnreachableReason

  constructor(reason: UnreachableReason, cause?: unknown) {
    super(reason, cause === undefined ? undefined : { cause })
    this.reason = reason
  }
}

/** What one server's trouble looks like; anything else its neighbours would answer alike. */
const oneServersTrouble: ReadonlySet<UnreachableReason> = new Set([
  'ldap:closed',
  'ldap:connect',
  'ldap:malformed',
  'ldap:operation',
  'ldap:starttls',
  'ldap:timeout',
  'ldap:tls',
  'ldap:too-large',
])

/** True when it is worth asking the next server. */
export function isServerTrouble({ reason }: Unreachable): boolean {
  return oneServersTrouble.has(reason)
}
