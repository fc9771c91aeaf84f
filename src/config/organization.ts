/**
 * `organization.yaml` → `Organization`: units flattened to paths, ids and aliases unique, every account in a unit,
 * and who may take root sessions.
 */
import type { Account, Organization } from '../role/role.js'
import { given } from './given.js'
import { suggestion } from './nearest-name.js'
import { within, type Findings, type Place } from './place.js'
import {
  accountEntry,
  organizationOutline,
  type OrganizationOutline,
  type UnitEntry,
} from './schema/organization.js'
import { readFitting } from './schema/problems.js'

/** @returns undefined when something was reported. */
export function readOrganization(value: unknown, place: Place, findings: Findings): Organization | undefined {
  const before = findings.problemCount()
  const outline = readFitting(organizationOutline, value, place, findings)
  const units = new Map<string, 'named' | 'implied'>()
  if (outline !== undefined) collectUnits(outline.units, '', within(place, 'units'), units, findings)

  const entries = memberOf(value, 'accounts')
  const owners = new Map<string, string>()
  const accounts: Account[] = []
  for (const [i, raw] of (Array.isArray(entries) ? entries : []).entries()) {
    const at = within(place, 'accounts', i)
    const entry = readFitting(accountEntry, raw, at, findings)
    if (entry === undefined) continue
    const { tags, ...account } = entry
    unique(owners, account.id, within(at, 'id'), findings)
    if (account.alias !== undefined) unique(owners, account.alias, within(at, 'alias'), findings)
    const unit = account.unit ?? ''
    const unitsAreKnown = outline !== undefined && !findings.spoiled(within(place, 'units'))
    if (unit !== '' && unitsAreKnown && !units.has(unit)) {
      findings.problem(
        within(at, 'unit'),
        `no unit \`${unit}\` is declared; ${suggestion(unit, [...units.keys()])}`,
      )
    }
    accounts.push({
      ...given(account),
      id: account.id,
      name: account.name,
      unit,
      tags: new Map(Object.entries(tags ?? {})),
    })
  }
  const administration = outline && rootAdministration(outline, place, accountNames(value), findings)
  if (outline === undefined || findings.problemCount() > before) return undefined
  return { id: outline.id, name: outline.name, accounts, ...administration }
}

/** Empty unless root sessions are on, since the management account stands for nothing else. */
function rootAdministration(
  { managementAccount, rootSessions }: OrganizationOutline,
  place: Place,
  accounts: AccountNames,
  findings: Findings,
): Pick<Organization, 'managementAccount' | 'rootSessionAdministrators'> {
  const at = within(place, 'managementAccount')
  const management = managementAccount && declaredAccount(managementAccount, at, accounts, findings)
  if (rootSessions.enabled && managementAccount === undefined && !findings.spoiled(at)) {
    findings.problem(at, 'is missing: root sessions need it')
  }
  const administrators = new Set<string>()
  for (const [i, written] of rootSessions.delegatedAdministrators.entries()) {
    const here = within(place, 'rootSessions', 'delegatedAdministrators', i)
    if (findings.spoiled(here)) continue
    const account = declaredAccount(written, here, accounts, findings)
    if (account === undefined) continue
    if (account === management)
      findings.problem(here, 'is the management account, which may take them anyway')
    if (administrators.has(account)) findings.problem(here, `\`${written}\` is given twice`)
    administrators.add(account)
  }
  return rootSessions.enabled
    ? given({ managementAccount: management, rootSessionAdministrators: [...administrators] })
    : {}
}

export interface AccountNames {
  /** Id or alias → id. */
  readonly ids: ReadonlyMap<string, string>
  /** False when some account could not be read: then a name that is not among them may still be right. */
  readonly complete: boolean
}

/** Ids and aliases that are written down, right or wrong, so that roles are not blamed for an account's own problem. */
export function accountNames(value: unknown): AccountNames {
  const entries = memberOf(value, 'accounts')
  const ids = new Map<string, string>()
  let complete = Array.isArray(entries)
  for (const entry of Array.isArray(entries) ? entries : []) {
    const id = memberOf(entry, 'id')
    const alias = memberOf(entry, 'alias')
    const text = typeof id === 'number' ? String(id).padStart(12, '0') : id
    if (typeof text === 'string') ids.set(text, text)
    else complete = false
    if (typeof text === 'string' && typeof alias === 'string') ids.set(alias, text)
    else if (alias !== undefined) complete = false
  }
  return { ids, complete }
}

/** @returns its id; undefined for one that nobody declared, which was reported. */
export function declaredAccount(
  written: string,
  place: Place,
  { ids, complete }: AccountNames,
  findings: Findings,
): string | undefined {
  const account = ids.get(written)
  if (account === undefined && complete) {
    findings.problem(place, `no account \`${written}\` is declared; ${suggestion(written, [...ids.keys()])}`)
  }
  return account
}

export function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined
}

function collectUnits(
  entries: readonly (string | UnitEntry)[],
  parent: string,
  place: Place,
  units: Map<string, 'named' | 'implied'>,
  findings: Findings,
): void {
  for (const [i, entry] of entries.entries()) {
    const name = typeof entry === 'string' ? entry : entry.name
    const path = parent === '' ? name : `${parent}/${name}`
    if (path.split('/').length > 5) findings.problem(within(place, i), 'units nest at most five deep')
    if (units.get(path) === 'named') findings.problem(within(place, i), `the unit \`${path}\` is given twice`)
    // `Workloads/Production` also declares `Workloads`.
    for (let end = path.indexOf('/'); end !== -1; end = path.indexOf('/', end + 1)) {
      const above = path.slice(0, end)
      if (!units.has(above)) units.set(above, 'implied')
    }
    units.set(path, 'named')
    if (typeof entry !== 'string' && entry.units !== undefined) {
      collectUnits(entry.units, path, within(place, i, 'units'), units, findings)
    }
  }
}

function unique(owners: Map<string, string>, name: string, place: Place, findings: Findings): void {
  if (findings.spoiled(place)) return
  const line = place.source.lineOf(place.path)
  const first = owners.get(name)
  if (first !== undefined) findings.problem(place, `\`${name}\` is already taken on ${first}`)
  else owners.set(name, `line ${line ?? '?'}`)
}
