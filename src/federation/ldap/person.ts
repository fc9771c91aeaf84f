/**
 * From a directory entry to what Rolegate says about a person. Decides nothing about passwords; refuses entries from
 * which no stable identity can be read.
 */
import type { Log } from '../../operation/log.js'
import type { Assertion } from '../assertion.js'
import { mappedValue } from '../mapped-value.js'
import { sessionClaims } from '../session-claims.js'
import type { LdapSettings } from '../settings.js'
import type { ContextValue } from '../../policy/context.js'
import type { DirectoryEntry } from './entry.js'
import { nameValue } from './groups.js'

/** Every attribute to ask for; `objectClass` keeps an empty list from meaning "all". */
export function attributesToRead(settings: LdapSettings): readonly string[] {
  const { userSearch, groups } = settings
  return [
    ...new Set([
      'objectClass',
      userSearch.usernameAttribute,
      userSearch.displayNameAttribute,
      userSearch.emailAttribute,
      ...(userSearch.idAttribute === undefined ? [] : [userSearch.idAttribute]),
      ...(groups.from === 'memberOf' || groups.from === 'both' ? [groups.memberOfAttribute] : []),
      ...settings.attributes.map(({ from }) => from),
      ...(settings.sessionTags ?? []).map(({ from }) => from),
      ...(settings.sourceIdentity === undefined ? [] : [settings.sourceIdentity.from]),
      ...accountStateAttributes,
    ]),
  ].filter((name) => name !== '')
}

const accountStateAttributes = ['userAccountControl', 'nsAccountLock', 'pwdReset']
const accountDisabled = 0x2

/** Why this entry cannot sign in although its password may be right; undefined when it can. */
export function refusal(entry: DirectoryEntry, settings: LdapSettings): string | undefined {
  if (nameValue(entry, settings.userSearch.usernameAttribute) === undefined) return 'ldap:no-username'
  if (settings.userSearch.idAttribute !== undefined && subjectOf(entry, settings) === undefined) {
    return 'ldap:no-id'
  }
  // A bind does not always look at these: `pwdReset` lets one in to change the password and for nothing else.
  const control = Number(entry.values('userAccountControl')[0] ?? '0')
  const locked = [...entry.values('nsAccountLock'), ...entry.values('pwdReset')]
  if ((control & accountDisabled) !== 0 || locked.some((value) => value.toLowerCase() === 'true')) {
    return 'ldap:account-state'
  }
  return undefined
}

export function toAssertion(
  entry: DirectoryEntry,
  groups: readonly string[],
  settings: LdapSettings,
  deps: { readonly audience: string; readonly at: Date; readonly log: Log },
): Assertion {
  const { userSearch } = settings
  const username = nameValue(entry, userSearch.usernameAttribute)!
  const email = nameValue(entry, userSearch.emailAttribute)
  const keys = new Map<string, ContextValue>()
  for (const mapping of settings.attributes) {
    const value = mappedValue('ldap', mapping, entry.values(mapping.from))
    if (value !== undefined) keys.set(`ldap:${mapping.to.toLowerCase()}`, value)
  }
  // Last, so that no mapping can speak in their name.
  keys.set('ldap:username', username)
  keys.set('ldap:dn', entry.dn)
  keys.set('ldap:groups', groups)
  return {
    provider: settings.name,
    kind: 'ldap',
    issuer: settings.urls[0]!,
    subject: subjectOf(entry, settings)!,
    audience: deps.audience,
    username,
    displayName: nameValue(entry, userSearch.displayNameAttribute) ?? username,
    ...(email === undefined ? {} : { email }),
    groups,
    conditionKeys: keys,
    authenticatedAt: deps.at,
    multiFactor: false,
    ...sessionClaims(settings, { valuesOf: (from) => entry.values(from) }, deps.log),
  }
}

function subjectOf(entry: DirectoryEntry, { userSearch }: LdapSettings): string | undefined {
  if (userSearch.idAttribute === undefined) return entry.dn
  const values = entry.values(userSearch.idAttribute)
  return values.length === 1 && values[0] !== '' ? values[0] : undefined
}
