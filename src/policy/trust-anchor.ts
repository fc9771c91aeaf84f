/**
 * What a condition demands of one key, as far as that can be looked up: that one of its values is, begins with or
 * ends with a certain text. Says less than the condition where it must, never more.
 */
import { type Condition, parseOperator } from './condition.js'
import type { PolicyVersion } from './document.js'
import { foldCase } from './operator.js'
import { parseTemplate, type Piece } from './template.js'

/** One of the key's values has to have one of these traits. */
export interface Anchor {
  /** Lower case. */
  readonly key: string
  readonly traits: readonly Trait[]
}

export interface Trait {
  /** `folded`: is the text when case is folded. A `prefix` of nothing only asks for a value, whichever. */
  readonly form: TraitForm
  readonly text: string
}

export type TraitForm = 'exact' | 'folded' | 'prefix' | 'suffix'

const anyValue: Trait = { form: 'prefix', text: '' }

/** Undefined when the condition may hold without a value of its key: absent, negated, over all values. */
export function anchorOf(condition: Condition, version: PolicyVersion): Anchor | undefined {
  const { key, test, operator, wanted } = condition
  if (test.type === 'presence') {
    return test.absent || !test.present ? undefined : { key, traits: [anyValue] }
  }
  if (test.whenAbsent || test.negated || test.over === 'ForAllValues') return undefined
  const base = parseOperator(operator)?.base
  return { key, traits: wanted.map((text) => traitOf(base, text, version)) }
}

function traitOf(base: string | undefined, text: string, version: PolicyVersion): Trait {
  const wildcards = base === 'StringLike'
  if (!wildcards && base !== 'StringEquals' && base !== 'StringEqualsIgnoreCase') return anyValue
  const template = parseTemplate(text, { wildcards, variables: version === '2012-10-17' })
  if (!template.ok) return anyValue
  const prefix = literalRun(template.pieces)
  if (prefix.whole) {
    return base === 'StringEqualsIgnoreCase'
      ? { form: 'folded', text: foldCase(prefix.text) }
      : { form: 'exact', text: prefix.text }
  }
  if (base === 'StringEqualsIgnoreCase') return anyValue
  const suffix = literalRun(template.pieces.toReversed(), true)
  return suffix.text.length > prefix.text.length
    ? { form: 'suffix', text: suffix.text }
    : { form: 'prefix', text: prefix.text }
}

/** The text before the first wildcard or variable. */
function literalRun(
  pieces: readonly Piece[],
  backwards: boolean = false,
): { readonly text: string; readonly whole: boolean } {
  let text = ''
  for (const piece of pieces) {
    if (typeof piece !== 'string') return { text, whole: false }
    text = backwards ? piece + text : text + piece
  }
  return { text, whole: true }
}
