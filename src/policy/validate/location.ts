/**
 * Places in a document → paths and spans in its text. The parser remembers only where values start, so this finds
 * where they end, in one walk over a document that is known to be well-formed.
 */
import type { JsonNode } from '../json-node.js'
import { type Cursor, lineStarts, rootCursor } from '../reader.js'
import type { Location, PathElement, Position, Span } from './finding.js'

/** A value, the name of a member (`key`), or a part of a string's value. */
export interface Place {
  readonly cursor: Cursor
  readonly key?: true
  readonly substring?: { readonly start: number; readonly length: number }
}

export interface Locator {
  locate(place: Place): Location
  /** The value that starts at this offset, or the name of a member. */
  placeAt(offset: number): Place
}

export function createLocator(text: string, root: JsonNode): Locator {
  const extents = extentsOf(text, root)
  const position = positions(text)
  const spanOf = (place: Place): Span => {
    const extent = extents.get(place.cursor.node)
    const { at } = place.cursor.node
    if (extent === undefined) return { start: position(0), end: position(text.length) }
    if (place.key === true && extent.nameAt !== undefined) {
      return { start: position(extent.nameAt), end: position(endOfString(text, extent.nameAt)) }
    }
    if (place.substring === undefined) return { start: position(at), end: position(extent.end) }
    const { start, length } = place.substring
    const from = offsetInString(text, at + 1, start)
    return { start: position(from), end: position(offsetInString(text, from, length)) }
  }
  let places: ReadonlyMap<number, Place> | undefined
  return {
    locate: (place) => ({ path: pathTo(place), span: spanOf(place) }),
    placeAt(offset) {
      places ??= placesOf(root)
      return places.get(offset) ?? { cursor: rootCursor(root) }
    },
  }
}

/** Whether the place lies in the value of a member with this name. */
export function pathHas({ cursor }: Place, name: string): boolean {
  for (let at: Cursor | undefined = cursor; at !== undefined; at = at.parent)
    if (at.step === name) return true
  return false
}

/** From the document's text alone, where there are no nodes: one character, or the end. */
export function locationAt(text: string, offset: number): Location {
  const position = positions(text)
  const start = Math.min(Math.max(0, offset), text.length)
  return { path: [], span: { start: position(start), end: position(Math.min(start + 1, text.length)) } }
}

/** The offset of a 1-based line and column. */
export function offsetOf(text: string): (line: number, column: number) => number {
  const starts = lineStarts(text)
  return (line, column) => (starts[line - 1] ?? 0) + column - 1
}

function positions(text: string): (offset: number) => Position {
  const starts = lineStarts(text)
  return (offset) => {
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (starts[middle]! <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: offset - starts[low]!, offset }
  }
}

function pathTo({ cursor, key, substring }: Place): readonly PathElement[] {
  const path: PathElement[] = []
  for (let at: Cursor | undefined = cursor; at?.parent !== undefined; at = at.parent) {
    if (typeof at.step === 'number') path.push({ index: at.step })
    else path.push(key === true && at === cursor ? { key: at.step } : { value: at.step })
  }
  path.reverse()
  if (substring !== undefined) path.push({ substring })
  return path
}

interface Extent {
  readonly end: number
  /** Where the name of the member with this value starts. */
  readonly nameAt: number | undefined
}

function extentsOf(text: string, root: JsonNode): ReadonlyMap<JsonNode, Extent> {
  const extents = new Map<JsonNode, Extent>()
  const visit = (node: JsonNode, nameAt?: number): number => {
    const end = endOf(node)
    extents.set(node, { end, nameAt })
    return end
  }
  const endOf = (node: JsonNode): number => {
    switch (node.type) {
      case 'string':
        return endOfString(text, node.at)
      case 'number':
        return node.at + node.value.length
      case 'boolean':
        return node.at + (node.value ? 4 : 5)
      case 'null':
        return node.at + 4
      case 'array': {
        let at = node.at + 1
        for (const item of node.items) at = visit(item)
        return text.indexOf(']', at) + 1
      }
      case 'object': {
        let at = node.at + 1
        for (const { value, nameAt } of node.members) at = visit(value, nameAt)
        return text.indexOf('}', at) + 1
      }
    }
  }
  visit(root)
  return extents
}

/** Behind the closing quote of the string that opens at `at`. */
function endOfString(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i += 1) {
    const unit = text[i]
    if (unit === '\\') i += 1
    else if (unit === '"') return i + 1
  }
  return text.length
}

/** The offset `count` code units of the string's value behind `at`, which stands between its quotes. */
function offsetInString(text: string, at: number, count: number): number {
  let offset = at
  for (let i = 0; i < count; i += 1) {
    if (text[offset] !== '\\') offset += 1
    else offset += text[offset + 1] === 'u' ? 6 : 2
  }
  return Math.min(offset, text.length)
}

function placesOf(root: JsonNode): ReadonlyMap<number, Place> {
  const places = new Map<number, Place>()
  const visit = (cursor: Cursor) => {
    const { node } = cursor
    places.set(node.at, { cursor })
    if (node.type === 'array') {
      node.items.forEach((item, step) => visit({ node: item, parent: cursor, step }))
    } else if (node.type === 'object') {
      for (const { name, nameAt, value } of node.members) {
        const member = { node: value, parent: cursor, step: name }
        places.set(nameAt, { cursor: member, key: true })
        visit(member)
      }
    }
  }
  visit(rootCursor(root))
  return places
}
