/**
 * A document before it is understood: JSON values that remember where they were written and every member of an
 * object, repeated ones included. Text and already parsed values both become this, so there is one compiler.
 */
export type JsonNode =
  | { readonly type: 'object'; readonly members: readonly JsonMember[]; readonly at: number }
  | { readonly type: 'array'; readonly items: readonly JsonNode[]; readonly at: number }
  | { readonly type: 'string'; readonly value: string; readonly at: number }
  /** The number as it was written, since `1.10` and `1.1` are different text. */
  | { readonly type: 'number'; readonly value: string; readonly at: number }
  | { readonly type: 'boolean'; readonly value: boolean; readonly at: number }
  | { readonly type: 'null'; readonly at: number }

export interface JsonMember {
  readonly name: string
  readonly nameAt: number
  readonly value: JsonNode
}

/** Offset in the text, or this when there is no text. */
export const nowhere = -1

/** A policy needs six levels: document, statements, statement, condition, operator, values. */
export const maxDepth = 16

export type NodeResult =
  | { readonly ok: true; readonly node: JsonNode; readonly characters: number }
  | { readonly ok: false; readonly code: string; readonly message: string; readonly at: number }

/**
 * An already parsed value as nodes, with its size as JSON text without white space. Members that are `undefined` are left out, as
 * JSON.stringify does; whatever JSON cannot say (functions, dates, NaN) is refused, and so is more than
 * `maxCharacters`. Own members only, so a polluted prototype adds nothing.
 */
export function nodeOf(value: unknown, maxCharacters: number): NodeResult {
  let characters = 0
  const grow = (by: number) => {
    characters += by
    if (characters > maxCharacters) {
      throw new Refused('DOCUMENT_TOO_LARGE', `the document has more than ${maxCharacters} characters`)
    }
  }
  const read = (current: unknown, depth: number): JsonNode => {
    if (depth > maxDepth)
      throw new Refused('NESTED_TOO_DEEP', `the document nests deeper than ${maxDepth} levels`)
    switch (typeof current) {
      case 'string':
        grow(charactersWithoutSpace(JSON.stringify(current)))
        return { type: 'string', value: current, at: nowhere }
      case 'boolean':
        grow(current ? 4 : 5)
        return { type: 'boolean', value: current, at: nowhere }
      case 'number':
      case 'bigint': {
        const text = String(current)
        if (typeof current === 'number' && !Number.isFinite(current)) break
        grow(text.length)
        return { type: 'number', value: text, at: nowhere }
      }
      case 'object':
        if (current === null) {
          grow(4)
          return { type: 'null', at: nowhere }
        }
        grow(2)
        if (Array.isArray(current)) return { type: 'array', items: readItems(current, depth), at: nowhere }
        if (isPlain(current)) return { type: 'object', members: readMembers(current, depth), at: nowhere }
        break
      case 'undefined':
      case 'function':
      case 'symbol':
        break
    }
    throw new Refused('DATA_TYPE_MISMATCH', 'the document holds a value that JSON has no form for')
  }
  const readItems = (items: readonly unknown[], depth: number) => {
    const nodes: JsonNode[] = []
    for (const item of items) {
      grow(nodes.length === 0 ? 0 : 1)
      nodes.push(read(item, depth + 1))
    }
    return nodes
  }
  const readMembers = (object: object, depth: number) => {
    const members: JsonMember[] = []
    for (const [name, member] of Object.entries(object)) {
      if (member === undefined) continue
      grow(charactersWithoutSpace(JSON.stringify(name)) + (members.length === 0 ? 1 : 2))
      members.push({ name, nameAt: nowhere, value: read(member, depth + 1) })
    }
    return members
  }
  try {
    return { ok: true, node: read(value, 1), characters }
  } catch (error) {
    if (error instanceof Refused) return { ok: false, code: error.code, message: error.message, at: nowhere }
    return { ok: false, code: 'UNREADABLE_VALUE', message: 'the document cannot be read', at: nowhere }
  }
}

/** The size as JSON text without white space, and how many levels there are; one that is far too deep is not finished. */
export function measureNode(node: JsonNode): { readonly characters: number; readonly depth: number } {
  let characters = 0
  let deepest = 0
  const visit = (current: JsonNode, depth: number) => {
    deepest = Math.max(deepest, depth)
    if (depth > maxDepth) return
    switch (current.type) {
      case 'string':
        characters += charactersWithoutSpace(JSON.stringify(current.value))
        break
      case 'number':
        characters += current.value.length
        break
      case 'boolean':
        characters += current.value ? 4 : 5
        break
      case 'null':
        characters += 4
        break
      case 'array':
        characters += 2 + Math.max(0, current.items.length - 1)
        for (const item of current.items) visit(item, depth + 1)
        break
      case 'object':
        characters += 2 + Math.max(0, current.members.length - 1)
        for (const { name, value } of current.members) {
          characters += charactersWithoutSpace(JSON.stringify(name)) + 1
          visit(value, depth + 1)
        }
    }
  }
  visit(node, 1)
  return { characters, depth: deepest }
}

/** What size limits count. */
export function charactersWithoutSpace(text: string): number {
  let count = 0
  for (let i = 0; i < text.length; i += 1) if (!isSpace(text.charCodeAt(i))) count += 1
  return count
}

/** The four characters that JSON skips between its tokens. */
export function isSpace(unit: number): boolean {
  return unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09
}

class Refused extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  // Objects of another realm (a worker, a test runner's sandbox) have another Object.prototype.
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
