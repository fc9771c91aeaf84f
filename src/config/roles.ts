/** `roles.yaml` and `roles/*.yaml` → `Role`s: policies compiled, accounts found, ARNs and ids unique. */
import { createHash } from 'node:crypto'
import type { Role } from '../role/role.js'
import { given } from './given.js'
import { suggestion } from './nearest-name.js'
import { memberOf } from './organization.js'
import { within, type Place, type Source } from './place.js'
import { readPolicy } from './policy-source.js'
import type { Reading } from './reading.js'
import { readAs } from './schema/problems.js'
import { roleEntry, rolesOutline, type RoleEntry } from './schema/roles.js'
import { checkTrustPrincipals } from './trust-principals.js'

interface Placed {
  readonly entry: RoleEntry
  readonly place: Place
  readonly account: string
  readonly arn: string
}

export async function readRoles(
  sources: readonly Source[],
  /** Id or alias → id. */
  accounts: ReadonlyMap<string, string>,
  providers: readonly string[],
  reading: Reading,
): Promise<readonly Role[]> {
  const placed = sources.flatMap((source) => placedRoles(source, accounts, reading))
  checkUnique(placed, reading)
  const declared = {
    providers,
    accounts: new Set(accounts.values()),
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
    if (entry.trustPolicy === undefined && entry.trustPolicyFile === undefined) {
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
    if (trust === undefined) continue
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

function placedRoles(
  source: Source,
  accounts: ReadonlyMap<string, string>,
  reading: Reading,
): readonly Placed[] {
  readAs(rolesOutline, source.value, { source, path: [] }, reading.findings)
  const list = memberOf(source.value, 'roles')
  return (Array.isArray(list) ? list : []).flatMap((raw: unknown, i) => {
    const place = { source, path: ['roles', i] }
    const entry = readAs(roleEntry, raw, place, reading.findings)
    if (entry === undefined) return []
    const account = accounts.get(entry.account)
    if (account === undefined) {
      const known = [...accounts.keys()]
      reading.findings.problem(
        within(place, 'account'),
        `no account \`${entry.account}\` is declared; ${suggestion(entry.account, known)}`,
      )
      return []
    }
    return [{ entry, place, account, arn: `arn:aws:iam::${account}:role${entry.path}${entry.name}` }]
  })
}

/** Names count without their path and without case, as IAM counts them. */
function checkUnique(roles: readonly Placed[], { findings }: Reading): void {
  const taken = new Map<string, Placed>()
  for (const role of roles) {
    const keys = [
      [`${role.account}/${role.entry.name.toLowerCase()}`, 'name'] as const,
      ...(role.entry.id === undefined ? [] : [[role.entry.id, 'id'] as const]),
    ]
    for (const [key, member] of keys) {
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
    if (written.policy === undefined && written.policyFile === undefined) {
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
