/**
 * Patterns as sequences of steps over single characters, so that questions about all texts at once ("is everything
 * that fits here covered there?") can be asked. Every pattern of the language becomes the same kind of sequence:
 * actions, resources with their running-on stars, ARN operands that stop at colons, texts compared without case.
 */
import type { PartPattern, ResourcePattern } from '../arn-pattern.js'
import { anyOne, anyRun, type Glob } from '../glob.js'
import { foldCase } from '../operator.js'
import type { Piece } from '../template.js'

export type Step =
  /** A character (UTF-16 code unit), or either of two where case does not count. */
  | { readonly type: 'unit'; readonly unit: string; readonly or?: string }
  /** `?`; whether it may be a colon. */
  | { readonly type: 'one'; readonly colon: boolean }
  /** `*`; whether it may run over colons. */
  | { readonly type: 'run'; readonly colon: boolean }
  /** A text that the request decides; two steps of one name stand for the same text. */
  | { readonly type: 'variable'; readonly name: string }

export type Pattern = readonly Step[]

const inPart: Step = { type: 'run', colon: false }
const anything: Step = { type: 'run', colon: true }
const colon: Step = { type: 'unit', unit: ':' }

/** Every text. */
export const everything: readonly Pattern[] = [[anything]]

/** Flat patterns, in which wildcards may be colons. */
export function patternOf(pieces: readonly Piece[], ignoringCase = false): Pattern {
  return pieces.flatMap((piece) => stepsOf(piece, true, ignoringCase))
}

export function textPattern(text: string): Pattern {
  return patternOf([text])
}

export function globPattern(glob: Glob): Pattern {
  return globSteps(glob, true)
}

/**
 * An operand of the ARN operators, part by part; undefined when it has fewer than six and so matches nothing. A
 * variable before the fifth colon moves the parts by its value, so the whole operand becomes one unknown text.
 */
export function arnPattern(pieces: readonly Piece[], written: string): Pattern | undefined {
  const steps: Step[] = []
  let colons = 0
  for (const piece of pieces) {
    if (typeof piece === 'object' && colons < 5) return [{ type: 'variable', name: `operand ${written}` }]
    if (typeof piece !== 'string') {
      steps.push(...stepsOf(piece, colons >= 5, false))
      continue
    }
    for (const step of stepsOf(piece, true, false)) {
      if (step.type === 'unit' && step.unit === ':') colons += 1
      steps.push(step)
    }
  }
  return colons < 5 ? undefined : steps
}

/** One entry of a Resource element; several patterns when its stars can stand for the colons that it lacks. */
export function resourcePatterns(pattern: ResourcePattern, tail: readonly Piece[]): readonly Pattern[] {
  const { parts } = pattern
  const missing = 5 - parts.length
  if (missing === 0) return [[...parts.flatMap((part) => headSteps(part, 0)), ...patternOf(tail)]]
  const inTail = tail.at(-1) === anyRun
  const found: Pattern[] = []
  for (const taken of distributions(missing, [...parts.map(({ runsOn }) => runsOn), false])) {
    found.push([...parts.flatMap((part, i) => headSteps(part, taken[i]!)), ...patternOf(tail)])
  }
  if (!inTail) return found
  const last = tail.slice(0, -1).flatMap((piece) => stepsOf(piece, false, false))
  for (const taken of distributions(missing, [...parts.map(({ runsOn }) => runsOn), true])) {
    const heads = parts.flatMap((part, i) => headSteps(part, taken[i]!))
    found.push([...heads, ...last, ...runningOn(taken[parts.length]!)])
  }
  return found
}

export function hasVariable(pattern: Pattern): boolean {
  return pattern.some(({ type }) => type === 'variable')
}

/** The only text that fits; undefined when there may be several. */
export function onlyText(pattern: Pattern): string | undefined {
  let text = ''
  for (const step of pattern) {
    if (step.type !== 'unit' || step.or !== undefined) return undefined
    text += step.unit
  }
  return text
}

/** The same for equal patterns only. */
export function spelling(pattern: Pattern): string {
  return pattern
    .map((step) => {
      if (step.type === 'unit') return step.or === undefined ? step.unit : `[${step.unit}${step.or}]`
      return step.type === 'variable' ? `{${step.name}}` : `<${step.type}${step.colon ? '' : ' in part'}>`
    })
    .join('\u0000')
}

/** With every variable replaced by "any text": what fits for at least one request. */
export function widened(pattern: Pattern): Pattern {
  return pattern.map((step) => (step.type === 'variable' ? anything : step))
}

function stepsOf(piece: Piece, overColons: boolean, ignoringCase: boolean): readonly Step[] {
  if (piece === anyRun) return [{ type: 'run', colon: overColons }]
  if (piece === anyOne) return [{ type: 'one', colon: overColons }]
  if (typeof piece === 'object') {
    const { key, otherwise } = piece
    const name = `${ignoringCase ? 'folded' : 'plain'} ${key}${otherwise === undefined ? '' : ` '${otherwise}`}`
    return [{ type: 'variable', name }]
  }
  return unitSteps(piece, ignoringCase)
}

function unitSteps(text: string, ignoringCase: boolean): readonly Step[] {
  const steps: Step[] = []
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charAt(i)
    const lower = ignoringCase ? foldCase(unit) : unit
    const upper = ignoringCase ? unit.toUpperCase() : unit
    if (lower !== unit) steps.push({ type: 'unit', unit, or: lower })
    else if (upper !== unit && foldCase(upper) === unit) steps.push({ type: 'unit', unit, or: upper })
    else steps.push({ type: 'unit', unit })
  }
  return steps
}

function globSteps(glob: Glob, overColons: boolean): Step[] {
  const steps: Step[] = []
  for (const [i, { text, holes }] of glob.entries()) {
    if (i > 0) steps.push({ type: 'run', colon: overColons })
    const open = new Set(holes)
    for (let at = 0; at < text.length; at += 1) {
      steps.push(open.has(at) ? { type: 'one', colon: overColons } : { type: 'unit', unit: text.charAt(at) })
    }
  }
  return steps
}

/** A part and its colon; `taken`: how many further colons its last star covers at least. */
function headSteps({ glob, runsOn }: PartPattern, taken: number): readonly Step[] {
  const steps = globSteps(glob, false)
  return runsOn ? [...steps.slice(0, -1), ...runningOn(taken), colon] : [...steps, colon]
}

function runningOn(colons: number): readonly Step[] {
  return [...Array.from({ length: colons }, () => [inPart, colon]).flat(), anything]
}

/** All ways to spread `amount` over the places that can take some. */
function distributions(amount: number, takes: readonly boolean[]): readonly (readonly number[])[] {
  const [first, ...rest] = takes
  if (first === undefined) return amount === 0 ? [[]] : []
  const most = first ? amount : 0
  return Array.from({ length: most + 1 }, (_, taken) => taken).flatMap((taken) =>
    distributions(amount - taken, rest).map((others) => [taken, ...others]),
  )
}
