import type { LdapSettings } from '../../../src/federation/settings.js'
import { baseDn } from '../../support/slapd.js'

/** Settings for the test directory; what a test is about, it says. */
export function ldapSettings(changes: Partial<LdapSettings> = {}): LdapSettings {
  return {
    kind: 'ldap',
    name: 'corp',
    displayName: 'Corporate directory',
    attributes: [],
    urls: ['ldap://127.0.0.1:1'],
    startTls: false,
    insecureSkipCertificateCheck: false,
    insecureAllowPlaintext: false,
    connectTimeoutMs: 5_000,
    operationTimeoutMs: 10_000,
    bind: { type: 'search', dn: `cn=reader,${baseDn}`, password: 'reader-secret' },
    userSearch: {
      base: `ou=people,${baseDn}`,
      scope: 'sub',
      filter: '(&(objectClass=inetOrgPerson)(uid={username}))',
      idAttribute: 'entryUUID',
      usernameAttribute: 'uid',
      displayNameAttribute: 'displayName',
      emailAttribute: 'mail',
    },
    groups: { from: 'none', memberOfAttribute: 'memberOf', nameAttribute: 'cn' },
    ...changes,
  }
}

export const groupSearch = { base: `ou=groups,${baseDn}`, scope: 'sub', filter: '(member={dn})' } as const
