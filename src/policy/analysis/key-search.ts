/**
 * Is there a value for one context key with which these conditions hold and those do not? Tries the shapes that a
 * request can give a key: absent, a text, a list with values, a list with none, and the empty text, which the set
 * prefixes treat as no value.
 */
import { holds } from '../condition.js'
import type { ContextValue, RequestContext } from '../context.js'
import { type Clause, type Literal, isTyped, patternsOf } from './clause.js'
import { type Representatives, representatives, type TypedFamily } from './representative.js'
import { isSingleValued } from './single-valued-key.js'
import {
  anyText,
  type Found,
  listOf,
  none,
  notEmpty,
  type TextSearch,
  type TextSet,
  unknown,
} from './text-search.js'

/** Undefined: the key is absent. */
export type KeyValue = ContextValue | undefined

export interface KeyQuestion {
  readonly literals: readonly Literal[]
  /** Values for the variables in the conditions' values; without it a value that is found may be a guess. */
  readonly context?: RequestContext
  /** Prefer a text to an absent key. */
  readonly preferText?: boolean
}

/** All literals are about the same key. `none` is certain. */
export function findKeyValue(question: KeyQuestion, texts: TextSearch): Found<KeyValue> {
  const { literals, preferText = false } = question
  const absent = (): Found<KeyValue> =>
    literals.every(allowsAbsent) ? { type: 'some', value: undefined } : none
  const lists: readonly (() => Found<KeyValue>)[] = [
    () => findList(question, texts),
    () => (literals.every(allowsEmptyList) ? { type: 'some', value: [] } : none),
    () => findBlank(question, texts, true),
  ]
  const shapes = [
    () => findText(question, texts),
    () => findBlank(question, texts, false),
    ...(literals.some(({ clause }) => isSingleValued(clause.condition.key)) ? [] : lists),
  ]
  let answer: Found<KeyValue> = none
  for (const shape of preferText ? [...shapes, absent] : [absent, ...shapes]) {
    const found = shape()
    if (found.type === 'some') return found
    if (found.type === 'unknown') answer = unknown
  }
  return answer
}

function allowsAbsent({ clause: { condition }, holds }: Literal): boolean {
  const { test } = condition
  return (test.type === 'presence' ? test.absent : test.whenAbsent) === holds
}

function allowsEmptyList({ clause: { condition }, holds }: Literal): boolean {
  const { test } = condition
  if (test.type === 'presence') return test.absent === holds
  if (test.over === 'one') return !holds
  return (test.over === 'ForAllValues' || test.whenAbsent) === holds
}

/** What one value has to do: satisfy the clause's operator, or not. */
interface Wish {
  readonly clause: Clause
  readonly satisfied: boolean
}

/** A text that is not empty: the prefixes make no difference then. */
function findText({ literals, context }: KeyQuestion, texts: TextSearch): Found<KeyValue> {
  const wishes: Wish[] = []
  for (const { clause, holds } of literals) {
    const { test } = clause.condition
    if (test.type === 'value') wishes.push({ clause, satisfied: holds })
    else if (test.present !== holds) return none
  }
  return findValue(wishes, notEmpty, context, texts)
}

/** The empty text, alone or as the only one of a list: ForAllValues holds without looking. */
function findBlank(question: KeyQuestion, texts: TextSearch, inList: boolean): Found<KeyValue> {
  const wishes: Wish[] = []
  for (const { clause, holds } of question.literals) {
    const { test } = clause.condition
    if (test.type === 'presence') {
      if (test.present !== holds) return none
    } else if (test.over === 'ForAllValues') {
      if (!holds) return none
    } else if (test.over === 'one' && inList) {
      if (holds) return none
    } else {
      wishes.push({ clause, satisfied: holds })
    }
  }
  const found = findValue(wishes, { inside: true, patterns: blank }, question.context, texts)
  return found.type === 'some' ? { type: 'some', value: inList ? [''] : '' } : found
}

const blank = [[]]

function findList({ literals, context }: KeyQuestion, texts: TextSearch): Found<KeyValue> {
  const every: Wish[] = []
  const some: Wish[] = []
  for (const { clause, holds } of literals) {
    const { test } = clause.condition
    if (test.type === 'presence') {
      if (test.present !== holds) return none
    } else if (test.over === 'one') {
      if (holds) return none
    } else {
      const forEach = (test.over === 'ForAllValues') === holds
      ;(forEach ? every : some).push({ clause, satisfied: holds })
    }
  }
  const values: string[] = []
  let answer: Found<KeyValue> | undefined
  for (const wishes of some.length === 0 ? [every] : some.map((one) => [...every, one])) {
    const found = findValue(wishes, anyText, context, texts)
    if (found.type === 'none') return none
    if (found.type === 'unknown') answer = unknown
    else values.push(found.value)
  }
  // A list of nothing but one empty text counts as empty; two of them do not.
  const list = values.length === 1 && values[0] === '' ? ['', ''] : [...new Set(values)]
  return answer ?? { type: 'some', value: list.length === 1 && list[0] === '' ? ['', ''] : list }
}

/** One value that fulfils every wish and lies in `among`. */
function findValue(
  wishes: readonly Wish[],
  among: TextSet,
  context: RequestContext | undefined,
  texts: TextSearch,
): Found<string> {
  const sets: TextSet[] = [among]
  const typed: Wish[] = []
  for (const wish of wishes) {
    if (isTyped(wish.clause.family)) typed.push(wish)
    else sets.push(setOf(wish, context))
  }
  const text = texts.find(sets)
  if (typed.length === 0 || text.type === 'none') return text
  const fits = (value: string) =>
    typed.every((wish) => satisfies(wish, value)) && sets.every((set) => texts.contains(set, value))
  const families = new Set(typed.map(({ clause }) => clause.family as TypedFamily))
  let complete = families.size === 1 && sets.length === 1
  const candidates: string[] = text.type === 'some' ? [text.value] : []
  for (const family of families) {
    const own = typed.filter(({ clause }) => clause.family === family)
    const standIns = standInsFor(family, own)
    complete &&= standIns.complete
    // Texts that satisfy this family alone: without any there is no need to look at the others.
    if (standIns.complete && !standIns.values.some((value) => own.every((wish) => satisfies(wish, value)))) {
      return none
    }
    candidates.push(...standIns.values)
  }
  for (const wish of typed) candidates.push(...wish.clause.condition.wanted)
  const listed = sets.flatMap(({ inside, patterns }) => (inside ? [listOf(patterns)] : []))
  for (const list of listed) candidates.push(...(list ?? []))
  const value = candidates.find(fits)
  if (value !== undefined) return { type: 'some', value }
  return complete || listed.some((list) => list !== undefined) ? none : unknown
}

function setOf({ clause, satisfied }: Wish, context: RequestContext | undefined): TextSet {
  const { condition, family, variables } = clause
  const negated = condition.test.type === 'value' && condition.test.negated
  const patterns = context === undefined ? clause.patterns : patternsOf(condition, family, variables, context)
  return { inside: satisfied !== negated, patterns }
}

function satisfies({ clause: { condition }, satisfied }: Wish, value: string): boolean {
  const one = condition.test.type === 'value' && condition.test.over === 'one'
  return holds(condition, new Map([[condition.key, one ? value : [value, value]]])) === satisfied
}

/** Keys that the broker fills from the connection: one address each. */
const addressKeys: ReadonlySet<string> = new Set(['aws:sourceip', 'aws:vpcsourceip'])

function standInsFor(family: TypedFamily, wishes: readonly Wish[]): Representatives {
  const wanted = wishes.flatMap(({ clause }) => clause.condition.wanted)
  return representatives(family, wanted, addressKeys.has(wishes[0]!.clause.condition.key))
}
