/**
 * Whether one pattern of a list makes another one needless. Errs towards no: a suggestion to remove something must
 * not change what the policy means.
 */
import { splitArn } from '../arn.js'
import { globOf, matchesGlob, wildcardPieces } from '../glob.js'

/** Against longer lists only this many patterns with wildcards are compared, so the work stays linear. */
const mostCoverers = 200

export interface Pattern<T> {
  readonly text: string
  readonly item: T
}

/** The items that another item of the list covers, each with what covers it; of two equal ones the later. */
export function* covered<T>(
  patterns: readonly Pattern<T>[],
  covers: (wide: string, narrow: string) => boolean,
): Iterable<{ readonly item: T; readonly by: T }> {
  const first = new Map<string, T>()
  const wide = patterns.filter(({ text }) => text.includes('*') || text.includes('?')).slice(0, mostCoverers)
  for (const { text, item } of patterns) {
    const twin = first.get(text)
    if (twin !== undefined) {
      yield { item, by: twin }
      continue
    }
    first.set(text, item)
    const by = wide.find((other) => other.text !== text && covers(other.text, text))
    if (by !== undefined) yield { item, by: by.item }
  }
}

/**
 * Whether every text that fits `narrow` fits `wide`: its wildcards are read as characters, which only a wildcard can
 * stand for. A `?` does not stand for a `*`.
 */
export function coversText(wide: string, narrow: string): boolean {
  if (wide === '*') return true
  if (wide.includes('?') && narrow.includes('*')) return false
  return matchesGlob(globOf(wildcardPieces(wide)), narrow)
}

/** Part by part, as ARNs are matched; patterns of fewer than six parts are left alone. */
export function coversArn(wide: string, narrow: string): boolean {
  if (wide === '*') return true
  if (wide.includes('${')) return false
  const wider = splitArn(wide)
  const narrower = splitArn(narrow)
  return (
    wider !== undefined && narrower !== undefined && wider.every((part, i) => coversText(part, narrower[i]!))
  )
}
