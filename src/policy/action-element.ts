/**
 * The Action and NotAction elements. Case does not count, and `*` and `?` may stand anywhere in either half.
 * Whether an action exists is not asked: one that does not grants nothing.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html
 */
import { type Glob, globOf, matchesGlob, wildcardPieces } from './glob.js'
import { type Cursor, quoted, type Reader } from './reader.js'

export interface ActionElement {
  /** False for NotAction. */
  readonly includes: boolean
  /** Lower case, those without wildcards. */
  readonly literals: ReadonlySet<string>
  readonly globs: readonly ActionGlob[]
  /** As written. */
  readonly written: readonly string[]
}

export interface ActionGlob {
  /** Lower case; absent when it holds a wildcard, or the pattern is `*`. */
  readonly service: string | undefined
  readonly glob: Glob
}

/** An empty element makes its statement match nothing, NotAction included. */
export function matchesAction(element: ActionElement, action: string): boolean {
  if (element.written.length === 0) return false
  return lists(element, action) === element.includes
}

function lists({ literals, globs }: ActionElement, action: string): boolean {
  if (literals.has(action)) return true
  for (const { glob } of globs) if (matchesGlob(glob, action)) return true
  return false
}

export function compileActions(cursor: Cursor, includes: boolean, reader: Reader): ActionElement {
  const literals = new Set<string>()
  const globs: ActionGlob[] = []
  const written: string[] = []
  for (const entry of reader.oneOrMore(cursor)) {
    const text = reader.text(entry)
    if (text === undefined) continue
    if (text.includes('${')) {
      reader.report('VARIABLE_UNSUPPORTED_IN_ELEMENT', entry, 'policy variables do not work in actions')
      continue
    }
    if (text !== '*' && !/^[A-Za-z0-9*?_.-]+:[A-Za-z0-9*?_.-]+$/.test(text)) {
      reader.report('INVALID_ACTION', entry, `${quoted(text)} is no action; write \`*\` or \`service:Name\``)
      continue
    }
    written.push(text)
    const action = text.toLowerCase()
    if (!/[*?]/.test(action)) {
      literals.add(action)
      continue
    }
    const service = action.slice(0, Math.max(0, action.indexOf(':')))
    globs.push({
      service: service === '' || /[*?]/.test(service) ? undefined : service,
      glob: globOf(wildcardPieces(action)),
    })
  }
  // Copies, because a list that grew keeps room for more.
  return { includes, literals, globs: globs.slice(), written: written.slice() }
}
