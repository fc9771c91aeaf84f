/**
 * Parameter constraints and the sentences in which AWS reports them: all violations of one request in one
 * ValidationError. Lengths count Unicode code points; long values are shown cut, and of many violations only the first,
 * so that an answer does not grow with what was sent.
 */
import type { QueryForm } from './query-form.js'
import { refusal, type Refusal } from './wire-errors.js'

export interface TextConstraint {
  readonly min: number
  readonly max: number
  /** Without anchors; the whole value must match. Written in messages as it stands here. */
  readonly pattern?: string
  /** Proofs are never echoed. */
  readonly sensitive?: true
}

const arnCharacters = '[\\u0009\\u000A\\u000D\\u0020-\\u007E\\u0085\\u00A0-\\uD7FF\\uE000-\\uFFFD]+'
export const arnText: TextConstraint = { min: 20, max: 2048, pattern: arnCharacters }

export interface Validation {
  text(name: string, constraint: TextConstraint): string | undefined
  /** As `text`; the empty string stands in when it was missing, which `refusal` then reports. */
  requiredText(name: string, constraint: TextConstraint): string
  /** A field of a list's member, which must be there; `name` is what messages call it, e.g. `Tags.1.member.Key`. */
  member(name: string, given: string | undefined, constraint: TextConstraint): string
  /** Signed 32-bit decimal; `+900` and `0900` are numbers, `900.0` is not. */
  integer(name: string, range: { readonly min: number; readonly max: number }): number | undefined
  value(name: string, value: string, constraint: TextConstraint): void
  /** @returns whether the members are few enough to be looked at one by one. */
  count(name: string, length: number, max: number): boolean
  /** Everything that was wrong up to now; undefined when nothing was. */
  refusal(): Refusal | undefined
}

/** What is shown of the violations: no further clause once these are reached. */
const most = { clauses: 10, characters: 2_000, value: 256 }

export function createValidation(form: QueryForm): Validation {
  let violations = 0
  const clauses: string[] = []
  let room = most.characters
  let malformed: Refusal | undefined

  const fail = (name: string, value: string | undefined, must: string, sensitive = false): void => {
    violations += 1
    if (clauses.length === most.clauses || room <= 0) return
    const shown =
      value === undefined ? 'null' : sensitive ? "'***Sensitive information***'" : `'${shorten(value)}'`
    const clause = `Value ${shown} at '${lowerCamel(name)}' failed to satisfy constraint: Member must ${must}`
    clauses.push(clause)
    room -= clause.length
  }
  const value = (name: string, text: string, { min, max, pattern, sensitive }: TextConstraint): void => {
    const length = codePoints(text)
    if (length < min) fail(name, text, `have length greater than or equal to ${min}`, sensitive)
    if (length > max) fail(name, text, `have length less than or equal to ${max}`, sensitive)
    if (pattern !== undefined && !wholly(pattern).test(text))
      fail(name, text, `satisfy regular expression pattern: ${pattern}`, sensitive)
  }
  const text = (name: string, constraint: TextConstraint): string | undefined => {
    const given = form.get(name)
    if (given !== undefined) value(name, given, constraint)
    return given
  }
  const member = (name: string, given: string | undefined, constraint: TextConstraint): string => {
    if (given === undefined) fail(name, undefined, 'not be null')
    else value(name, given, constraint)
    return given ?? ''
  }
  return {
    text,
    value,
    member,
    requiredText: (name, constraint) => member(name, form.get(name), constraint),
    integer(name, { min, max }) {
      const given = form.get(name)
      if (given === undefined) return undefined
      const number = /^[+-]?\d{1,20}$/.test(given) ? Number(given) : Number.NaN
      if (!(number >= -(2 ** 31) && number < 2 ** 31)) {
        malformed ??= notAnInteger(lowerCamel(name), given)
        return undefined
      }
      if (number < min) fail(name, String(number), `have value greater than or equal to ${min}`)
      if (number > max) fail(name, String(number), `have value less than or equal to ${max}`)
      return number
    },
    count(name, length, max) {
      if (length <= max) return true
      fail(name, `[${length} members]`, `have length less than or equal to ${max}`)
      return false
    },
    refusal() {
      if (malformed !== undefined || violations === 0) return malformed
      const errors = violations === 1 ? 'error' : 'errors'
      return refusal(
        'ValidationError',
        `${violations} validation ${errors} detected: ${clauses.join('; ')}`,
        'sts:validation',
      )
    },
  }
}

/** AWS says what is wrong with an empty value, and of any other nothing; the record says it of both. */
function notAnInteger(name: string, given: string): Refusal {
  const missing = `\`${name}\` is missing its decimal value`
  return given === ''
    ? refusal('MalformedInput', missing, 'sts:integer')
    : { ...refusal('MalformedInput', '', 'sts:integer'), cause: `\`${name}\` must be a decimal integer` }
}

const compiled = new Map<string, RegExp>()

/** Patterns are constants of this room, so the map stays small. */
function wholly(pattern: string): RegExp {
  const known = compiled.get(pattern)
  if (known !== undefined) return known
  const expression = new RegExp(`^(?:${pattern})$`, 'u')
  compiled.set(pattern, expression)
  return expression
}

/** `RoleArn` → `roleArn`, `SAMLAssertion` → `sAMLAssertion`, `Tags.1.member.Key` → `tags.1.member.key`. */
function lowerCamel(name: string): string {
  return name
    .split('.')
    .map((part) => part.charAt(0).toLowerCase() + part.slice(1))
    .join('.')
}

function codePoints(text: string): number {
  return text.length - (text.match(/[\ud800-\udbff][\udc00-\udfff]/g)?.length ?? 0)
}

function shorten(value: string): string {
  return value.length > most.value ? `${value.slice(0, most.value)}…` : value
}
