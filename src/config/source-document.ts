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
import type { Findings, Path, Source } from './place.js'
import { pathText } from './place.js'

/** Generous for hand-written files, small enough that a reload is refused quickly. */
export const maxFileBytes = 2 * 1024 * 1024
const maxDepth = 64
const maxNodes = 500_000

/**
 * Reports what is wrong and returns `undefined` when the text gives no data at all; an empty file is an empty record.
 * @param file shown in problems; a name ending in `.json` must be strict JSON.
 */
export function parseSource(file: string, text: string, findings: Findings): Source | undefined {
  const body = text.startsWith('\uFEFF') ? text.slice(1) : text
  const refused = refusedBeforeParsing(file, body)
  if (refused !== undefined) {
    findings.add({ file, path: '', ...refused })
    return undefined
  }
  const lines = new LineCounter()
  let document: Document.Parsed
  try {
    document = parseDocument(body, {
      lineCounter: lines,
      prettyErrors: false,
      // Ours, below: the package compares every name with every other.
      uniqueKeys: false,
    })
  } catch {
    // The parser recurses; a stack overflow must stay a refusal.
    findings.add({ file, path: '', message: 'is nested too deeply to be read' })
    return undefined
  }
  const faults: readonly YAMLError[] = [...document.errors, ...document.warnings]
  for (const fault of faults) {
    findings.add({ file, line: lines.linePos(fault.pos[0]).line, path: '', message: wording(fault) })
  }
  if (faults.length > 0) return undefined

  const walk = createWalk((node, path, message) => {
    const line = startLine(node, lines)
    findings.add({ file, ...(line === undefined ? {} : { line }), path: pathText(path), message })
  })
  const value = document.contents === null ? {} : walk.plain(document.contents, [], 0)
  if (!walk.sound()) return undefined
  return {
    file,
    value,
    lineOf: (path) => find(document.contents, path, lines, walk.target).line,
    textStart: (path) => textStart(find(document.contents, path, lines, walk.target), lines),
  }
}

function refusedBeforeParsing(
  file: string,
  text: string,
): { readonly line?: number; readonly message: string } | undefined {
  if (text.length > maxFileBytes) return { message: `is longer than ${maxFileBytes} bytes` }
  // Measured: 100,000 nested `- ` on one line end the process inside the parser, past any catch.
  const deep = /^[ \t\-?:]{257}/m.exec(text)
  if (deep !== null) {
    return { line: lineAt(text, deep.index), message: 'is indented or nested too deeply' }
  }
  let open = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 0x5b || c === 0x7b) open++
    else if ((c === 0x5d || c === 0x7d) && open > 0) open--
    if (open > 256) return { line: lineAt(text, i), message: 'is nested too deeply' }
  }
  if (file.endsWith('.json')) {
    try {
      JSON.parse(text)
    } catch (error) {
      const position = faultPosition(error)
      // What is missing at the end is missing after the last line that says anything.
      const said = text.trimEnd()
      const line = position === undefined ? brokenLine(said) : lineAt(said, position)
      return { line, message: 'is not valid JSON' }
    }
  }
  return undefined
}

function faultPosition(error: unknown): number | undefined {
  const position = /at position (\d+)/.exec(String(error))?.[1]
  return position === undefined ? undefined : Number(position)
}

/** For faults that the engine gives no position of: the first line that no continuation could make right. */
function brokenLine(text: string): number {
  const ends = [...text.matchAll(/\n|$/g)].map(({ index }) => index)
  let first = 0
  let last = ends.length - 1
  while (first < last) {
    const middle = Math.floor((first + last) / 2)
    if (isBeyondRepair(text.slice(0, ends[middle]))) last = middle
    else first = middle + 1
  }
  return first + 1
}

function isBeyondRepair(beginning: string): boolean {
  try {
    JSON.parse(beginning)
    return false
  } catch (error) {
    const position = faultPosition(error)
    if (position !== undefined) return position < beginning.trimEnd().length
    return !String(error).includes('Unexpected end')
  }
}

const lineAt = (text: string, index: number): number => text.slice(0, index).split('\n').length

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
  readonly line: number | undefined
  readonly whole: boolean
}

function find(root: Node | null, path: Path, lines: LineCounter, target: Target): Found {
  let node = root
  let line = startLine(node, lines)
  for (const step of path) {
    if (isAlias(node)) node = target(node) ?? null
    if (isSeq<Node>(node) && typeof step === 'number' && node.items[step] !== undefined) {
      node = node.items[step]
      line = startLine(node, lines)
    } else if (isMap<Node, Node | null>(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === step)
      if (pair === undefined) return { node, line, whole: false }
      node = pair.value
      line = startLine(pair.key, lines) ?? line
    } else {
      return { node, line, whole: false }
    }
  }
  return { node: isAlias(node) ? (target(node) ?? null) : node, line, whole: true }
}

function textStart({ node, whole }: Found, lines: LineCounter): ReturnType<Source['textStart']> {
  const line = startLine(node, lines)
  if (!whole || !isScalar(node) || line === undefined) return undefined
  // A block scalar's range starts at its `|`; the content starts on the next line.
  return node.type === Scalar.BLOCK_LITERAL ? { line: line + 1, verbatim: true } : { line, verbatim: false }
}

function startLine(node: Node | ParsedNode | null, lines: LineCounter): number | undefined {
  const range: Range | null | undefined = node?.range
  return range ? lines.linePos(range[0]).line : undefined
}
