/** What zod found → sentences in our words, each at its place. The input is never quoted: it may be a secret. */
import * as z from 'zod'
import type { Findings, Path, Place } from '../place.js'
import { within } from '../place.js'
import { suggestion } from '../nearest-name.js'

/**
 * Reads the value at `place` by `schema` and reports everything that does not fit.
 * @returns undefined when something was reported.
 */
export function readAs<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  place: Place,
  findings: Findings,
): z.output<Schema> | undefined {
  const result = schema.safeParse(value, { error: sentence })
  if (result.success) return result.data
  for (const issue of result.error.issues) report(issue, value, place, findings)
  return undefined
}

function report(issue: z.core.$ZodIssue, value: unknown, place: Place, findings: Findings): void {
  const at = within(place, ...stepsOf(issue))
  if (issue.code === 'unrecognized_keys') {
    const sentences = issue.message.split('\n')
    issue.keys.forEach((key, i) => findings.problem(within(at, key), sentences[i] ?? 'is not a known field'))
  } else if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    // The branch that got furthest is the one that was meant: it does not complain about the value as a whole.
    const meant = issue.errors.find((branch) => branch.every((inner) => !isWhole(inner)))
    if (meant === undefined) findings.problem(at, issue.message)
    else for (const inner of meant) report(inner, undefined, at, findings)
  } else if (issue.code === 'invalid_union' && 'options' in issue) {
    const given = valueAt(value, stepsOf(issue))
    const known = issue.options.map(String)
    const sentence =
      typeof given === 'string'
        ? `is none of the known ones; ${suggestion(given, known)}`
        : `${given === undefined ? 'is missing' : 'is none of the known ones'}; known: ${known.map(quoted).join(', ')}`
    findings.problem(at, sentence)
  } else if (issue.code === 'invalid_key') {
    for (const inner of issue.issues) findings.problem(at, inner.message)
  } else {
    findings.problem(at, issue.message)
  }
}

const isWhole = (issue: z.core.$ZodIssue): boolean => issue.path.length === 0 && issue.code === 'invalid_type'

const stepsOf = (issue: z.core.$ZodIssue): Path =>
  issue.path.filter((step): step is string | number => typeof step !== 'symbol')

const quoted = (name: string): string => `\`${name}\``

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, step) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, step) : undefined),
    value,
  )
}

/** Codes that are not here keep zod's own words; the schemas give theirs to everything they refine. */
function sentence(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_type') {
    if (issue.input === undefined) return 'is missing'
    if (issue.expected === 'string' && typeof issue.input === 'number') {
      return 'must be text, and this reads as a number: quote it'
    }
    if (issue.expected === 'string' && typeof issue.input === 'boolean') {
      return 'must be text, and this reads as true or false: quote it'
    }
    return `must be ${nouns[issue.expected] ?? issue.expected}, not ${nounOf(issue.input)}`
  }
  if (issue.code === 'invalid_value') {
    return issue.values.length === 1
      ? `must be \`${String(issue.values[0])}\``
      : `must be one of ${issue.values.map((value) => quoted(String(value))).join(', ')}`
  }
  if (issue.code === 'too_small') {
    if (issue.minimum === 1 && issue.origin in counted) return 'must not be empty'
    return `must ${bound('at least', issue.minimum, issue.origin)}`
  }
  if (issue.code === 'too_big') return `must ${bound('at most', issue.maximum, issue.origin)}`
  return issue.code === 'invalid_union' ? 'has none of the accepted forms' : undefined
}

const counted: Readonly<Record<string, string>> = { string: 'characters', array: 'entries' }

function bound(which: string, limit: number | bigint, origin: string): string {
  const unit = counted[origin]
  return unit === undefined ? `be ${which} ${limit}` : `have ${which} ${limit} ${unit}`
}

const nouns: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a set of fields',
  record: 'a set of fields',
}

function nounOf(value: unknown): string {
  if (value === null) return 'empty'
  if (Array.isArray(value)) return 'a list'
  return nouns[typeof value] ?? 'this'
}
