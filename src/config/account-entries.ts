/**
 * Lists of things that belong to an account and have a name in it (roles, users, managed policies): every entry in its
 * place, with its account found and its ARN made, and names and ids that are taken reported.
 */
import type * as z from 'zod'
import { declaredAccount, memberOf, type AccountNames } from './organization.js'
import { within, type Findings, type Place, type Source } from './place.js'
import { readFitting } from './schema/problems.js'

interface Named {
  readonly account: string
  readonly name: string
  readonly path: string
  readonly id?: string | undefined
}

export interface Placed<Entry> {
  readonly entry: Entry
  readonly place: Place
  /** Undefined when there is no such account. */
  readonly account: string | undefined
  readonly arn: string
}

interface EntryList<Entry extends Named> {
  /** The member that holds the list, e.g. `roles`. */
  readonly member: string
  /** As in the ARN, e.g. `role`. */
  readonly type: string
  readonly outline: z.ZodType
  readonly entry: z.ZodType<Entry>
}

/** An entry that cannot be read at all is left out, and `complete` is false. */
export function accountEntries<Entry extends Named>(
  { member, type, outline, entry: schema }: EntryList<Entry>,
  sources: readonly Source[],
  accounts: AccountNames,
  findings: Findings,
): { readonly entries: readonly Placed<Entry>[]; readonly complete: boolean } {
  let complete = true
  const entries: Placed<Entry>[] = []
  for (const source of sources) {
    readFitting(outline, source.value, { source, path: [] }, findings)
    const list = memberOf(source.value, member)
    if (!Array.isArray(list)) complete = false
    for (const [i, raw] of (Array.isArray(list) ? list : []).entries()) {
      const place = { source, path: [member, i] }
      const entry = readFitting(schema, raw, place, findings)
      if (
        entry === undefined ||
        ['account', 'name', 'path'].some((name) => findings.spoiled(within(place, name)))
      )
        complete = false
      if (entry === undefined) continue
      const account = declaredAccount(entry.account, within(place, 'account'), accounts, findings)
      const arn = `arn:aws:iam::${account ?? entry.account}:${type}${entry.path}${entry.name}`
      entries.push({ entry, place, account, arn })
    }
  }
  checkUnique(entries, findings)
  return { entries, complete }
}

/** Names count without their path and without case, as IAM counts them. */
function checkUnique(entries: readonly Placed<Named>[], findings: Findings): void {
  const taken = new Map<string, Placed<Named>>()
  for (const placed of entries) {
    const keys = [
      [`${placed.account ?? placed.entry.account}/${placed.entry.name.toLowerCase()}`, 'name'] as const,
      ...(placed.entry.id === undefined ? [] : [[placed.entry.id, 'id'] as const]),
    ]
    for (const [key, member] of keys) {
      if (member === 'name' && findings.spoiled(within(placed.place, 'account'))) continue
      if (findings.spoiled(within(placed.place, member))) continue
      const first = taken.get(key)
      if (first === undefined) {
        taken.set(key, placed)
        continue
      }
      const { source, path } = within(first.place, member)
      findings.problem(
        within(placed.place, member),
        `\`${placed.entry[member]}\` is already taken in ${source.file}, line ${source.lineOf(path) ?? '?'}`,
      )
    }
  }
}
