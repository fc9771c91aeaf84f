/**
 * A policy document: text or a parsed value in, an immutable compiled policy or every problem at once out.
 * The statements' elements are compiled in files of their own; this one owns the outermost object and the limits.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */
import { type ActionIndex, indexByAction } from './action-index.js'
import { type JsonNode, maxDepth, measureNode, type NodeResult, nodeOf } from './json-node.js'
import { parseJsonText } from './json-text.js'
import { awsLimits, kindRules, type PolicyLimits } from './kind.js'
import { createReader, type Cursor, locator, quoted, type Reader, rootCursor } from './reader.js'
import { compileStatement, type Statement } from './statement.js'

/** A policy document, compiled and immutable. Only `compilePolicy` makes one, so evaluation cannot meet bad syntax. */
export interface PolicyDocument {
  readonly kind: PolicyKind
  /** What explanations and decisions call this document, e.g. `trust policy of arn:…:role/x`. */
  readonly name: string
  readonly version: PolicyVersion
  readonly id: string | undefined
  readonly statements: readonly Statement[]
  /** The same statements, apart by effect. */
  readonly allows: ActionIndex<Statement>
  readonly denies: ActionIndex<Statement>
}

export type PolicyKind =
  'identity' | 'trust' | 'resource' | 'boundary' | 'session' | 'service-control' | 'resource-control'

/** Without `Version` a document is in the language of 2008, where `${…}` is plain text. */
export type PolicyVersion = '2012-10-17' | '2008-10-17'

export interface PolicyProblem {
  /** Stable, e.g. `INVALID_EFFECT`. */
  readonly code: string
  /** JSON path inside the document, e.g. `$.Statement[0].Effect`. */
  readonly path: string
  readonly message: string
  /** 1-based, where the source was text. */
  readonly line?: number
  readonly column?: number
}

export type CompiledPolicy =
  | { readonly ok: true; readonly policy: PolicyDocument }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] }

/** Longer texts are refused unread, white space or not. */
const maxTextCharacters = 1_048_576

/**
 * Text (JSON) or an already parsed value → a compiled policy, or every problem at once. Never throws.
 *
 * Checks what the identity service checks on save: grammar, what the kind may hold, operators, variables, principal
 * and ARN forms, size. Does not ask whether actions, condition keys, principals or resources exist.
 * @param limits Characters per kind; `awsLimits` unless the operator has others.
 */
export function compilePolicy(
  source: unknown,
  kind: PolicyKind,
  name: string,
  limits: PolicyLimits = awsLimits,
): CompiledPolicy {
  const text = typeof source === 'string' ? source : undefined
  const parsed = readSource(source, Math.max(maxTextCharacters, limits[kind]))
  if (!parsed.ok) {
    const { code, message, at } = parsed
    return { ok: false, problems: [{ code, path: '$', message, ...locator(text)(at) }] }
  }
  const counted = kindRules[kind].countsWhiteSpace && text !== undefined ? text.length : parsed.characters
  return compileNode(parsed.node, { kind, name, text, counted, limit: limits[kind] })
}

/**
 * The same for a document that another syntax (YAML) was read into nodes from.
 * @param text What the nodes' offsets point into; without it problems have paths only.
 */
export function compilePolicyNode(
  node: JsonNode,
  text: string | undefined,
  kind: PolicyKind,
  name: string,
  limits: PolicyLimits = awsLimits,
): CompiledPolicy {
  const { characters, depth } = measureNode(node)
  if (depth > maxDepth) {
    const message = `the document nests deeper than ${maxDepth} levels`
    return {
      ok: false,
      problems: [{ code: 'NESTED_TOO_DEEP', path: '$', message, ...locator(text)(node.at) }],
    }
  }
  return compileNode(node, { kind, name, text, counted: characters, limit: limits[kind] })
}

function readSource(source: unknown, maxCharacters: number): NodeResult {
  if (typeof source !== 'string') return nodeOf(source, maxCharacters)
  if (source.length <= maxCharacters) return parseJsonText(source)
  const message = `the document has more than ${maxCharacters} characters`
  return { ok: false, code: 'DOCUMENT_TOO_LARGE', message, at: 0 }
}

interface Source {
  readonly kind: PolicyKind
  readonly name: string
  readonly text: string | undefined
  readonly counted: number
  readonly limit: number
}

function compileNode(node: JsonNode, { kind, name, text, counted, limit }: Source): CompiledPolicy {
  const problems: PolicyProblem[] = []
  const reader = createReader(text, problems)
  const root = rootCursor(node)
  if (counted > limit) {
    reader.report(
      'POLICY_SIZE_EXCEEDED',
      root,
      `${kind} policies may have ${limit} characters, this one has ${counted}`,
    )
  }
  const members = reader.members(root)
  if (members === undefined) return { ok: false, problems }
  for (const [member, cursor] of members) {
    if (!['Version', 'Id', 'Statement'].includes(member)) {
      reader.report('INVALID_POLICY_ELEMENT', cursor, `a policy has no element ${quoted(member)}`)
    }
  }
  const version = readVersion(root, members.get('Version'), kind, reader)
  const id = readId(members.get('Id'), kind, reader)
  const statements = readStatements(root, members.get('Statement'), { kind, name }, version, reader)
  if (problems.length > 0) return { ok: false, problems }
  const policy: PolicyDocument = {
    kind,
    name,
    version,
    id,
    statements,
    allows: indexByAction(withEffect('Allow', statements)),
    denies: indexByAction(withEffect('Deny', statements)),
  }
  return { ok: true, policy: Object.freeze(policy) }
}

function readVersion(
  root: Cursor,
  cursor: Cursor | undefined,
  kind: PolicyKind,
  reader: Reader,
): PolicyVersion {
  const version = cursor === undefined ? '2008-10-17' : reader.text(cursor)
  if (cursor !== undefined && version !== undefined && version !== '2012-10-17' && version !== '2008-10-17') {
    const message = `\`Version\` is \`2012-10-17\` or \`2008-10-17\`, not ${quoted(version)}`
    reader.report('INVALID_VERSION', cursor, message)
  } else if (kind === 'resource-control' && version !== '2012-10-17') {
    reader.report('INVALID_VERSION', cursor ?? root, 'a resource control policy needs `Version` `2012-10-17`')
  }
  return version === '2012-10-17' ? version : '2008-10-17'
}

function readId(cursor: Cursor | undefined, kind: PolicyKind, reader: Reader): string | undefined {
  if (cursor === undefined) return undefined
  if (!kindRules[kind].id) reader.report('INVALID_POLICY_ELEMENT', cursor, `${kind} policies have no \`Id\``)
  return reader.text(cursor)
}

function readStatements(
  root: Cursor,
  cursor: Cursor | undefined,
  document: { readonly kind: PolicyKind; readonly name: string },
  version: PolicyVersion,
  reader: Reader,
): readonly Statement[] {
  if (cursor === undefined) {
    reader.report('MISSING_STATEMENT', root, 'a policy needs `Statement`')
    return []
  }
  const language = { variables: version === '2012-10-17' }
  const statements: Statement[] = []
  const sids = new Set<string>()
  for (const [position, entry] of reader.oneOrMore(cursor).entries()) {
    const statement = compileStatement(entry, position, document, language, reader)
    if (statement === undefined) continue
    if (statement.sid !== undefined && sids.has(statement.sid) && kindRules[document.kind].sid === 'plain') {
      reader.report('UNIQUE_SIDS_REQUIRED', entry, `the Sid ${quoted(statement.sid)} is used twice`)
    }
    if (statement.sid !== undefined) sids.add(statement.sid)
    statements.push(Object.freeze(statement))
  }
  return Object.freeze(statements.slice())
}

function withEffect(wanted: Statement['effect'], statements: readonly Statement[]): readonly Statement[] {
  // Most documents have one effect only, and one list then does for both.
  return statements.every(({ effect }) => effect === wanted)
    ? statements
    : statements.filter(({ effect }) => effect === wanted)
}
