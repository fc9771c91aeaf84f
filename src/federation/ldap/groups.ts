/**
 * The groups of one person: from the attribute of the entry that the directory maintains, from a search for groups
 * that name the person, or from both. One level only: nesting is the directory's business (in Active Directory a
 * search filter with the rule 1.2.840.113556.1.4.1941). A list that may be incomplete is a failure, because a trust
 * policy may deny by group.
 */
import { PresenceFilter } from 'ldapts'
import type { LdapSettings } from '../settings.js'
import type { Directory } from './directory.js'
import { isWithin, leadingValue, parseDn } from './dn.js'
import type { DirectoryEntry } from './entry.js'
import { compileFilter } from './filter.js'
import { Unreachable } from './unreachable.js'

export type FindGroups = (directory: Directory, person: DirectoryEntry, username: string) => Promise<string[]>

const anything = new PresenceFilter({ attribute: 'objectClass' })

/**
 * @returns a function from a person's entry to group names, sorted, without repetition.
 * @throws {Error} when groups are to be searched for and nothing says where.
 */
export function createGroupFinder(groups: LdapSettings['groups']): FindGroups {
  const { from, search, nameAttribute, memberOfAttribute } = groups
  if ((from === 'search' || from === 'both') && search === undefined) {
    throw new Error(`groups from \`${from}\` need a group search`)
  }
  const filter = search === undefined ? undefined : compileFilter(search.filter)

  async function byAttribute(directory: Directory, person: DirectoryEntry): Promise<string[]> {
    const dns = await allValues(directory, person, memberOfAttribute)
    // A group elsewhere in the tree may carry the same short name: only those under the group base count.
    const counted = search === undefined ? dns : dns.filter((dn) => isWithin(dn, search.base, 'sub'))
    const names: string[] = []
    for (const dn of counted) names.push(await nameOf(directory, dn))
    return names
  }

  async function nameOf(directory: Directory, dn: string): Promise<string> {
    if (nameAttribute.toLowerCase() === 'dn') return dn
    const parsed = parseDn(dn)
    const inName = parsed === undefined ? undefined : leadingValue(parsed, nameAttribute)
    if (inName !== undefined) return inName
    const [entry] = await directory.search(dn, {
      scope: 'base',
      filter: anything,
      attributes: [nameAttribute],
      limit: 1,
    })
    return nameIn(entry)
  }

  async function bySearch(directory: Directory, person: DirectoryEntry, username: string): Promise<string[]> {
    if (search === undefined || filter === undefined) return []
    const found = await directory.search(search.base, {
      scope: search.scope,
      filter: filter({ dn: person.dn, username }),
      attributes: [nameAttribute.toLowerCase() === 'dn' ? '1.1' : nameAttribute],
    })
    return found.filter(({ dn }) => isWithin(dn, search.base, search.scope)).map(nameIn)
  }

  function nameIn(entry: DirectoryEntry | undefined): string {
    if (entry !== undefined && nameAttribute.toLowerCase() === 'dn') return entry.dn
    const name = entry === undefined ? undefined : nameValue(entry, nameAttribute)
    if (name === undefined) throw new Unreachable('ldap:group-unreadable')
    return name
  }

  return async (directory, person, username) => {
    const names = new Set<string>()
    if (from === 'memberOf' || from === 'both') {
      for (const name of await byAttribute(directory, person)) names.add(name)
    }
    if (from === 'search' || from === 'both') {
      for (const name of await bySearch(directory, person, username)) names.add(name)
    }
    return [...names].sort()
  }
}

/** The one value by which an entry goes: of several, the one in its DN, since their order means nothing in LDAP. */
export function nameValue(entry: DirectoryEntry, attribute: string): string | undefined {
  const values = entry.values(attribute)
  if (values.length < 2) return values[0]
  const parsed = parseDn(entry.dn)
  const inName = parsed === undefined ? undefined : leadingValue(parsed, attribute)
  return inName !== undefined && values.includes(inName) ? inName : [...values].sort()[0]
}

/** Also what Active Directory holds back behind `;range=` (MS-ADTS 3.1.1.3.1.3.3). */
async function allValues(directory: Directory, entry: DirectoryEntry, attribute: string): Promise<string[]> {
  const values = [...entry.values(attribute)]
  for (let next = entry.nextRange(attribute); next !== undefined;) {
    const [more] = await directory.search(entry.dn, {
      scope: 'base',
      filter: anything,
      attributes: [`${attribute};range=${next}-*`],
      limit: 1,
    })
    const piece = more?.values(attribute) ?? []
    if (more === undefined || piece.length === 0) throw new Unreachable('ldap:truncated')
    values.push(...piece)
    next = more.nextRange(attribute)
  }
  return values
}
