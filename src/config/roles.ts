/** `roles.yaml` and `roles/*.yaml` → `Role`s: policies compiled, accounts found, ARNs and ids unique. */
import { createHash } from 'node:crypto'
import type { Role } from '../role/role.js'
import { given } from './given.js'
import { suggestion } from './nearest-name.js'
import { memberOf, type AccountNames } from './organization.js'
import { within, type Place, type Source } from './place.js'
import { readPolicy } from './policy-source.js'
import type { DeclaredProviders } from './providers.js'
import type { Reading } from './reading.js'
import { readFitting } from './schema/problems.js'
import { roleEntry, rolesOutline, type RoleEntry } from './schema/roles.js'
import { checkTrustPrincipals } from './trust-principals.js'

interface Placed {
  readonly entry: RoleEntry
  readonly place: Place
  /** Undefined when there is no such account. */
  readonly account: string | undefined
  readonly arn: string
}

export async function readRoles(
  sources: readonly Source[],
  accounts: AccountNames,
  providers: DeclaredProviders,
  reading: Reading,
): Promise<readonly Role[]> {
  const placed = sources.flatMap((source) => placedRoles(source, accounts, reading))
  checkUnique(placed, reading)
  const declared = {
    providers,
    accounts: new Set(accounts.ids.values()),
    roleArns: new Set(placed.map(({ arn }) => arn)),
  }

  const roles: Role[] = []
  for (const { entry, place, account, arn } of placed) {
    const trust = await readPolicy(
      {
        inline: entry.trustPolicy,
        file: entry.trustPolicyFile,
        place: within(place, 'trustPolicy'),
        filePlace: within(place, 'trustPolicyFile'),
        kind: 'trust',
        name: `trust policy of ${arn}`,
      },
      reading,
    )
    const isGivenWrongly = reading.findings.spoiled(within(place, 'trustPolicyFile'))
    if (entry.trustPolicy === undefined && entry.trustPolicyFile === undefined && !isGivenWrongly) {
      reading.findings.problem(
        within(place, 'trustPolicy'),
        'is missing: give it here, or name a `trustPolicyFile`',
      )
    }
    if (trust !== undefined) checkTrustPrincipals(trust, account, declared)
    const permissions = await permissionsOf(entry, place, arn, reading)
    const boundary = await readPolicy(
      {
        inline: entry.permissionsBoundary,
        file: entry.permissionsBoundaryFile,
        place: within(place, 'permissionsBoundary'),
        filePlace: within(place, 'permissionsBoundaryFile'),
        kind: 'boundary',
        name: `permissions boundary of ${arn}`,
      },
      reading,
    )
    if (trust === undefined || account === undefined) continue
    roles.push({
      arn,
      id: entry.id ?? roleId(arn),
      account,
      name: entry.name,
      path: entry.path,
      trustPolicy: trust.document,
      permissions,
      maxSessionSeconds: entry.maxSessionDuration,
      tags: new Map(Object.entries(entry.tags ?? {})),
      ...given({ description: entry.description, boundary: boundary?.document, color: entry.color }),
    })
  }
  return roles
}

/** A function of the ARN alone: every replica and every restart gives a role the same id. */
export function roleId(arn: string): string {
  const digest = createHash('sha256').update(`rolegate role id ${arn}`).digest()
  return `AROA${[...digest.subarray(0, 17)].map((byte) => base32.charAt(byte & 31)).join('')}`
}

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

function placedRoles(source: Source, accounts: AccountNames, reading: Reading): readonly Placed[] {
  readFitting(rolesOutline, source.value, { source, path: [] }, reading.findings)
  const list = memberOf(source.value, 'roles')
  return (Array.isArray(list) ? list : []).flatMap((raw: unknown, i) => {
    const place = { source, path: ['roles', i] }
    const entry = readFitting(roleEntry, raw, place, reading.findings)
    if (entry === undefined) return []
    const account = accounts.ids.get(entry.account)
    if (account === undefined && accounts.complete) {
      const known = [...accounts.ids.keys()]
      reading.findings.problem(
        within(place, 'account'),
        `no account \`${entry.account}\` is declared; ${suggestion(entry.account, known)}`,
      )
    }
    const arn = `arn:aws:iam::${account ?? entry.account}:role${entry.path}${entry.name}`
    return [{ entry, place, account, arn }]
  })
}

/** Names count without their path and without case, as IAM counts them. */
function checkUnique(roles: readonly Placed[], { findings }: Reading): void {
  const taken = new Map<string, Placed>()
  for (const role of roles) {
    const keys = [
      [`${role.account ?? role.entry.account}/${role.entry.name.toLowerCase()}`, 'name'] as const,
      ...(role.entry.id === undefined ? [] : [[role.entry.id, 'id'] as const]),
    ]
    for (const [key, member] of keys) {
      if (member === 'name' && findings.spoiled(within(role.place, 'account'))) continue
      if (findings.spoiled(within(role.place, member))) continue
      const first = taken.get(key)
      if (first === undefined) {
        taken.set(key, role)
        continue
      }
      const { source, path } = within(first.place, member)
      findings.problem(
        within(role.place, member),
        `\`${role.entry[member]}\` is already taken in ${source.file}, line ${source.lineOf(path) ?? '?'}`,
      )
    }
  }
}

async function permissionsOf(entry: RoleEntry, place: Place, arn: string, reading: Reading) {
  const documents = []
  const names = new Set<string>()
  for (const [i, written] of entry.permissions.entries()) {
    const at = within(place, 'permissions', i)
    const name = written.name ?? `policy-${i + 1}`
    if (names.has(name.toLowerCase()))
      reading.findings.problem(within(at, 'name'), `\`${name}\` is given twice`)
    names.add(name.toLowerCase())
    const isGivenWrongly = ['policy', 'policyFile'].some((name) => reading.findings.spoiled(within(at, name)))
    if (written.policy === undefined && written.policyFile === undefined && !isGivenWrongly) {
      reading.findings.problem(at, 'needs `policy` or `policyFile`')
    }
    const policy = await readPolicy(
      {
        inline: written.policy,
        file: written.policyFile,
        place: within(at, 'policy'),
        filePlace: within(at, 'policyFile'),
        kind: 'identity',
        name: `permissions policy ${name} of ${arn}`,
      },
      reading,
    )
    if (policy !== undefined) documents.push(policy.document)
  }
  return documents
}
