/**
 * The door of the `yaml` package: text of a YAML or JSON file → plain data that remembers its lines. Everything that
 * YAML allows and a configuration must not contain is refused here with its line: repeated names, tags, more than one
 * document, deep nesting, alias bombs, names that would reach a prototype, and numbers that lost a leading zero.
 */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  Scalar,
  type Alias,
  type Document,
  type Node,
  type ParsedNode,
  type Range,
  type YAMLError,
} from 'yaml'
import type { JsonNode } from '../policy/json-node.js'
import { refusedBeforeParsing } from './before-parsing.js'
import type { Findings, Path, Source, TextStart } from './place.js'
import { pathText } from './place.js'

const maxDepth = 64
const maxNodes = 500_000

/**
 * Reports what is wrong and returns `undefined` when the text gives no data at all; an empty file is an empty record.
 * @param file shown in problems; a name ending in `.json` must be strict JSON.
 */
export function parseSource(file: string, text: string, findings: Findings): Source | undefined {
  const unmarked = withoutMark(text)
  const read = readDocument(file, unmarked)
  if (!read.ok) {
    for (const { path, ...fault } of read.faults) findings.add({ file, ...fault, path: pathText(path) })
    return undefined
  }
  const { root, value, lines, target } = read
  return {
    file,
    value,
    lineOf: (path) => find(root, path, lines, target).start?.line,
    columnOf: (path) => find(root, path, lines, target).start?.col,
    textStart: (path) => textStart(find(root, path, lines, target), lines, unmarked),
    nodeAt: (path) => {
      const { node, whole } = find(root, path, lines, target)
      return whole && node !== null ? jsonNode(node, target) : undefined
    },
  }
}

/** What is wrong with a text, and where; line and column count from 1. */
export interface SourceFault {
  readonly line?: number
  readonly column?: number
  readonly path: Path
  readonly message: string
}

/**
 * The same text as JSON values with offsets, for readers that say where in it something stands. An alias is what it
 * stands for; a number keeps its spelling where that is JSON's too.
 */
export function parseNodes(
  file: string,
  text: string,
):
  | { readonly ok: true; readonly node: JsonNode }
  | { readonly ok: false; readonly faults: readonly SourceFault[] } {
  const read = readDocument(file, text)
  if (!read.ok) return read
  const { root, target } = read
  return { ok: true, node: root === null ? { type: 'object', members: [], at: 0 } : jsonNode(root, target) }
}

type ReadDocument =
  | {
      readonly ok: true
      readonly root: Node | null
      readonly value: unknown
      readonly lines: LineCounter
      readonly target: Target
    }
  | { readonly ok: false; readonly faults: readonly SourceFault[] }

function readDocument(file: string, text: string): ReadDocument {
  const refused = refusedBeforeParsing(file, text)
  if (refused !== undefined) return { ok: false, faults: [{ path: [], ...refused }] }
  const lines = new LineCounter()
  let document: Document.Parsed
  try {
    document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      // Ours, below: the package compares every name with every other.
      uniqueKeys: false,
    })
  } catch {
    // The parser recurses; a stack overflow must stay a refusal.
    return { ok: false, faults: [{ path: [], message: 'is nested too deeply to be read' }] }
  }
  const broken: readonly YAMLError[] = [...document.errors, ...document.warnings]
  if (broken.length > 0) {
    const faults = broken.map((fault) => {
      const { line, col } = lines.linePos(fault.pos[0])
      return { line, column: col, path: [], message: wording(fault) }
    })
    return { ok: false, faults }
  }
  const faults: SourceFault[] = []
  const walk = createWalk((node, path, message) => {
    const at = startOf(node, lines)
    faults.push({ ...(at === undefined ? {} : { line: at.line, column: at.col }), path, message })
  })
  const value = document.contents === null ? {} : walk.plain(document.contents, [], 0)
  if (!walk.sound()) return { ok: false, faults }
  return { ok: true, root: document.contents, value, lines, target: walk.target }
}

const withoutMark = (text: string): string => (text.startsWith('\uFEFF') ? text.slice(1) : text)

/** Only for nodes that were walked: what is recursive, too large or of another kind was refused there. */
function jsonNode(node: Node | null, target: Target): JsonNode {
  const at = node?.range?.[0] ?? 0
  if (isAlias(node)) return jsonNode(target(node) ?? null, target)
  if (isSeq<Node>(node)) return { type: 'array', items: node.items.map((item) => jsonNode(item, target)), at }
  if (isMap<Node, Node | null>(node)) {
    const members = node.items.map(({ key, value }) => ({
      name: isScalar(key) ? String(key.value) : '',
      nameAt: key.range?.[0] ?? at,
      value: value === null ? { type: 'null' as const, at: key.range?.[0] ?? at } : jsonNode(value, target),
    }))
    return { type: 'object', members, at }
  }
  const value = isScalar(node) ? node.value : null
  if (typeof value === 'string') return { type: 'string', value, at }
  if (typeof value === 'boolean') return { type: 'boolean', value, at }
  if (typeof value !== 'number' && typeof value !== 'bigint') return { type: 'null', at }
  const written = isScalar(node) ? (node.source ?? '') : ''
  return { type: 'number', value: jsonNumber.test(written) ? written : String(value), at }
}

const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

function wording(fault: YAMLError): string {
  if (fault.code === 'MULTIPLE_DOCS') return 'holds more than one document (`---`)'
  if (fault.code === 'TAB_AS_INDENT') return 'is indented with a tab; YAML wants spaces'
  if (fault.code === 'TAG_RESOLVE_FAILED') return 'uses a tag (`!…`), and tags are not read here'
  return fault.message.charAt(0).toLowerCase() + fault.message.slice(1)
}

/** AST → plain data, every alias resolved, with a cap on what aliases may expand to. */
function createWalk(refuse: (node: Node, path: Path, message: string) => void) {
  // Aliases are met in document order first, so the latest anchor of a name is the one meant (YAML 1.2, 7.1). The
  // package's own resolve() searches the whole document for each alias.
  const anchors = new Map<string, Node>()
  const targets = new Map<Alias, Node>()
  const seen = new Set<Node>()
  let nodes = 0
  let sound = true
  const fail = (node: Node, path: Path, message: string): undefined => {
    sound = false
    refuse(node, path, message)
  }
  const plain = (node: Node, path: Path, depth: number): unknown => {
    if (nodes > maxNodes) return undefined
    nodes++
    if (nodes > maxNodes) return fail(node, [], `holds more than ${maxNodes} values, aliases expanded`)
    if (depth > maxDepth) return fail(node, path, 'is nested too deeply')
    if (isAlias(node)) {
      const target = targets.get(node) ?? anchors.get(node.source)
      if (target === undefined) return fail(node, path, `\`*${node.source}\` names no anchor before it`)
      targets.set(node, target)
      return plain(target, path, depth + 1)
    }
    if (node.anchor !== undefined && !seen.has(node)) {
      seen.add(node)
      anchors.set(node.anchor, node)
    }
    if (node.tag !== undefined && !coreTags.has(node.tag)) {
      return fail(node, path, 'uses a tag (`!…`), and tags are not read here')
    }
    if (isScalar(node)) {
      if (typeof node.value === 'number' && /^[-+]?0\d/.test(node.source ?? '')) {
        return fail(node, path, `\`${node.source}\` reads as a number and loses its leading zero: quote it`)
      }
      return node.value
    }
    if (isSeq<Node>(node)) return node.items.map((item, i) => plain(item, [...path, i], depth + 1))
    if (isMap<Node, Node | null>(node)) {
      const record: Record<string, unknown> = {}
      for (const { key, value } of node.items) {
        const name = isScalar(key) ? key.value : undefined
        if (typeof name !== 'string') {
          fail(key, path, 'a name must be text: quote it')
        } else if (name === '__proto__') {
          fail(key, path, '`__proto__` is not a name that is accepted here')
        } else if (Object.hasOwn(record, name)) {
          fail(key, [...path, name], `\`${name}\` is given twice`)
        } else {
          record[name] = value === null ? null : plain(value, [...path, name], depth + 1)
        }
      }
      return record
    }
    return undefined
  }
  return { plain, sound: () => sound, target: (alias: Alias) => targets.get(alias) }
}

const coreTags = new Set(
  ['map', 'seq', 'str', 'int', 'float', 'bool', 'null'].map((name) => `tag:yaml.org,2002:${name}`),
)

type Target = (alias: Alias) => Node | undefined

interface Found {
  readonly node: Node | null
  readonly start: Start | undefined
  readonly whole: boolean
}

function find(root: Node | null, path: Path, lines: LineCounter, target: Target): Found {
  let node = root
  let start = startOf(node, lines)
  for (const step of path) {
    if (isAlias(node)) node = target(node) ?? null
    if (isSeq<Node>(node) && typeof step === 'number' && node.items[step] !== undefined) {
      node = node.items[step]
      start = startOf(node, lines)
    } else if (isMap<Node, Node | null>(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === step)
      if (pair === undefined) return { node, start, whole: false }
      node = pair.value
      start = startOf(pair.key, lines) ?? start
    } else {
      return { node, start, whole: false }
    }
  }
  return { node: isAlias(node) ? (target(node) ?? null) : node, start, whole: true }
}

function textStart({ node, whole }: Found, lines: LineCounter, text: string): TextStart | undefined {
  const start = startOf(node, lines)
  if (!whole || !isScalar(node) || start === undefined) return undefined
  if (node.type !== Scalar.BLOCK_LITERAL) return { line: start.line, column: start.col, verbatim: false }
  // A block scalar's range starts at its `|`; the content starts on the next line.
  const line = start.line + 1
  return {
    line,
    column: indentOf(String(node.value), text, lines.lineStarts.slice(line - 1)) + 1,
    verbatim: true,
  }
}

/** How far a block is indented: by what its first line that is not blank lost. */
function indentOf(content: string, text: string, lineStarts: readonly number[]): number {
  const kept = content.split('\n')
  const first = kept.findIndex((line) => line.trim() !== '')
  const from = lineStarts[first]
  return from === undefined ? 0 : leadingSpaces(text, from) - leadingSpaces(kept[first]!, 0)
}

function leadingSpaces(text: string, from: number): number {
  let at = from
  while (text.charAt(at) === ' ') at++
  return at - from
}

interface Start {
  readonly line: number
  readonly col: number
}

function startOf(node: Node | ParsedNode | null, lines: LineCounter): Start | undefined {
  const range: Range | null | undefined = node?.range
  return range ? lines.linePos(range[0]) : undefined
}
