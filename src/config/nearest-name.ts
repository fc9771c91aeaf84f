/** The door of `fastest-levenshtein`: what somebody probably meant to write. */
import { closest, distance } from 'fastest-levenshtein'

/** The known name that differs little from `name`, or undefined; case does not count. */
function nearestName(name: string, known: readonly string[]): string | undefined {
  if (known.length === 0 || name.length > 200) return undefined
  const byLowerCase = new Map(known.map((candidate) => [candidate.toLowerCase(), candidate]))
  const lower = name.toLowerCase()
  const best = closest(lower, [...byLowerCase.keys()])
  return distance(lower, best) <= Math.max(2, Math.floor(best.length / 3)) ? byLowerCase.get(best) : undefined
}

/** The name that a sentence made by `suggestion` proposes. */
export function suggestedIn(sentence: string): string | undefined {
  return /did you mean `([^`]+)`\?/.exec(sentence)?.[1]
}

/** `did you mean …?` when something is near, otherwise the names there are. */
export function suggestion(name: string, known: readonly string[]): string {
  const near = nearestName(name, known)
  if (near !== undefined) return `did you mean \`${near}\`?`
  if (known.length === 0) return 'there are none'
  const shown = known.slice(0, 30).map((candidate) => `\`${candidate}\``)
  return `known: ${shown.join(', ')}${known.length > shown.length ? ', …' : ''}`
}
