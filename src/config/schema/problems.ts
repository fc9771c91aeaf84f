/** What zod found → sentences in our words, each at its place. The input is never quoted: it may be a secret. */
import * as z from 'zod'
import type { Findings, Path, Place } from '../place.js'
import { within } from '../place.js'
import { suggestedIn, suggestion } from '../nearest-name.js'
import { withStandIns, type Misfit } from './stand-ins.js'

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
  const before = findings.problemCount()
  const read = readFitting(schema, value, place, findings)
  return findings.problemCount() > before ? undefined : read
}

/**
 * The same, for readers that go on: what does not fit is spoiled, and something harmless stands in for it, so that
 * whatever does fit is judged in the same run. Where a problem was reported, nothing of it may come into force.
 * @returns undefined when nothing can be made of the value.
 */
export function readFitting<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  place: Place,
  findings: Findings,
): z.output<Schema> | undefined {
  const parse = (draft: unknown) => schema.safeParse(draft, { error: sentence })
  const result = parse(value)
  if (result.success) return result.data
  const found = result.error.issues.flatMap((issue) => misfits(issue, value, []))
  for (const { path, message } of found) findings.problem(within(place, ...path), message)
  const standing = withStandIns(value, found, (draft) => {
    const again = parse(draft)
    return again.success
      ? { ok: true, value: again.data }
      : { ok: false, misfits: again.error.issues.flatMap((issue) => misfits(issue, draft, [])) }
  })
  for (const path of [...found.flatMap((misfit) => meantBy(misfit, value)), ...standing.replaced]) {
    findings.spoil(within(place, ...path))
  }
  return standing.value
}

/** Where it stands and, when it looks like a misspelt name that is absent, where it should have stood. */
function meantBy({ path, message, stray }: Misfit, value: unknown): readonly Path[] {
  const name = stray === true ? suggestedIn(message) : undefined
  const meant = name === undefined ? undefined : [...path.slice(0, -1), name]
  return meant === undefined || valueAt(value, meant) !== undefined ? [path] : [path, meant]
}

function misfits(issue: z.core.$ZodIssue, value: unknown, above: Path): readonly Misfit[] {
  const path = [...above, ...stepsOf(issue)]
  if (issue.code === 'unrecognized_keys') {
    const sentences = issue.message.split('\n')
    return issue.keys.map((key, i) => ({
      path: [...path, key],
      message: sentences[i] ?? 'is not a known field',
      stray: true,
    }))
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const meant = meantBranch(issue.errors)
    return meant === undefined
      ? [{ path, message: issue.message }]
      : meant.flatMap((inner) => misfits(inner, value, path))
  }
  if (issue.code === 'invalid_union' && 'options' in issue) {
    const given = valueAt(value, path)
    const known = issue.options.map(String)
    const message =
      typeof given === 'string'
        ? `is none of the known ones; ${suggestion(given, known)}`
        : `${given === undefined ? 'is missing' : 'is none of the known ones'}; known: ${known.map(quoted).join(', ')}`
    return [{ path, message }]
  }
  if (issue.code === 'invalid_key') return issue.issues.map(({ message }) => ({ path, message }))
  return [{ path, message: issue.message }]
}

/** The branch that got furthest is the one that was meant: it does not complain about the value as a whole. */
function meantBranch(
  branches: readonly (readonly z.core.$ZodIssue[])[],
): readonly z.core.$ZodIssue[] | undefined {
  const without = (...codes: readonly string[]) =>
    branches.find((branch) => branch.every(({ path, code }) => path.length > 0 || !codes.includes(code)))
  return without('invalid_type', 'invalid_value') ?? without('invalid_type')
}

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
