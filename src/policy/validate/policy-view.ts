/**
 * A document as the checks look at it: whatever can be understood of it, each piece with its place. Unlike the
 * compiled form this exists for faulty documents too; what is faulty about them is the compiler's to say.
 */
import { parseOperator, type ParsedOperator } from '../condition.js'
import type { PolicyKind } from '../document.js'
import { type Glob, globOf, wildcardPieces } from '../glob.js'
import type { JsonNode } from '../json-node.js'
import { operators } from '../operator.js'
import { createReader, type Cursor, type Reader, rootCursor } from '../reader.js'
import type { Place } from './location.js'

export interface PolicyView {
  readonly kind: PolicyKind
  readonly root: Cursor
  /** Text length as the kind's quota counts it. */
  readonly characters: number
  readonly quota: number
  readonly version: Cursor | undefined
  /** Whether the document is in the language of 2012-10-17. */
  readonly variables: boolean
  readonly statements: readonly StatementView[]
  /** What the compiler refused, by its published name. */
  readonly problems: ReadonlyMap<string, readonly ProblemView[]>
}

export interface ProblemView {
  readonly place: Place
  readonly message: string
}

export interface StatementView {
  readonly cursor: Cursor
  readonly members: ReadonlyMap<string, Cursor>
  readonly effect: 'Allow' | 'Deny' | undefined
  readonly actions: ElementView | undefined
  readonly resources: ElementView | undefined
  readonly principal: PrincipalView | undefined
  readonly conditions: readonly ConditionView[]
}

/** A string, and where it is. */
export interface Leaf {
  readonly text: string
  readonly cursor: Cursor
}

/** Action or NotAction, Resource or NotResource. */
export interface ElementView {
  readonly cursor: Cursor
  /** False for the `Not` form. */
  readonly includes: boolean
  readonly entries: readonly PatternLeaf[]
}

export interface PatternLeaf extends Leaf {
  /** As actions are compared: in lower case. */
  readonly folded: string
  readonly wild: boolean
  readonly glob: Glob
}

export interface PrincipalView {
  readonly cursor: Cursor
  readonly includes: boolean
  /** `"*"`, without a type. */
  readonly bare: boolean
  readonly everyone: boolean
  readonly entries: readonly PrincipalLeaf[]
  /** By type: `AWS`, `Federated`, … */
  readonly lists: ReadonlyMap<string, Cursor>
}

export interface PrincipalLeaf extends Leaf {
  readonly type: string
}

/** One key under one operator. */
export interface ConditionView {
  /** Of the key's value or values. */
  readonly cursor: Cursor
  /** Of the object under the operator's name. */
  readonly block: Cursor
  readonly operator: ParsedOperator
  readonly negated: boolean
  readonly key: string
  readonly keyName: string
  readonly values: readonly Leaf[]
}

/** The parts of a view that come from the document alone. */
export function viewStatements(
  root: JsonNode,
): Pick<PolicyView, 'root' | 'version' | 'variables' | 'statements'> {
  // Problems are the compiler's to report.
  const reader = createReader(undefined, [])
  const cursor = rootCursor(root)
  const members = membersOf(cursor, reader)
  const version = members.get('Version')
  const statement = members.get('Statement')
  return {
    root: cursor,
    version,
    variables: version?.node.type === 'string' && version.node.value === '2012-10-17',
    statements:
      statement === undefined
        ? []
        : reader
            .oneOrMore(statement)
            .filter(({ node }) => node.type === 'object')
            .map((entry) => viewStatement(entry, reader)),
  }
}

function membersOf(cursor: Cursor, reader: Reader): ReadonlyMap<string, Cursor> {
  return cursor.node.type === 'object' ? (reader.members(cursor) ?? new Map()) : new Map()
}

function viewStatement(cursor: Cursor, reader: Reader): StatementView {
  const members = membersOf(cursor, reader)
  const effect = members.get('Effect')?.node
  return {
    cursor,
    members,
    effect:
      effect?.type === 'string' && (effect.value === 'Allow' || effect.value === 'Deny')
        ? effect.value
        : undefined,
    actions: viewElement('Action', members, reader),
    resources: viewElement('Resource', members, reader),
    principal: viewPrincipal(members, reader),
    conditions: viewConditions(members.get('Condition'), reader),
  }
}

function viewElement(
  name: string,
  members: ReadonlyMap<string, Cursor>,
  reader: Reader,
): ElementView | undefined {
  const including = members.get(name)
  const cursor = including ?? members.get(`Not${name}`)
  if (cursor === undefined) return undefined
  const entries = leavesOf(cursor, reader).map((leaf) => {
    const folded = leaf.text.toLowerCase()
    const pieces = wildcardPieces(folded)
    return { ...leaf, folded, wild: pieces.some((piece) => typeof piece !== 'string'), glob: globOf(pieces) }
  })
  return { cursor, includes: including !== undefined, entries }
}

function leavesOf(cursor: Cursor, reader: Reader): readonly Leaf[] {
  const leaves: Leaf[] = []
  for (const entry of reader.oneOrMore(cursor)) {
    if (entry.node.type === 'string') leaves.push({ text: entry.node.value, cursor: entry })
  }
  return leaves
}

function viewPrincipal(members: ReadonlyMap<string, Cursor>, reader: Reader): PrincipalView | undefined {
  const including = members.get('Principal')
  const cursor = including ?? members.get('NotPrincipal')
  if (cursor === undefined) return undefined
  const bare = cursor.node.type === 'string' && cursor.node.value === '*'
  const lists = membersOf(cursor, reader)
  const entries: PrincipalLeaf[] = []
  for (const [type, list] of lists) {
    for (const leaf of leavesOf(list, reader)) entries.push({ ...leaf, type })
  }
  const everyone = bare || entries.some(({ type, text }) => type === 'AWS' && text === '*')
  return { cursor, includes: including !== undefined, bare, everyone, entries, lists }
}

function viewConditions(cursor: Cursor | undefined, reader: Reader): readonly ConditionView[] {
  const conditions: ConditionView[] = []
  if (cursor === undefined) return conditions
  for (const [name, block] of membersOf(cursor, reader)) {
    const operator = parseOperator(name)
    if (operator === undefined) continue
    const negated = operators.get(operator.base)?.negated ?? false
    for (const [keyName, values] of membersOf(block, reader)) {
      conditions.push({
        cursor: values,
        block,
        operator,
        negated,
        key: keyName.toLowerCase(),
        keyName,
        values: scalarsOf(values, reader),
      })
    }
  }
  return conditions
}

function scalarsOf(cursor: Cursor, reader: Reader): readonly Leaf[] {
  const leaves: Leaf[] = []
  for (const entry of reader.oneOrMore(cursor)) {
    const { node } = entry
    if (node.type === 'string' || node.type === 'number') leaves.push({ text: node.value, cursor: entry })
    else if (node.type === 'boolean') leaves.push({ text: String(node.value), cursor: entry })
  }
  return leaves
}
