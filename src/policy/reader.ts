/**
 * Walking a document's nodes while remembering the JSON path, and collecting every problem on the way.
 * The compiler's files read through this, so that each of them can report and go on.
 */
import type { PolicyProblem } from './document.js'
import type { JsonNode } from './json-node.js'

/** A node and how it was reached; the path is only spelled out when there is a problem to report. */
export interface Cursor {
  readonly node: JsonNode
  readonly parent: Cursor | undefined
  /** Member name or index within the parent. */
  readonly step: string | number
}

export interface Report {
  (code: string, cursor: Cursor, message: string): void
}

export interface Reader {
  readonly report: Report
  /** The members by name, reporting repeated ones; undefined (and reported) when this is no object. */
  members(cursor: Cursor): ReadonlyMap<string, Cursor> | undefined
  /** The one entry, or those of the list. */
  oneOrMore(cursor: Cursor): readonly Cursor[]
  /** Undefined (and reported) when this is no string. */
  text(cursor: Cursor): string | undefined
  /** Numbers and booleans may be bare: both spellings mean the same text. */
  scalar(cursor: Cursor): string | undefined
}

export function rootCursor(node: JsonNode): Cursor {
  return { node, parent: undefined, step: '$' }
}

/** @param source The text that the nodes' offsets point into, when there is one. */
export function createReader(source: string | undefined, problems: PolicyProblem[]): Reader {
  const locate = locator(source)
  const report: Report = (code, cursor, message) => {
    problems.push({ code, path: pathOf(cursor), message, ...locate(cursor.node.at) })
  }
  const mismatch = (cursor: Cursor, wanted: string): undefined => {
    report('DATA_TYPE_MISMATCH', cursor, `expected ${wanted}, found ${describe(cursor.node)}`)
    return undefined
  }
  return {
    report,
    members(cursor) {
      if (cursor.node.type !== 'object') return mismatch(cursor, 'an object')
      const members = new Map<string, Cursor>()
      for (const { name, nameAt, value } of cursor.node.members) {
        const member = { node: value, parent: cursor, step: name }
        if (members.has(name)) {
          problems.push({
            code: 'DUPLICATE_MEMBER',
            path: pathOf(member),
            message: `the member ${quoted(name)} appears more than once`,
            ...locate(nameAt),
          })
        }
        members.set(name, member)
      }
      return members
    },
    oneOrMore(cursor) {
      if (cursor.node.type !== 'array') return [cursor]
      return cursor.node.items.map((node, step) => ({ node, parent: cursor, step }))
    },
    text(cursor) {
      return cursor.node.type === 'string' ? cursor.node.value : mismatch(cursor, 'a string')
    },
    scalar(cursor) {
      const { node } = cursor
      if (node.type === 'string' || node.type === 'number') return node.value
      return node.type === 'boolean' ? String(node.value) : mismatch(cursor, 'a string, number or boolean')
    },
  }
}

/** 1-based line and column (UTF-16 code units) of an offset; nothing where there is no text. */
export function locator(source: string | undefined): (at: number) => { line?: number; column?: number } {
  let starts: number[] | undefined
  return (at) => {
    if (source === undefined || at < 0) return {}
    starts ??= lineStarts(source)
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (starts[middle]! <= at) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: at - starts[low]! + 1 }
  }
}

export function lineStarts(text: string): number[] {
  const starts = [0]
  for (const ending of text.matchAll(/\r\n|\n|\r/g)) starts.push(ending.index + ending[0].length)
  return starts
}

function pathOf(cursor: Cursor): string {
  const steps: string[] = []
  for (let at: Cursor | undefined = cursor; at?.parent !== undefined; at = at.parent) {
    steps.push(typeof at.step === 'number' ? `[${at.step}]` : nameStep(at.step))
  }
  return `$${steps.reverse().join('')}`
}

function nameStep(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name) ? `.${name}` : `[${JSON.stringify(shortened(name))}]`
}

/** Somebody's text for a message: in backticks, on one line, not too long. */
export function quoted(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what this removes
  return `\`${shortened(text).replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029`]/g, '\ufffd')}\``
}

function shortened(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`
}

function describe({ type }: JsonNode): string {
  if (type === 'array') return 'a list'
  return type === 'null' ? 'null' : `${type === 'object' ? 'an' : 'a'} ${type}`
}
