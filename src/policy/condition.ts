/**
 * The Condition element: operators and keys are ANDed, a key's values ORed (none may match for negated operators),
 * and the truth tables for absent keys, IfExists, ForAllValues and ForAnyValue.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html
 *
 * Where the documentation contradicts itself or is silent: IfExists wins over ForAnyValue when the key is absent; a
 * multivalued key under an operator without a set prefix satisfies neither the operator nor its negation; a request
 * value that cannot be read satisfies no positive operator, and under a negated one it does what denies.
 */
import type { ContextValue, RequestContext } from './context.js'
import { type Language, type Matcher, type Operand, operators } from './operator.js'
import { type Cursor, quoted, type Reader } from './reader.js'

export interface Condition {
  /** As written, prefix and suffix included, e.g. `ForAnyValue:StringEquals`. */
  readonly operator: string
  /** Lower case. */
  readonly key: string
  /** As written. */
  readonly keyName: string
  readonly wanted: readonly string[]
  readonly test: ConditionTest
}

export type ConditionTest = PresenceTest | ValueTest

/** `Null`: whether it holds for an absent and for a present key. */
export interface PresenceTest {
  readonly type: 'presence'
  readonly absent: boolean
  readonly present: boolean
}

export interface ValueTest {
  readonly type: 'value'
  readonly over: SetPrefix
  readonly negated: boolean
  readonly whenAbsent: boolean
  /** For a value that the operator cannot read. */
  readonly whenUnreadable: boolean
  readonly matcher: Matcher
}

/** `one`: no prefix. */
export type SetPrefix = 'one' | 'ForAllValues' | 'ForAnyValue'

export function holds(condition: Condition, context: RequestContext): boolean {
  const { test } = condition
  const given = context.get(condition.key)
  if (test.type === 'presence') {
    const present = given !== undefined && (typeof given === 'string' || given.length > 0)
    return present ? test.present : test.absent
  }
  if (given === undefined) return test.whenAbsent
  if (test.over === 'one') return typeof given === 'string' && satisfies(test, given, context)
  if (test.over === 'ForAllValues') {
    return isEmptySet(given) || valuesOf(given).every((value) => satisfies(test, value, context))
  }
  if (typeof given !== 'string' && given.length === 0) return test.whenAbsent
  return valuesOf(given).some((value) => satisfies(test, value, context))
}

function satisfies(test: ValueTest, value: string, context: RequestContext): boolean {
  const matched = test.matcher(value, context)
  return matched === undefined ? test.whenUnreadable : matched !== test.negated
}

function valuesOf(given: ContextValue): readonly string[] {
  return typeof given === 'string' ? [given] : given
}

/** No values, or nothing but the empty string. */
function isEmptySet(given: ContextValue): boolean {
  return given.length === 0 || (typeof given !== 'string' && given.length === 1 && given[0] === '')
}

export function compileConditions(
  cursor: Cursor,
  effect: 'Allow' | 'Deny',
  language: Language,
  reader: Reader,
): readonly Condition[] {
  const conditions: Condition[] = []
  for (const [name, block] of reader.members(cursor) ?? []) {
    const operator = parseOperator(name)
    if (operator === undefined) {
      const code = /^(ForA(ll|ny)Values?:)?NullIfExists$/.test(name)
        ? 'NULL_WITH_IF_EXISTS'
        : 'INVALID_CONDITION_OPERATOR'
      reader.report(code, block, `there is no condition operator ${quoted(name)}`)
      continue
    }
    const seen = new Set<string>()
    for (const [keyName, values] of reader.members(block) ?? []) {
      const key = keyName.toLowerCase()
      if (seen.has(key)) {
        reader.report(
          'DUPLICATE_KEYS_WITH_DIFFERENT_CASE',
          values,
          `the key ${quoted(keyName)} is repeated; case does not count`,
        )
      }
      seen.add(key)
      if (!/^[^:]+:./s.test(keyName)) {
        reader.report(
          'INVALID_CONDITION_KEY_FORMAT',
          values,
          `the key ${quoted(keyName)} lacks its \`service:\` prefix`,
        )
      }
      const operands = readOperands(values, reader)
      const test =
        operator.base === 'Null'
          ? compilePresence(operator.over, operands)
          : compileTest(operator, operands, effect, language)
      conditions.push({ operator: name, key, keyName, wanted: operands.map(({ text }) => text), test })
    }
  }
  return conditions.slice()
}

export interface ParsedOperator {
  readonly over: SetPrefix
  readonly base: string
  readonly ifExists: boolean
}

/** Names are read in their documented case only. */
export function parseOperator(name: string): ParsedOperator | undefined {
  const colon = name.indexOf(':')
  const prefix = colon < 0 ? 'one' : name.slice(0, colon)
  if (prefix !== 'one' && prefix !== 'ForAllValues' && prefix !== 'ForAnyValue') return undefined
  if (colon >= 0 && prefix === 'one') return undefined
  const rest = name.slice(colon + 1)
  if (rest === 'Null') return { over: prefix, base: rest, ifExists: false }
  const ifExists = rest.endsWith('IfExists')
  const base = ifExists ? rest.slice(0, -'IfExists'.length) : rest
  return operators.has(base) ? { over: prefix, base, ifExists } : undefined
}

function readOperands(cursor: Cursor, reader: Reader): readonly Operand[] {
  const operands: Operand[] = []
  const entries = reader.oneOrMore(cursor)
  if (entries.length === 0) {
    reader.report('EMPTY_CONDITION_VALUES', cursor, 'a condition key needs at least one value')
  }
  for (const entry of entries) {
    const text = reader.scalar(entry)
    if (text !== undefined) {
      operands.push({ text, refuse: (code, message) => reader.report(code, entry, message) })
    }
  }
  return operands
}

/** With a prefix `Null` is a constant: ForAllValues true, ForAnyValue false. */
function compilePresence(over: SetPrefix, operands: readonly Operand[]): ConditionTest {
  let absent = false
  let present = false
  for (const { text, refuse } of operands) {
    const word = text.toLowerCase()
    if (word === 'true') absent = true
    else if (word === 'false') present = true
    else refuse('INVALID_CONDITION_VALUE', '`Null` wants `true` or `false`')
  }
  if (over !== 'one') absent = present = over === 'ForAllValues'
  return { type: 'presence', absent, present }
}

function compileTest(
  { over, base, ifExists }: ParsedOperator,
  operands: readonly Operand[],
  effect: 'Allow' | 'Deny',
  language: Language,
): ConditionTest {
  const operator = operators.get(base)!
  const whenAbsent = ifExists || (over === 'one' ? operator.negated : over === 'ForAllValues')
  return {
    type: 'value',
    over,
    negated: operator.negated,
    whenAbsent,
    whenUnreadable: operator.negated && effect === 'Deny',
    matcher: operator.compile(operands, language),
  }
}
