/**
 * Where members and items stand in a JSON text that `JSON.parse` has accepted. JSON.parse keeps only the last of
 * repeated members and rewrites numbers; the pieces as they were written let the policy compiler see both, and are
 * what compiled policies are remembered by.
 */
export interface Member {
  readonly name: string
  /** The value as written, without the white space around it. */
  readonly text: string
}

/** @param text Of an object. Repeated members are all there, in order. */
export function membersOf(text: string): readonly Member[] {
  const members: Member[] = []
  let at = skipSpace(text, skipSpace(text, 0) + 1)
  while (text.charCodeAt(at) !== closingBrace) {
    const nameEnd = endOfString(text, at)
    const name = JSON.parse(text.slice(at, nameEnd)) as string
    const valueAt = skipSpace(text, skipSpace(text, nameEnd) + 1)
    const valueEnd = endOfValue(text, valueAt)
    members.push({ name, text: text.slice(valueAt, valueEnd) })
    at = afterComma(text, valueEnd)
  }
  return members
}

/** @param text Of a list. */
export function itemsOf(text: string): readonly string[] {
  const items: string[] = []
  let at = skipSpace(text, skipSpace(text, 0) + 1)
  while (text.charCodeAt(at) !== closingBracket) {
    const end = endOfValue(text, at)
    items.push(text.slice(at, end))
    at = afterComma(text, end)
  }
  return items
}

export type JsonType = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null'

/** @param text Of a value, without white space before it. */
export function typeOf(text: string): JsonType {
  return types.get(text.charAt(0)) ?? 'number'
}

const types: ReadonlyMap<string, JsonType> = new Map([
  ['{', 'object'],
  ['[', 'array'],
  ['"', 'string'],
  ['t', 'boolean'],
  ['f', 'boolean'],
  ['n', 'null'],
])

const quote = 0x22
const comma = 0x2c
const backslash = 0x5c
const openingBracket = 0x5b
const closingBracket = 0x5d
const openingBrace = 0x7b
const closingBrace = 0x7d

function endOfValue(text: string, start: number): number {
  const first = text.charCodeAt(start)
  if (first === quote) return endOfString(text, start)
  let at = start
  if (first !== openingBrace && first !== openingBracket) {
    while (at < text.length && !isEnd(text.charCodeAt(at))) at += 1
    return at
  }
  let open = 0
  do {
    const unit = text.charCodeAt(at)
    if (unit === quote) {
      at = endOfString(text, at)
      continue
    }
    if (unit === openingBrace || unit === openingBracket) open += 1
    else if (unit === closingBrace || unit === closingBracket) open -= 1
    at += 1
  } while (open > 0 && at < text.length)
  return at
}

function endOfString(text: string, start: number): number {
  let at = start + 1
  while (at < text.length) {
    const unit = text.charCodeAt(at)
    if (unit === quote) return at + 1
    at += unit === backslash ? 2 : 1
  }
  return at
}

function afterComma(text: string, end: number): number {
  const at = skipSpace(text, end)
  return text.charCodeAt(at) === comma ? skipSpace(text, at + 1) : at
}

function isEnd(unit: number): boolean {
  return unit === comma || unit === closingBrace || unit === closingBracket || unit <= 0x20
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (text.charCodeAt(at) <= 0x20) at += 1
  return at
}
