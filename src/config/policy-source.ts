/**
 * A policy as the configuration writes it (text, YAML or a file of either) → a compiled document, with every problem
 * at the file's own line and column. The language itself belongs to `policy/`.
 */
import { compilePolicy, compilePolicyNode, type PolicyDocument, type PolicyKind } from '../policy/document.js'
import type { JsonNode } from '../policy/json-node.js'
import { awsLimits, type PolicyLimits } from '../policy/kind.js'
import { createFindings, pathText, type Findings, type Path, type Place } from './place.js'
import type { Reading } from './reading.js'
import { parseSource } from './source-document.js'

export interface CompiledSource {
  readonly document: PolicyDocument
  /** The policy as plain data, for checks that need more than the language. */
  readonly data: unknown
  /** The same text as another kind of policy; undefined was reported. */
  as(kind: PolicyKind, name: string): PolicyDocument | undefined
  problem(path: Path, message: string): void
  warning(path: Path, message: string): void
}

interface Written {
  /** What the compiler is given: text stays text, so that it sees what JSON.parse would hide. */
  readonly given: unknown
  /** Instead of `given` where it is YAML: `1.10` and `1.1` are different text. */
  readonly node?: JsonNode | undefined
  readonly data: unknown
  readonly file: string
  /** Of the document within its file. */
  readonly path: Path
  lineOf(path: Path): number | undefined
  columnOf(path: Path): number | undefined
  /** From a line of the given text. */
  lineFrom(line: number): number | undefined
  columnFrom(column: number): number | undefined
}

/** @returns undefined when something was reported, or neither form is there (which the caller judges). */
export async function readPolicy(
  options: {
    readonly inline: string | object | undefined
    readonly file: string | undefined
    /** Where `inline` stands. */
    readonly place: Place
    /** Where the file's name stands. */
    readonly filePlace: Place
    readonly kind: PolicyKind
    readonly name: string
    readonly limits?: PolicyLimits
  },
  reading: Reading,
): Promise<CompiledSource | undefined> {
  const { findings } = reading
  const { inline, file, place, filePlace } = options
  if (inline !== undefined && file !== undefined) {
    findings.problem(filePlace, 'is given as well as the policy itself: keep one')
    return undefined
  }
  const written =
    inline !== undefined
      ? inlinePolicy(inline, place)
      : file === undefined
        ? undefined
        : await policyFile(file, filePlace, reading)
  if (written === undefined) return undefined

  const { kind, name, limits = awsLimits } = options
  const document = compileWritten(written, kind, name, limits, findings)
  if (document === undefined) return undefined
  reading.policies.push({
    ...written,
    kind,
    source: written.node === undefined ? written.given : written.data,
  })
  const said = (path: Path): Place => ({
    path: [...written.path, ...path],
    source: {
      file: written.file,
      value: undefined,
      lineOf: () => written.lineOf(path),
      textStart: () => undefined,
    },
  })
  return {
    document,
    data: written.data,
    as: (otherKind, otherName) => compileWritten(written, otherKind, otherName, limits, findings),
    problem: (path, message) => findings.problem(said(path), message),
    warning: (path, message) => findings.warning(said(path), message),
  }
}

function compileWritten(
  written: Written,
  kind: PolicyKind,
  name: string,
  limits: PolicyLimits,
  findings: Findings,
): PolicyDocument | undefined {
  const compiled =
    written.node === undefined
      ? compilePolicy(written.given, kind, name, limits)
      : compilePolicyNode(written.node, undefined, kind, name, limits)
  if (compiled.ok) return compiled.policy
  for (const { path, line, column, message } of compiled.problems) {
    const steps = pathOf(path)
    const at = line === undefined ? written.lineOf(steps) : written.lineFrom(line)
    const across = column === undefined ? written.columnOf(steps) : written.columnFrom(column)
    findings.add({
      file: written.file,
      ...(at === undefined ? {} : { line: at }),
      ...(across === undefined ? {} : { column: across }),
      path: pathText([...written.path, ...steps]),
      message,
    })
  }
  return undefined
}

function inlinePolicy(inline: string | object, place: Place): Written {
  const { source, path } = place
  if (typeof inline !== 'string') {
    return {
      given: inline,
      node: source.nodeAt?.(path),
      data: inline,
      file: source.file,
      path,
      lineOf: (inner) => source.lineOf([...path, ...inner]),
      columnOf: (inner) => source.columnOf?.([...path, ...inner]),
      lineFrom: () => source.lineOf(path),
      columnFrom: () => source.columnOf?.(path),
    }
  }
  const start = source.textStart(path)
  // Folded and quoted text has no lines of its own any more.
  const lineFrom = (line: number) => (start?.verbatim === true ? start.line + line - 1 : start?.line)
  const columnFrom = (column: number) =>
    start?.verbatim === true ? start.column + column - 1 : start?.column
  const parsed = parseSource('policy.json', inline, createFindings())
  return {
    given: inline,
    data: parsed?.value,
    file: source.file,
    path,
    lineFrom,
    columnFrom,
    lineOf: (inner) => lineFrom(parsed?.lineOf(inner) ?? 1),
    columnOf: (inner) => columnFrom(parsed?.columnOf?.(inner) ?? 1),
  }
}

async function policyFile(file: string, place: Place, reading: Reading): Promise<Written | undefined> {
  const text = await reading.file(file, place)
  if (text === undefined) return undefined
  const json = file.endsWith('.json')
  const parsed = parseSource(file, text, json ? createFindings() : reading.findings)
  if (!json && parsed === undefined) return undefined
  return {
    given: json ? text.replace(/^\uFEFF/, '') : parsed?.value,
    node: json ? undefined : parsed?.nodeAt?.([]),
    data: parsed?.value,
    file,
    path: [],
    lineFrom: (line) => line,
    columnFrom: (column) => column,
    lineOf: (inner) => parsed?.lineOf(inner),
    columnOf: (inner) => parsed?.columnOf?.(inner),
  }
}

/** `$.Statement[0]["a b"]` → its steps. */
function pathOf(path: string): Path {
  const steps: (string | number)[] = []
  for (const [, name, index, quoted] of path.matchAll(
    /\.([A-Za-z_]\w*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/g,
  )) {
    if (index !== undefined) steps.push(Number(index))
    else steps.push(name ?? String(JSON.parse(quoted ?? '""')))
  }
  return steps
}
