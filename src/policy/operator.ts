/**
 * The condition operators as one table: how each reads a policy's values, and whether a request's value is among
 * them. Negation, absent keys, IfExists and the set prefixes are condition.ts's business.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
 */
import { type AddressRange, contains, parseRange } from './address.js'
import { compileArnOperand, matchesArnOperand } from './arn-pattern.js'
import type { RequestContext } from './context.js'
import { compareDecimals, parseDecimal } from './decimal.js'
import { type Glob, type GlobPiece, globOf, matchesGlob } from './glob.js'
import { parseInstant } from './instant.js'
import { fillTemplate, literalText, parseTemplate, type Piece } from './template.js'

/** One of the policy's values; `refuse` reports a problem with it. */
export interface Operand {
  readonly text: string
  readonly refuse: (code: string, message: string) => void
}

/** Whether the request's value equals, is like, is less than… at least one of the policy's; undefined: unreadable. */
export type Matcher = (given: string, context: RequestContext) => boolean | undefined

export interface Operator {
  readonly negated: boolean
  compile(operands: readonly Operand[], language: Language): Matcher
}

export interface Language {
  /** `${…}` is a variable (2012-10-17) or plain text. */
  readonly variables: boolean
}

type Family = Operator['compile']

const equals = textFamily({ wildcards: false })
const equalsIgnoringCase = textFamily({ wildcards: false, fold: foldCase })
const like = textFamily({ wildcards: true })

export const operators: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ['StringEquals', { negated: false, compile: equals }],
  ['StringNotEquals', { negated: true, compile: equals }],
  ['StringEqualsIgnoreCase', { negated: false, compile: equalsIgnoringCase }],
  ['StringNotEqualsIgnoreCase', { negated: true, compile: equalsIgnoringCase }],
  ['StringLike', { negated: false, compile: like }],
  ['StringNotLike', { negated: true, compile: like }],
  ...ordered('Numeric', 'a number', parseDecimal, compareDecimals),
  ...ordered('Date', 'a date', parseInstant, (a, b) => a - b),
  ['Bool', typed('`true` or `false`', false, parseBoolean, (given, wanted) => given === wanted)],
  ['BinaryEquals', typed('base64', false, canonicalBase64, (given, wanted) => given === wanted)],
  ['IpAddress', typed('an address or CIDR range', false, parseRange, within)],
  ['NotIpAddress', typed('an address or CIDR range', true, parseRange, within)],
  ['ArnEquals', { negated: false, compile: arnFamily }],
  ['ArnLike', { negated: false, compile: arnFamily }],
  ['ArnNotEquals', { negated: true, compile: arnFamily }],
  ['ArnNotLike', { negated: true, compile: arnFamily }],
])

/**
 * Lower case for the letters that a policy's text may contain (U+0020 to U+00FF) and no others: under the full
 * mapping the Kelvin sign would equal `k`.
 */
export function foldCase(text: string): string {
  return text.replace(/[A-Z\u00c0-\u00d6\u00d8-\u00de]+/g, (letters) => letters.toLowerCase())
}

function textFamily(how: { readonly wildcards: boolean; readonly fold?: (text: string) => string }): Family {
  const fold = how.fold ?? ((text) => text)
  return (operands, language) => {
    const literals = new Set<string>()
    const globs: Glob[] = []
    const templates: (readonly Piece[])[] = []
    for (const { pieces, hasVariables } of readTemplates(operands, how.wildcards, language)) {
      const literal = literalText(pieces)
      if (literal !== undefined) literals.add(fold(literal))
      else if (hasVariables) templates.push(pieces)
      else globs.push(globOf(pieces as readonly GlobPiece[]))
    }
    if (globs.length === 0 && templates.length === 0) return literalMatcher([...literals], how.fold)
    return patternMatcher({ literals, globs, templates }, fold)
  }
}

interface TextOperands {
  /** Folded. */
  readonly literals: ReadonlySet<string>
  readonly globs: readonly Glob[]
  readonly templates: readonly (readonly Piece[])[]
}

function patternMatcher(
  { literals, globs, templates }: TextOperands,
  fold: (text: string) => string,
): Matcher {
  const fits = (filled: readonly GlobPiece[] | undefined, given: string) => {
    if (filled === undefined) return false
    const literal = literalText(filled)
    return literal === undefined ? matchesGlob(globOf(filled), given) : fold(literal) === fold(given)
  }
  return (given, context) => {
    if (literals.size > 0 && literals.has(fold(given))) return true
    for (const glob of globs) if (matchesGlob(glob, given)) return true
    for (const template of templates) if (fits(fillTemplate(template, context), given)) return true
    return false
  }
}

/** By far the most frequent. */
function literalMatcher(literals: readonly string[], fold: ((text: string) => string) | undefined): Matcher {
  const among = membership(literals)
  return fold === undefined ? among : (given) => among(fold(given))
}

/** A set takes several times the memory of a short list and is no quicker. */
function membership(texts: readonly string[]): (text: string) => boolean {
  const [only] = texts
  if (texts.length === 1 && only !== undefined) return equalTo(only)
  return texts.length > 4 ? inSet(new Set(texts)) : inList(texts)
}

// Functions of their own, because a closure keeps whatever stands around it.
const equalTo = (wanted: string) => (text: string) => text === wanted
const inList = (list: readonly string[]) => (text: string) => list.includes(text)
const inSet = (set: ReadonlySet<string>) => (text: string) => set.has(text)

/**
 * Part by part, wildcards in both Equals and Like. Text is substituted first and then cut at its colons. A value of
 * fewer than six parts is no ARN: the policy's never matches, and neither does the request's.
 */
function arnFamily(operands: readonly Operand[], language: Language): Matcher {
  const fixed: (readonly Glob[])[] = []
  const templates: (readonly Piece[])[] = []
  for (const { pieces, hasVariables } of readTemplates(operands, true, language)) {
    const operand = hasVariables ? undefined : compileArnOperand(pieces as readonly GlobPiece[])
    if (hasVariables) templates.push(pieces)
    else if (operand !== undefined) fixed.push(operand)
  }
  const fits = (template: readonly Piece[], given: string, context: RequestContext) => {
    const filled = fillTemplate(template, context)
    const operand = filled === undefined ? undefined : compileArnOperand(filled)
    return operand !== undefined && matchesArnOperand(operand, given)
  }
  return (given, context) =>
    fixed.some((operand) => matchesArnOperand(operand, given)) ||
    templates.some((template) => fits(template, given, context))
}

function* readTemplates(operands: readonly Operand[], wildcards: boolean, language: Language) {
  for (const operand of operands) {
    const template = parseTemplate(operand.text, { wildcards, variables: language.variables })
    if (template.ok) yield template
    else operand.refuse(template.code, template.message)
  }
}

function ordered<T>(
  prefix: string,
  form: string,
  parse: (text: string) => T | undefined,
  compare: (a: T, b: T) => number,
): [string, Operator][] {
  return [
    [`${prefix}Equals`, typed(form, false, parse, (given, wanted) => compare(given, wanted) === 0)],
    [`${prefix}NotEquals`, typed(form, true, parse, (given, wanted) => compare(given, wanted) === 0)],
    [`${prefix}LessThan`, typed(form, false, parse, (given, wanted) => compare(given, wanted) < 0)],
    [`${prefix}LessThanEquals`, typed(form, false, parse, (given, wanted) => compare(given, wanted) <= 0)],
    [`${prefix}GreaterThan`, typed(form, false, parse, (given, wanted) => compare(given, wanted) > 0)],
    [`${prefix}GreaterThanEquals`, typed(form, false, parse, (given, wanted) => compare(given, wanted) >= 0)],
  ]
}

/**
 * Operators whose values have a form. A policy value without it matches nothing in a positive operator and is a
 * problem in a negated one, where "not equal to something unreadable" would hold for everybody.
 */
function typed<T>(
  form: string,
  negated: boolean,
  parse: (text: string) => T | undefined,
  relation: (given: T, wanted: T) => boolean,
): Operator {
  return {
    negated,
    compile(operands, language) {
      const wanted: T[] = []
      for (const operand of operands) {
        if (language.variables && operand.text.includes('${')) {
          operand.refuse(
            'INVALID_VARIABLE_FOR_OPERATOR',
            'policy variables work in string and ARN operators only',
          )
          continue
        }
        const value = parse(operand.text)
        if (value !== undefined) wanted.push(value)
        else if (negated) operand.refuse('INVALID_CONDITION_VALUE', `this operator wants ${form}`)
      }
      return (given) => {
        const value = parse(given)
        return value === undefined ? undefined : wanted.some((one) => relation(value, one))
      }
    },
  }
}

function parseBoolean(text: string): boolean | undefined {
  const word = text.length <= 5 ? text.toLowerCase() : ''
  return word === 'true' ? true : word === 'false' ? false : undefined
}

/** Two texts that decode to the same bytes have the same canonical form. */
function canonicalBase64(text: string): string | undefined {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return undefined
  return Buffer.from(text, 'base64').toString('base64')
}

function within(given: AddressRange, range: AddressRange): boolean {
  return contains(range, given)
}
