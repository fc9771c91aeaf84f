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
    const known = (issue.options as readonly unknown[]).map(String)
    findings.problem(
      at,
      given === undefined
        ? `is missing; known: ${known.map(quoted).join(', ')}`
        : `is none of the known ones; ${suggestion(String(given), known)}`,
    )
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

function sentence(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return 'is missing'
      if (issue.expected === 'string' && typeof issue.input === 'number')
        return 'must be text, and this reads as a number: quote it'
      if (issue.expected === 'string' && typeof issue.input === 'boolean')
        return 'must be text, and this reads as true or false: quote it'
      return `must be ${nounFor(issue.expected)}, not ${nounOf(issue.input)}`
    case 'invalid_value':
      return issue.values.length === 1
        ? `must be \`${String(issue.values[0])}\``
        : `must be one of ${issue.values.map((value) => quoted(String(value))).join(', ')}`
    case 'too_small':
      if (issue.origin === 'string' || issue.origin === 'array')
        return Number(issue.minimum) === 1
          ? 'must not be empty'
          : `must have at least ${issue.minimum} ${issue.origin === 'array' ? 'entries' : 'characters'}`
      return `must be at least ${issue.minimum}`
    case 'too_big':
      if (issue.origin === 'string' || issue.origin === 'array')
        return `must have at most ${issue.maximum} ${issue.origin === 'array' ? 'entries' : 'characters'}`
      return `must be at most ${issue.maximum}`
    case 'invalid_union':
      return 'has none of the accepted forms'
    default:
      return undefined
  }
}

function nounFor(expected: string): string {
  return (
    {
      string: 'text',
      number: 'a number',
      int: 'a whole number',
      boolean: 'true or false',
      array: 'a list',
      object: 'a set of fields',
      record: 'a set of fields',
    }[expected] ?? expected
  )
}

function nounOf(value: unknown): string {
  if (value === null) return 'empty'
  if (Array.isArray(value)) return 'a list'
  switch (typeof value) {
    case 'string':
      return 'text'
    case 'object':
      return 'a set of fields'
    case 'boolean':
      return 'true or false'
    default:
      return `a ${typeof value}`
  }
}
