/**
 * The wildcards of the policy language: `*` is any run of characters, `?` exactly one (a UTF-16 code unit).
 * A pattern becomes the pieces of text between its stars; matching finds each piece leftmost, one after the other,
 * so it never backtracks. No regular expression is ever built from a policy.
 */
import { fitsAt, type Fragment, indexOfFragment } from './fragment.js'

/** `*` as written in a policy; never the character of a substituted value. */
export const anyRun: unique symbol = Symbol('*')
/** `?` as written in a policy. */
export const anyOne: unique symbol = Symbol('?')

export type GlobPiece = string | typeof anyRun | typeof anyOne

/** The fragments between the stars, in order; a single fragment means that there was no star. */
export type Glob = readonly Fragment[]

/** Splits policy text at its wildcards; everything else is literal. */
export function wildcardPieces(text: string): GlobPiece[] {
  const pieces: GlobPiece[] = []
  let from = 0
  for (let at = 0; at < text.length; at += 1) {
    const unit = text[at]
    if (unit !== '*' && unit !== '?') continue
    if (at > from) pieces.push(text.slice(from, at))
    pieces.push(unit === '*' ? anyRun : anyOne)
    from = at + 1
  }
  if (from < text.length) pieces.push(text.slice(from))
  return pieces
}

export function globOf(pieces: readonly GlobPiece[]): Glob {
  const glob: Fragment[] = []
  let text: string[] = []
  let length = 0
  let holes: number[] = []
  const close = () => {
    glob.push({ text: text.join(''), holes: holes.length === 0 ? undefined : holes })
    text = []
    length = 0
    holes = []
  }
  for (const piece of pieces) {
    if (piece === anyRun) {
      close()
    } else if (piece === anyOne) {
      holes.push(length)
      text.push('?')
      length += 1
    } else {
      text.push(piece)
      length += piece.length
    }
  }
  close()
  return glob.slice()
}

/** Whether the text fits the pattern, all of it from `from` on. */
export function matchesGlob(glob: Glob, text: string, from: number = 0): boolean {
  const first = glob[0]
  if (first === undefined || !fitsAt(first, text, from)) return false
  let at = from + first.text.length
  if (glob.length === 1) return text.length === at
  const last = glob[glob.length - 1]!
  const end = text.length - last.text.length
  if (end < at || !fitsAt(last, text, end)) return false
  for (let i = 1; i < glob.length - 1; i += 1) {
    const fragment = glob[i]!
    if (fragment.text.length === 0) continue
    const found = indexOfFragment(fragment, text, at)
    at = found + fragment.text.length
    if (found < 0 || at > end) return false
  }
  return true
}
