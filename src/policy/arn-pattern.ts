/**
 * ARNs against patterns, in the two ways the language has.
 *
 * A Resource element lets a `*` at the end of one of the first five parts run on over the following colons, so
 * `arn:aws:s3*` and `arn:aws:ec2:*:vpc/v` cover what they seem not to; every other `*` there stays inside its part.
 * The ARN condition operators compare the six parts one by one and nothing crosses a colon.
 * In both, the sixth part takes the rest, colons included. Linear in the text, up to the five parts.
 */
import { splitArn } from './arn.js'
import type { RequestContext } from './context.js'
import { fitsAt } from './fragment.js'
import { anyOne, anyRun, type Glob, type GlobPiece, globOf, matchesGlob } from './glob.js'
import { fillTemplate, type Piece } from './template.js'

export interface ResourcePattern {
  /** The parts before the last one, each with the colon that follows it. */
  readonly parts: readonly PartPattern[]
  /** The parts before the last one as plain text with all their colons, when they hold no wildcard. */
  readonly prefix: string | undefined
  /** The last part: the sixth, unless the pattern is short. */
  readonly tail: readonly Piece[]
  /** Absent while variables wait for a request. */
  readonly tailGlob: Glob | undefined
}

export interface PartPattern {
  /** With a trailing `*` when it had one. */
  readonly glob: Glob
  readonly runsOn: boolean
}

/** Fewer than six parts need a `*` that can run on over the colons that are missing. */
export function isShortPattern(pieces: readonly Piece[]): boolean {
  return splitPieces(pieces, 5).length < 6
}

/** Whether a variable stands before the fifth colon, where the language allows none. */
export function hasEarlyVariable(pieces: readonly Piece[]): boolean {
  const parts = splitPieces(pieces, 5)
  return parts.some((part, i) => i < 5 && part.some((piece) => typeof piece === 'object'))
}

/** Whether one of the first five parts ends in `*`. */
export function canRunOn(pieces: readonly Piece[]): boolean {
  return splitPieces(pieces, 5).some((part, i) => i < 5 && part[part.length - 1] === anyRun)
}

export function compileResourcePattern(pieces: readonly Piece[]): ResourcePattern {
  const split = splitPieces(pieces, 5)
  const tail = split[split.length - 1] ?? []
  const heads = split.slice(0, -1)
  const parts = heads.map((part) => ({
    glob: globOf(part as GlobPiece[]),
    runsOn: part[part.length - 1] === anyRun,
  }))
  const literal = heads.every((part) => part.every((piece) => typeof piece === 'string'))
  return {
    parts,
    prefix: literal && heads.length === 5 ? heads.map((part) => `${part.join('')}:`).join('') : undefined,
    tail,
    tailGlob: tail.some((piece) => typeof piece === 'object') ? undefined : globOf(tail as GlobPiece[]),
  }
}

export function matchesResource(
  pattern: ResourcePattern,
  resource: string,
  context: RequestContext,
): boolean {
  if (pattern.prefix !== undefined) {
    if (!resource.startsWith(pattern.prefix)) return false
    const tail = tailOf(pattern, context)
    return tail !== undefined && matchesGlob(tail, resource, pattern.prefix.length)
  }
  const sixth = sixthPartOf(resource)
  if (sixth < 0) return false
  const starts = startsAfter(pattern.parts, resource)
  if (starts.length === 0) return false
  const tail = tailOf(pattern, context)
  return tail !== undefined && tailMatches(tail, pattern.parts.length === 5, resource, starts, sixth)
}

function tailOf(pattern: ResourcePattern, context: RequestContext): Glob | undefined {
  if (pattern.tailGlob !== undefined) return pattern.tailGlob
  const filled = fillTemplate(pattern.tail, context)
  return filled === undefined ? undefined : globOf(filled)
}

/** Ascending positions in the text at which the last part of the pattern may start. */
function startsAfter(parts: readonly PartPattern[], text: string): readonly number[] {
  let starts: readonly number[] = [0]
  for (const part of parts) {
    const next: number[] = []
    for (const start of starts) {
      const colon = text.indexOf(':', start)
      if (colon < 0) break
      if (!matchesGlob(part.glob, text.slice(start, colon))) continue
      next.push(colon + 1)
      if (!part.runsOn) continue
      for (let at = text.indexOf(':', colon + 1); at >= 0; at = text.indexOf(':', at + 1)) next.push(at + 1)
      // Every later start can only reach colons that are listed already.
      break
    }
    starts = next
    if (starts.length === 0) break
  }
  return starts
}

function tailMatches(
  tail: Glob,
  isSixth: boolean,
  text: string,
  starts: readonly number[],
  sixth: number,
): boolean {
  const head = tail[0]!
  const reaching = isSixth ? starts : starts.filter((start) => start >= sixth)
  if (tail.length === 1) {
    const start = text.length - head.text.length
    return reaching.includes(start) && matchesGlob(tail, text.slice(start))
  }
  // The star behind the head absorbs any distance, so the first start that fits is as good as all of them.
  const first = reaching.find((start) => fitsAt(head, text, start))
  if (first !== undefined && matchesGlob(tail, text.slice(first))) return true
  if (isSixth || tail[tail.length - 1]!.text !== '') return false
  return starts.some((start) => {
    const colon = text.indexOf(':', start)
    return start < sixth && colon >= 0 && matchesGlob(tail, text.slice(start, colon))
  })
}

function sixthPartOf(text: string): number {
  let at = -1
  for (let colons = 0; colons < 5; colons += 1) {
    at = text.indexOf(':', at + 1)
    if (at < 0) return -1
  }
  return at + 1
}

/** A value of an ARN operator: six globs, or undefined when there are fewer parts, which matches nothing. */
export function compileArnOperand(pieces: readonly GlobPiece[]): readonly Glob[] | undefined {
  const parts = splitPieces(pieces, 5)
  return parts.length === 6 ? parts.map((part) => globOf(part as GlobPiece[])) : undefined
}

export function matchesArnOperand(operand: readonly Glob[], text: string): boolean {
  const parts = splitArn(text)
  return parts !== undefined && operand.every((glob, i) => matchesGlob(glob, parts[i]!))
}

/** Cuts pieces at the first `cuts` colons of their literal text. */
function splitPieces(pieces: readonly Piece[], cuts: number): Piece[][] {
  const parts: Piece[][] = [[]]
  for (const piece of pieces) {
    if (piece === anyRun || piece === anyOne || typeof piece !== 'string') {
      parts[parts.length - 1]!.push(piece)
      continue
    }
    let from = 0
    for (let at = piece.indexOf(':'); at >= 0 && parts.length <= cuts; at = piece.indexOf(':', from)) {
      if (at > from) parts[parts.length - 1]!.push(piece.slice(from, at))
      parts.push([])
      from = at + 1
    }
    if (from < piece.length) parts[parts.length - 1]!.push(piece.slice(from))
  }
  return parts
}
