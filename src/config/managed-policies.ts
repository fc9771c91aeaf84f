/**
 * `policies.yaml` and `policies/*.yaml` → `ManagedPolicy`s, beside those that every account has, and the attaching of
 * one to a role or user. What is in those of every account is said in `role/managed-policies.ts`.
 */
import type { PolicyDocument } from '../policy/document.js'
import type { ManagedPolicy } from '../role/managed-policy.js'
import { builtInManagedPolicies, isForRootSessions, managedPolicyLimits } from '../role/managed-policies.js'
import { accountEntries } from './account-entries.js'
import { suggestion } from './nearest-name.js'
import type { AccountNames } from './organization.js'
import { within, type Findings, type Place, type Source } from './place.js'
import { readPolicy } from './policy-source.js'
import type { Reading } from './reading.js'
import { policiesOutline, policyEntry, type PolicyEntry } from './schema/policies.js'

export interface ManagedPolicies {
  /** Those that every account has first. */
  readonly all: readonly ManagedPolicy[]
  /**
   * The policy under this ARN, for a role or user of `account`.
   * @returns undefined when it may not be attached, which was reported, or has a problem of its own.
   */
  attached(
    arn: string,
    account: string | undefined,
    place: Place,
    findings: Findings,
  ): PolicyDocument | undefined
}

/** @param allRead false when some file could not be read: then a policy that is not found may still be there. */
export async function readManagedPolicies(
  sources: readonly Source[],
  accounts: AccountNames,
  allRead: boolean,
  reading: Reading,
): Promise<ManagedPolicies> {
  const list = { member: 'policies', type: 'policy', outline: policiesOutline, entry: policyEntry }
  const { entries, complete } = accountEntries<PolicyEntry>(list, sources, accounts, reading.findings)
  const declared: ManagedPolicy[] = []
  for (const { entry, place, account, arn } of entries) {
    const { findings } = reading
    const isGivenWrongly = ['policy', 'policyFile'].some((name) => findings.spoiled(within(place, name)))
    if (entry.policy === undefined && entry.policyFile === undefined && !isGivenWrongly) {
      findings.problem(place, 'needs `policy` or `policyFile`')
    }
    const policy = await readPolicy(
      {
        inline: entry.policy,
        file: entry.policyFile,
        place: within(place, 'policy'),
        filePlace: within(place, 'policyFile'),
        kind: 'identity',
        limits: managedPolicyLimits,
        name: `managed policy ${arn}`,
      },
      reading,
    )
    const asSessionPolicy = policy?.as('session', `managed policy ${arn}`)
    if (policy === undefined || asSessionPolicy === undefined || account === undefined) continue
    declared.push({ arn, account, document: policy.document, asSessionPolicy })
  }
  return createManagedPolicies(declared, {
    written: entries.map(({ arn }) => arn),
    complete: complete && allRead && accounts.complete,
  })
}

function createManagedPolicies(
  declared: readonly ManagedPolicy[],
  { written, complete }: { readonly written: readonly string[]; readonly complete: boolean },
): ManagedPolicies {
  const builtIn = builtInManagedPolicies()
  const all = [...builtIn, ...declared]
  const byArn = new Map(all.map((policy) => [policy.arn, policy]))
  const known = [...builtIn.map(({ arn }) => arn).filter((arn) => !isForRootSessions(arn)), ...written]
  return {
    all,
    attached(arn, account, place, findings) {
      const [owner, tail] = parts(arn)
      const found = byArn.get(arn)
      if (isForRootSessions(arn)) {
        findings.problem(place, 'is only for root sessions: it cannot be given to anybody')
      } else if (owner !== 'aws' && account !== undefined && owner !== account) {
        findings.problem(
          place,
          `belongs to account \`${owner}\`; only policies of \`${account}\` and \`aws\` can be given here`,
        )
      } else if (found === undefined && !written.includes(arn) && (complete || owner === 'aws')) {
        const there = known.map(parts).flatMap(([other, name]) => (other === owner ? [name] : []))
        findings.problem(
          place,
          `no managed policy \`${tail}\` of \`${owner}\` is declared; ${nearest(tail, there)}`,
        )
      } else {
        return found?.document
      }
      return undefined
    },
  }
}

/** Account, and path with name. */
function parts(arn: string): readonly [owner: string, tail: string] {
  const [, owner = '', tail = ''] = /^arn:aws:iam::([^:]*):policy\/(.*)$/.exec(arn) ?? []
  return [owner, tail]
}

/** A forgotten path is likelier than another name, which might be a mightier policy's. */
function nearest(tail: string, known: readonly string[]): string {
  const nameOf = (text: string): string => text.slice(text.lastIndexOf('/') + 1)
  const elsewhere = known.find((other) => nameOf(other) === nameOf(tail))
  return elsewhere === undefined ? suggestion(tail, known) : `did you mean \`${elsewhere}\`?`
}
