/**
 * JSON text (RFC 8259) → nodes with positions. Its own parser because JSON.parse forgets where things stood and
 * keeps only the last of repeated members, which would let a reviewer and the evaluator see different policies.
 * Depth is limited, so recursion is; the character set is the policy language's: tab, LF, CR, U+0020 to U+00FF.
 */
import {
  charactersWithoutSpace,
  isSpace,
  type JsonMember,
  type JsonNode,
  maxDepth,
  type NodeResult,
} from './json-node.js'

export function parseJsonText(text: string): NodeResult {
  const foreign = /[^\t\n\r\u0020-\u00ff]/.exec(text)
  if (foreign !== null) {
    const code = foreign[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')
    return {
      ok: false,
      code: 'INVALID_CHARACTER',
      message: `U+${code} is not allowed in a policy; write it as a \\u escape`,
      at: foreign.index,
    }
  }
  try {
    return { ok: true, node: readDocument(text), characters: charactersWithoutSpace(text) }
  } catch (error) {
    if (error instanceof SyntaxProblem)
      return { ok: false, code: error.code, message: error.message, at: error.at }
    throw error
  }
}

class SyntaxProblem extends Error {
  readonly code: string
  readonly at: number
  constructor(message: string, at: number, code = 'JSON_SYNTAX_ERROR') {
    super(message)
    this.code = code
    this.at = at
  }
}

const numberForm = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
/** A run of characters that need no further look inside a string. */
// oxlint-disable-next-line no-control-regex -- they end the run
const plainRun = /[^"\\\u0000-\u001f]*/y
const escapes: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
])

function readDocument(text: string): JsonNode {
  let at = 0

  const skipSpace = () => {
    while (isSpace(text.charCodeAt(at))) at += 1
  }
  const unexpected = (wanted: string): SyntaxProblem => {
    const found = at < text.length ? `\`${text.charAt(at)}\`` : 'the end of the text'
    return new SyntaxProblem(`expected ${wanted}, found ${found}`, at)
  }

  const readValue = (depth: number): JsonNode => {
    skipSpace()
    const start = at
    if (depth > maxDepth) {
      throw new SyntaxProblem(`the document nests deeper than ${maxDepth} levels`, at, 'NESTED_TOO_DEEP')
    }
    switch (text.charAt(at)) {
      case '{':
        return { type: 'object', members: readMembers(depth), at: start }
      case '[':
        return { type: 'array', items: readItems(depth), at: start }
      case '"':
        return { type: 'string', value: readString(), at: start }
      case 't':
        return readWord('true', { type: 'boolean', value: true, at: start })
      case 'f':
        return readWord('false', { type: 'boolean', value: false, at: start })
      case 'n':
        return readWord('null', { type: 'null', at: start })
      default:
        return { type: 'number', value: readNumber(), at: start }
    }
  }

  const readMembers = (depth: number): JsonMember[] => {
    const members: JsonMember[] = []
    at += 1
    skipSpace()
    if (text.charAt(at) === '}') {
      at += 1
      return members
    }
    for (;;) {
      skipSpace()
      if (text.charAt(at) !== '"') throw unexpected('a member name in double quotes')
      const nameAt = at
      const name = readString()
      skipSpace()
      if (text.charAt(at) !== ':') throw unexpected('`:`')
      at += 1
      members.push({ name, nameAt, value: readValue(depth + 1) })
      skipSpace()
      const next = text.charAt(at)
      if (next !== ',' && next !== '}') throw unexpected('`,` or `}`')
      at += 1
      if (next === '}') return members
    }
  }

  const readItems = (depth: number): JsonNode[] => {
    const items: JsonNode[] = []
    at += 1
    skipSpace()
    if (text.charAt(at) === ']') {
      at += 1
      return items
    }
    for (;;) {
      items.push(readValue(depth + 1))
      skipSpace()
      const next = text.charAt(at)
      if (next !== ',' && next !== ']') throw unexpected('`,` or `]`')
      at += 1
      if (next === ']') return items
    }
  }

  const readString = (): string => {
    const parts: string[] = []
    at += 1
    for (;;) {
      plainRun.lastIndex = at
      const run = plainRun.exec(text)?.[0] ?? ''
      parts.push(run)
      at += run.length
      const stop = text.charAt(at)
      if (stop === '"') {
        at += 1
        return parts.join('')
      }
      if (stop !== '\\') {
        throw stop === ''
          ? unexpected('`"`')
          : new SyntaxProblem('a control character must be escaped in a string', at)
      }
      parts.push(readEscape())
    }
  }

  const readEscape = (): string => {
    const kind = text.charAt(at + 1)
    const simple = escapes.get(kind)
    if (simple !== undefined) {
      at += 2
      return simple
    }
    const digits = text.slice(at + 2, at + 6)
    if (kind !== 'u' || !/^[0-9a-fA-F]{4}$/.test(digits))
      throw new SyntaxProblem('unknown escape in a string', at)
    at += 6
    return String.fromCharCode(Number.parseInt(digits, 16))
  }

  const readNumber = (): string => {
    numberForm.lastIndex = at
    const found = numberForm.exec(text)?.[0]
    if (found === undefined) throw unexpected('a value')
    at += found.length
    return found
  }

  const readWord = (word: string, node: JsonNode): JsonNode => {
    if (!text.startsWith(word, at)) throw unexpected('a value')
    at += word.length
    return node
  }

  const document = readValue(1)
  skipSpace()
  if (at < text.length) throw unexpected('nothing more')
  return document
}
