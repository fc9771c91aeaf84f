/** A `kind: ldap` entry → its settings. A password is only ever sent over TLS, or within this machine when told so. */
import type { LdapSettings } from '../federation/settings.js'
import { given } from './given.js'
import { isLoopback } from './loopback.js'
import { certificateAuthorities } from './pem-files.js'
import { within, type Place } from './place.js'
import { sharedSettings } from './provider-shared.js'
import type { Reading } from './reading.js'
import type { LdapEntry } from './schema/providers.js'

/** @returns undefined when something was reported. */
export async function ldapSettings(
  entry: LdapEntry,
  place: Place,
  reading: Reading,
): Promise<LdapSettings | undefined> {
  const { findings } = reading
  const before = findings.problemCount()
  const urls = entry.urls.flatMap((written, i) => {
    const url = directoryUrl(written, within(place, 'urls', i), reading)
    return url === undefined ? [] : [url]
  })
  weighEncryption(entry, urls, place, reading)
  checkFilter(entry.userSearch.filter, within(place, 'userSearch', 'filter'), reading)
  const { search, from } = entry.groups
  if (search !== undefined) checkFilter(search.filter, within(place, 'groups', 'search', 'filter'), reading)
  if (search === undefined && (from === 'search' || from === 'both')) {
    findings.problem(within(place, 'groups', 'search'), `is missing: \`from: ${from}\` needs it`)
  }

  const bind = entry.bind
  const password =
    bind.type === 'search' ? await reading.secret(bind.password, within(place, 'bind', 'password')) : ''
  const ca = await certificateAuthorities(entry.caFile, within(place, 'caFile'), reading)
  if (findings.problemCount() > before || password === undefined) return undefined
  const { idAttribute, ...userSearch } = entry.userSearch
  return {
    kind: 'ldap',
    ...sharedSettings(entry),
    urls: urls.map(({ href }) => href),
    startTls: entry.startTls,
    insecureSkipCertificateCheck: entry.insecureSkipCertificateCheck,
    insecureAllowPlaintext: entry.insecureAllowPlaintext,
    connectTimeoutMs: entry.connectTimeout,
    operationTimeoutMs: entry.operationTimeout,
    bind: bind.type === 'search' ? { type: 'search', dn: bind.dn, password } : bind,
    userSearch: { ...userSearch, ...given({ idAttribute }) },
    groups: {
      from,
      memberOfAttribute: entry.groups.memberOfAttribute,
      nameAttribute: entry.groups.nameAttribute,
      ...given({ search }),
    },
    ...given({ ca }),
  }
}

function directoryUrl(written: string, place: Place, reading: Reading): URL | undefined {
  const address = reading.address(written, place)
  if (address === undefined) return undefined
  const url = URL.canParse(address) ? new URL(address) : undefined
  const bare = url !== undefined && /^ldaps?:\/\/[^/?#@\s]+\/?$/i.test(address) && url.hostname !== ''
  if (url !== undefined && bare) return url
  reading.findings.problem(
    place,
    'must be `ldap://host` or `ldaps://host`, with a port when it is not 389 or 636',
  )
  return undefined
}

function weighEncryption(
  entry: LdapEntry,
  urls: readonly URL[],
  place: Place,
  { findings, insecure }: Reading,
): void {
  const file = place.source.file
  const spoiled = (name: string) => findings.spoiled(within(place, name))
  const remote = urls.some(({ hostname }) => !isLoopback(hostname))
  const plain = !entry.startTls && urls.some(({ protocol }) => protocol === 'ldap:')
  if (entry.startTls && urls.some(({ protocol }) => protocol === 'ldaps:')) {
    findings.problem(within(place, 'startTls'), 'is for `ldap://` URLs; `ldaps://` is encrypted already')
  }
  for (const setting of ['insecureSkipCertificateCheck', 'insecureAllowPlaintext'] as const) {
    if (!entry[setting]) continue
    insecure.push(`${file}: ${entry.name}.${setting}`)
    if (remote) findings.problem(within(place, setting), 'is refused for a directory beyond loopback')
  }
  if (plain && !entry.insecureAllowPlaintext && !spoiled('insecureAllowPlaintext') && !spoiled('startTls')) {
    findings.problem(
      within(place, 'urls'),
      'would send passwords unencrypted: use `ldaps://` or `startTls: true` (on loopback `insecureAllowPlaintext: true` is possible)',
    )
  }
}

/** Only the outer shape (RFC 4515): the directory judges the rest, and says so at the first sign-in. */
function checkFilter(filter: string, place: Place, { findings }: Reading): void {
  let open = 0
  const balanced = filter.split('').every((c) => {
    open += c === '(' ? 1 : c === ')' ? -1 : 0
    return open >= 0
  })
  if (!filter.startsWith('(') || !balanced || open !== 0) {
    findings.problem(place, 'is no LDAP filter: parentheses must enclose it and match')
  }
}
