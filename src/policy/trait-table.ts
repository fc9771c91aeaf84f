/** Numbers filed under traits of values, and those that one value finds. */
import { foldCase } from './operator.js'
import { longestPrefix, type PrefixTable, prefixTable, visitPrefixes } from './prefix-table.js'
import type { Trait, TraitForm } from './trust-anchor.js'

export interface TraitTable {
  readonly exact: ReadonlyMap<string, readonly number[]>
  readonly folded: ReadonlyMap<string, readonly number[]>
  readonly prefixes: PrefixTable
  /** Of the texts read backwards. */
  readonly suffixes: PrefixTable
}

export function traitTable(filed: Iterable<readonly [Trait, number]>): TraitTable {
  const byForm: Record<TraitForm, [string, number][]> = { exact: [], folded: [], prefix: [], suffix: [] }
  for (const [{ form, text }, number] of filed) {
    byForm[form].push([form === 'suffix' ? backwards(text) : text, number])
  }
  return {
    exact: grouped(byForm.exact),
    folded: grouped(byForm.folded),
    prefixes: prefixTable(byForm.prefix),
    suffixes: prefixTable(byForm.suffix),
  }
}

export function visitTraits(
  { exact, folded, prefixes, suffixes }: TraitTable,
  value: string,
  visit: (numbers: readonly number[]) => void,
): void {
  const same = exact.get(value)
  if (same !== undefined) visit(same)
  const alike = folded.size === 0 ? undefined : folded.get(foldCase(value))
  if (alike !== undefined) visit(alike)
  if (prefixes.byLength.size > 0) visitPrefixes(prefixes, value, visit)
  if (suffixes.byLength.size > 0) visitPrefixes(suffixes, backwards(value), visit)
}

/** Everything that is filed. */
export function visitAll(table: TraitTable, visit: (numbers: readonly number[]) => void): void {
  const { exact, folded, prefixes, suffixes } = table
  const maps = [exact, folded, ...prefixes.byLength.values(), ...suffixes.byLength.values()]
  for (const map of maps) for (const numbers of map.values()) visit(numbers)
}

function grouped(pairs: readonly (readonly [string, number])[]): ReadonlyMap<string, readonly number[]> {
  const groups = new Map<string, number[]>()
  for (const [text, number] of pairs) {
    const numbers = groups.get(text)
    if (numbers === undefined) groups.set(text, [number])
    else if (numbers[numbers.length - 1] !== number) numbers.push(number)
  }
  return groups
}

/** By code units, and no more of them than a table of prefixes looks at. */
function backwards(text: string): string {
  return text.slice(-longestPrefix).split('').reverse().join('')
}
