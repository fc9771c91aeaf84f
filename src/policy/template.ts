/**
 * Text in which `${key}` stands for a value of the request (policy variables), parsed once.
 * A substituted value is plain text: its `*`, `?` and `${` mean nothing, so no user can name himself a pattern.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
 */
import type { RequestContext } from './context.js'
import { type GlobPiece, wildcardPieces } from './glob.js'

export interface Variable {
  /** Lower case. */
  readonly key: string
  /** From `${key, 'text'}`: stands in when the key is absent. */
  readonly otherwise: string | undefined
}

export type Piece = GlobPiece | Variable

export type Template =
  | { readonly ok: true; readonly pieces: readonly Piece[]; readonly hasVariables: boolean }
  | { readonly ok: false; readonly code: TemplateFault; readonly message: string }

export type TemplateFault =
  | 'MISSING_BRACE_IN_VARIABLE'
  | 'MISSING_QUOTE_IN_VARIABLE'
  | 'EMPTY_VARIABLE'
  | 'UNSUPPORTED_SPACE_IN_VARIABLE'
  | 'UNSUPPORTED_SYMBOL_IN_VARIABLE'

export interface Reading {
  /** Whether `*` and `?` are wildcards here. */
  readonly wildcards: boolean
  /** Whether `${…}` is a variable: true in the 2012-10-17 language, plain text before. */
  readonly variables: boolean
}

export function parseTemplate(text: string, reading: Reading): Template {
  const plain = (part: string): readonly Piece[] => (reading.wildcards ? wildcardPieces(part) : [part])
  if (!reading.variables || !text.includes('${'))
    return { ok: true, pieces: plain(text), hasVariables: false }
  const pieces: Piece[] = []
  let hasVariables = false
  let from = 0
  for (let open = text.indexOf('${'); open >= 0; open = text.indexOf('${', from)) {
    if (open > from) pieces.push(...plain(text.slice(from, open)))
    const escape = text.slice(open + 2, open + 4)
    if (escape === '*}' || escape === '?}' || escape === '$}') {
      pieces.push(escape.charAt(0))
      from = open + 4
      continue
    }
    const variable = parseVariable(text, open + 2)
    if ('code' in variable) return { ok: false, ...variable }
    pieces.push({ key: variable.key, otherwise: variable.otherwise })
    hasVariables = true
    from = variable.end
  }
  if (from < text.length) pieces.push(...plain(text.slice(from)))
  return { ok: true, pieces, hasVariables }
}

type Fault = { readonly code: TemplateFault; readonly message: string }

/** Reads `key}` or `key, 'text'}` at `from`. */
function parseVariable(text: string, from: number): (Variable & { readonly end: number }) | Fault {
  let at = from
  while (at < text.length && !'},\'"${ \t\r\n'.includes(text.charAt(at))) at += 1
  const key = text.slice(from, at).toLowerCase()
  const stop = text.charAt(at)
  if (stop === '')
    return { code: 'MISSING_BRACE_IN_VARIABLE', message: 'a policy variable lacks its closing brace' }
  if (key === '') return { code: 'EMPTY_VARIABLE', message: 'a policy variable names no key' }
  if (stop === '}') return { key, otherwise: undefined, end: at + 1 }
  if (stop === ',') return parseDefault(text, at, key)
  if (' \t\r\n'.includes(stop)) {
    return { code: 'UNSUPPORTED_SPACE_IN_VARIABLE', message: 'a policy variable has a space in its name' }
  }
  return {
    code: 'UNSUPPORTED_SYMBOL_IN_VARIABLE',
    message: `a policy variable has \`${stop}\` in its name (variables do not nest)`,
  }
}

function parseDefault(
  text: string,
  comma: number,
  key: string,
): (Variable & { readonly end: number }) | Fault {
  if (text.slice(comma, comma + 3) !== ", '") {
    return {
      code: 'MISSING_QUOTE_IN_VARIABLE',
      message: "a policy variable's default is written as a comma, one space, and text in single quotes",
    }
  }
  const close = text.indexOf("'", comma + 3)
  if (close < 0) {
    return {
      code: 'MISSING_QUOTE_IN_VARIABLE',
      message: "a policy variable's default lacks its closing quote",
    }
  }
  if (text.charAt(close + 1) !== '}') {
    return { code: 'MISSING_BRACE_IN_VARIABLE', message: 'a policy variable lacks its closing brace' }
  }
  return { key, otherwise: text.slice(comma + 3, close), end: close + 2 }
}

/**
 * Puts the request's values in, or answers undefined when one has no value and no default. A multivalued key has no
 * single text to stand in, so it counts as having no value, and its default does not help.
 */
export function fillTemplate(pieces: readonly Piece[], context: RequestContext): GlobPiece[] | undefined {
  const filled: GlobPiece[] = []
  for (const piece of pieces) {
    if (typeof piece !== 'object') {
      filled.push(piece)
      continue
    }
    const value = context.has(piece.key) ? context.get(piece.key) : piece.otherwise
    if (typeof value !== 'string') return undefined
    filled.push(value)
  }
  return filled
}

/** The text of pieces that hold no wildcard; undefined when one does. */
export function literalText(pieces: readonly Piece[]): string | undefined {
  let text = ''
  for (const piece of pieces) {
    if (typeof piece !== 'string') return undefined
    text += piece
  }
  return text
}
