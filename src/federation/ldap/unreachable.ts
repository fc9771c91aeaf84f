/**
 * Why one directory server could not be asked. Stays inside this room: the provider tries the next server and, when
 * none is left, says `ProviderUnavailable` with this reason for the log.
 */
export type UnreachableReason =
  | 'ldap:busy'
  | 'ldap:closed'
  | 'ldap:connect'
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
