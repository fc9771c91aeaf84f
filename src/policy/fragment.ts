/**
 * A run of literal characters and one-character holes (`?`), and finding one in a text without ever going over the
 * same characters again and again, whatever text and fragment an attacker chooses: short literals with the
 * engine's own search, long ones with Knuth-Morris-Pratt, those with holes bit-parallel (32 positions a word).
 */
export interface Fragment {
  /** Holes are written `?` here; only `holes` says which question marks are meant as such. */
  readonly text: string
  /** Positions in `text`, ascending. */
  readonly holes: readonly number[] | undefined
}

/** Up to here the engine's worst case (fragment times text) is a small constant times the text. */
const shortLiteral = 64

export function fitsAt(fragment: Fragment, text: string, at: number): boolean {
  const { text: wanted, holes } = fragment
  if (holes === undefined) return text.startsWith(wanted, at)
  if (at + wanted.length > text.length) return false
  let from = 0
  for (const hole of holes) {
    if (hole > from && !text.startsWith(wanted.slice(from, hole), at + from)) return false
    from = hole + 1
  }
  return text.startsWith(wanted.slice(from), at + from)
}

/** Position of the leftmost occurrence at or after `from`, or -1. The fragment is not empty. */
export function indexOfFragment(fragment: Fragment, text: string, from: number): number {
  const { text: wanted, holes } = fragment
  if (text.length - from < wanted.length) return -1
  if (holes !== undefined) return indexWithHoles(wanted, holes, text, from)
  return wanted.length <= shortLiteral ? text.indexOf(wanted, from) : indexOfLongLiteral(wanted, text, from)
}

/** Knuth, Morris, Pratt: on a mismatch, fall back to the longest border of what matched so far. */
function indexOfLongLiteral(wanted: string, text: string, from: number): number {
  const border = new Int32Array(wanted.length)
  for (let i = 1, k = 0; i < wanted.length; i += 1) {
    while (k > 0 && wanted.charCodeAt(i) !== wanted.charCodeAt(k)) k = border[k - 1]!
    if (wanted.charCodeAt(i) === wanted.charCodeAt(k)) k += 1
    border[i] = k
  }
  for (let i = from, k = 0; i < text.length; i += 1) {
    while (k > 0 && text.charCodeAt(i) !== wanted.charCodeAt(k)) k = border[k - 1]!
    if (text.charCodeAt(i) === wanted.charCodeAt(k)) k += 1
    if (k === wanted.length) return i - k + 1
  }
  return -1
}

/** Shift-And: bit i of the state says that the first i+1 characters of the fragment end here. */
function indexWithHoles(wanted: string, holes: readonly number[], text: string, from: number): number {
  const words = Math.ceil(wanted.length / 32)
  const anything = new Int32Array(words)
  for (const hole of holes) anything[hole >>> 5]! |= 1 << (hole & 31)
  const masks = new Map<number, Int32Array>()
  for (let i = 0; i < wanted.length; i += 1) {
    if ((anything[i >>> 5]! & (1 << (i & 31))) !== 0) continue
    const unit = wanted.charCodeAt(i)
    let mask = masks.get(unit)
    if (mask === undefined) masks.set(unit, (mask = anything.slice()))
    mask[i >>> 5]! |= 1 << (i & 31)
  }
  const state = new Int32Array(words)
  const lastWord = words - 1
  const lastBit = 1 << ((wanted.length - 1) & 31)
  for (let at = from; at < text.length; at += 1) {
    const mask = masks.get(text.charCodeAt(at)) ?? anything
    let carry = 1
    for (let w = 0; w < words; w += 1) {
      const before = state[w]!
      state[w] = ((before << 1) | carry) & mask[w]!
      carry = before >>> 31
    }
    if ((state[lastWord]! & lastBit) !== 0) return at - wanted.length + 1
  }
  return -1
}
