/**
 * One condition of a statement, ready for questions about all request values: which family its operator belongs to,
 * and for texts and ARNs the patterns that its values are.
 */
import type { Condition } from '../condition.js'
import type { RequestContext } from '../context.js'
import { fillTemplate, parseTemplate, type Piece } from '../template.js'
import { arnPattern, type Pattern, patternOf } from './pattern.js'
import type { TypedFamily } from './representative.js'

export interface Clause {
  readonly condition: Condition
  readonly family: Family
  /** Whether `${…}` is a variable in this document's language. */
  readonly variables: boolean
  /** The operator's values as patterns, variables included; none for typed families. */
  readonly patterns: readonly Pattern[]
}

/** A clause that is to hold, or not to. */
export interface Literal {
  readonly clause: Clause
  readonly holds: boolean
}

export type Family = TypedFamily | 'equal' | 'folded' | 'like' | 'arn' | 'presence'

export function clauseOf(condition: Condition, variables: boolean): Clause {
  const family = familyOf(condition)
  return { condition, family, variables, patterns: patternsOf(condition, family, variables) }
}

export function negated({ clause, holds }: Literal): Literal {
  return { clause, holds: !holds }
}

export function isTyped(family: Family): family is TypedFamily {
  return !['equal', 'folded', 'like', 'arn', 'presence'].includes(family)
}

/** The operator without its set prefix and `IfExists`. */
export function baseOperator({ operator }: Condition): string {
  return operator.slice(operator.indexOf(':') + 1).replace(/IfExists$/, '')
}

function familyOf(condition: Condition): Family {
  const base = baseOperator(condition)
  if (base === 'Null') return 'presence'
  if (base === 'Bool') return 'bool'
  if (base === 'BinaryEquals') return 'binary'
  if (base.endsWith('IpAddress')) return 'address'
  if (base.startsWith('Numeric')) return 'numeric'
  if (base.startsWith('Date')) return 'date'
  if (base.startsWith('Arn')) return 'arn'
  if (base.endsWith('IgnoreCase')) return 'folded'
  return base.endsWith('Like') ? 'like' : 'equal'
}

/** @param context When given, variables are replaced by its values; a value that needs an absent key disappears. */
export function patternsOf(
  { wanted }: Condition,
  family: Family,
  variables: boolean,
  context?: RequestContext,
): readonly Pattern[] {
  if (isTyped(family) || family === 'presence') return []
  const patterns: Pattern[] = []
  for (const text of wanted) {
    const template = parseTemplate(text, { wildcards: family === 'like' || family === 'arn', variables })
    if (!template.ok) continue
    const pieces: readonly Piece[] | undefined =
      context === undefined ? template.pieces : fillTemplate(template.pieces, context)
    if (pieces === undefined) continue
    const pattern = family === 'arn' ? arnPattern(pieces, text) : patternOf(pieces, family === 'folded')
    if (pattern !== undefined) patterns.push(pattern)
  }
  return patterns
}

/** The keys whose values the clause puts into its own, lower case. */
export function variableKeys({ condition, variables }: Clause): readonly string[] {
  return condition.wanted.flatMap((text) => {
    const template = parseTemplate(text, { wildcards: true, variables })
    return template.ok
      ? template.pieces.flatMap((piece) => (typeof piece === 'object' ? [piece.key] : []))
      : []
  })
}
