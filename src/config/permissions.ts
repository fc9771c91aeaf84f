/** What a role or user may do, as an entry says it: inline policies, managed ones, and a boundary of either sort. */
import type { PolicyDocument } from '../policy/document.js'
import type { Placed } from './account-entries.js'
import type { ManagedPolicies } from './managed-policies.js'
import { within } from './place.js'
import { readPolicy } from './policy-source.js'
import type { Reading } from './reading.js'
import type { PermissionEntry } from './schema/permissions.js'

interface Permissions {
  /** Inline ones first. */
  readonly permissions: readonly PolicyDocument[]
  readonly boundary: PolicyDocument | undefined
}

/** What could not be read is left out; it was reported, so nothing of it comes into force. */
export async function readPermissions(
  placed: Placed<PermissionEntry>,
  managed: ManagedPolicies,
  reading: Reading,
): Promise<Permissions> {
  return {
    permissions: [...(await inlinePolicies(placed, reading)), ...managedPolicies(placed, managed, reading)],
    boundary: await boundaryOf(placed, managed, reading),
  }
}

async function inlinePolicies({ entry, place, arn }: Placed<PermissionEntry>, reading: Reading) {
  const documents: PolicyDocument[] = []
  const names = new Set<string>()
  for (const [i, written] of entry.permissions.entries()) {
    const at = within(place, 'permissions', i)
    const name = written.name ?? `policy-${i + 1}`
    if (names.has(name.toLowerCase()))
      reading.findings.problem(within(at, 'name'), `\`${name}\` is given twice`)
    names.add(name.toLowerCase())
    const isGivenWrongly = ['policy', 'policyFile'].some((member) =>
      reading.findings.spoiled(within(at, member)),
    )
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

function managedPolicies(
  { entry, place, account }: Placed<PermissionEntry>,
  managed: ManagedPolicies,
  { findings }: Reading,
): readonly PolicyDocument[] {
  const given = new Set<string>()
  return entry.managedPolicies.flatMap((arn, i) => {
    const at = within(place, 'managedPolicies', i)
    if (findings.spoiled(at)) return []
    if (given.has(arn)) findings.problem(at, 'is given twice')
    given.add(arn)
    return managed.attached(arn, account, at, findings) ?? []
  })
}

async function boundaryOf(
  { entry, place, account, arn }: Placed<PermissionEntry>,
  managed: ManagedPolicies,
  reading: Reading,
): Promise<PolicyDocument | undefined> {
  const { permissionsBoundary: written, permissionsBoundaryFile: file } = entry
  const at = within(place, 'permissionsBoundary')
  if (typeof written === 'string' && written.startsWith('arn:') && file === undefined) {
    return managed.attached(written, account, at, reading.findings)
  }
  const boundary = await readPolicy(
    {
      inline: written,
      file,
      place: at,
      filePlace: within(place, 'permissionsBoundaryFile'),
      kind: 'boundary',
      name: `permissions boundary of ${arn}`,
    },
    reading,
  )
  return boundary?.document
}
