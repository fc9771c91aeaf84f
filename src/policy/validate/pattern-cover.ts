/**
 * Whether one pattern of a list makes another one needless. Errs towards no: a suggestion to remove something must
 * not change what the policy means.
 */
import { splitArn } from '../arn.js'
import { globOf, matchesGlob, wildcardPieces } from '../glob.js'

/** Against longer lists only this many patterns with wildcards are compared, so the work stays linear. */
const mostCoverers = 100

export interface Pattern<T> {
  readonly text: string
  readonly item: T
}

/** Given a wide pattern, tells which others it covers. */
export type Cover = (wide: string) => (narrow: string) => boolean

/** The items that another item of the list covers, each with what covers it; of two equal ones the later. */
export function* covered<T>(
  patterns: readonly Pattern<T>[],
  cover: Cover,
): Iterable<{ readonly item: T; readonly by: T }> {
  const first = new Map<string, T>()
  const wide = patterns
    .filter(({ text }) => text.includes('*') || text.includes('?'))
    .slice(0, mostCoverers)
    .map((pattern) => ({ ...pattern, covers: cover(pattern.text) }))
  for (const { text, item } of patterns) {
    const twin = first.get(text)
    if (twin !== undefined) {
      yield { item, by: twin }
      continue
    }
    first.set(text, item)
    const by = wide.find((other) => other.text !== text && other.covers(text))
    if (by !== undefined) yield { item, by: by.item }
  }
}

/**
 * Whether every text that fits the narrow pattern fits the wide one: the narrow one's wildcards are read as
 * characters, which only a wildcard can stand for. A `?` does not stand for a `*`.
 */
export function coverText(wide: string): (narrow: string) => boolean {
  if (wide === '*') return () => true
  const glob = globOf(wildcardPieces(wide))
  const holes = wide.includes('?')
  return (narrow) => !(holes && narrow.includes('*')) && matchesGlob(glob, narrow)
}

/** Part by part, as ARNs are matched; patterns of fewer than six parts are left alone. */
export function coverArn(wide: string): (narrow: string) => boolean {
  if (wide === '*') return () => true
  const parts = wide.includes('${') ? undefined : splitArn(wide)?.map(coverText)
  if (parts === undefined) return () => false
  return (narrow) => splitArn(narrow)?.every((part, i) => parts[i]!(part)) === true
}
