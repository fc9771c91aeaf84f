/**
 * A statement as a set of requests: one set of texts for the action, one for the resource, and conditions. Who is
 * named is settled before, caller by caller.
 */
import type { ActionElement } from '../action-element.js'
import type { RequestContext } from '../context.js'
import type { PolicyDocument } from '../document.js'
import { globOf, wildcardPieces } from '../glob.js'
import type { ResourceElement } from '../resource-element.js'
import type { Statement } from '../statement.js'
import { fillTemplate } from '../template.js'
import { type Clause, clauseOf, type Literal } from './clause.js'
import {
  everything,
  globPattern,
  hasVariable,
  type Pattern,
  resourcePatterns,
  textPattern,
} from './pattern.js'
import type { TextSet } from './text-search.js'

export interface Box {
  /** Undefined for what a resource control policy implies: everything is allowed. */
  readonly statement: Statement | undefined
  readonly actions: TextSet
  readonly resources: ResourceSet
  readonly clauses: readonly Clause[]
  readonly undeniable?: true
}

export interface ResourceSet extends TextSet {
  /** Where the patterns come from, for those that have variables. */
  readonly element?: ResourceElement
}

/** What is left of a statement after others were taken away. */
export interface Region {
  readonly actions: readonly TextSet[]
  readonly resources: readonly ResourceSet[]
  readonly literals: readonly Literal[]
}

const word: Pattern = [
  { type: 'one', colon: false },
  { type: 'run', colon: false },
]

/** `service:name`, which is what an action is; the pattern `*` covers all of these and so does `*:*`. */
const anyAction: TextSet = {
  inside: true,
  patterns: [[...word, ...textPattern(':'), ...word]],
}

/** An ARN, or `*` for a request without a resource. Whatever else is asked for matches what `*` matches. */
const anyResource: TextSet = {
  inside: true,
  patterns: [textPattern('*'), globPattern(globOf(wildcardPieces('arn:*:*:*:*:*')))],
}

export function boxesOf({ statements, version }: PolicyDocument, effect: 'Allow' | 'Deny'): readonly Box[] {
  return statements
    .filter((statement) => statement.effect === effect && !matchesNothing(statement))
    .map((statement) => boxOf(statement, version === '2012-10-17'))
}

const retireGrant = [textPattern('kms:retiregrant')]
const implied = { statement: undefined, resources: { inside: true, patterns: everything }, clauses: [] }

/**
 * What a resource control policy implies: everything is allowed. The key service lets nobody keep a grantee from
 * giving a grant back, so these policies' Denies do not reach that action.
 */
export const impliedBoxes: readonly Box[] = [
  { ...implied, actions: { inside: false, patterns: retireGrant } },
  { ...implied, actions: { inside: true, patterns: retireGrant }, undeniable: true },
]

export function regionOf({ actions, resources, clauses }: Box): Region {
  return {
    actions: [anyAction, actions],
    resources: [anyResource, resources],
    literals: clauses.map((clause) => ({ clause, holds: true })),
  }
}

export function meet(region: Region, { actions, resources, clauses }: Box): Region {
  return {
    actions: [...region.actions, actions],
    resources: [...region.resources, resources],
    literals: [...region.literals, ...clauses.map((clause) => ({ clause, holds: true }))],
  }
}

function matchesNothing({ actions, resources }: Statement): boolean {
  return actions.written.length === 0 || resources?.written.length === 0
}

function boxOf(statement: Statement, variables: boolean): Box {
  return {
    statement,
    actions: actionSet(statement.actions),
    resources: resourceSetOf(statement.resources),
    clauses: statement.conditions.map((condition) => clauseOf(condition, variables)),
  }
}

function actionSet({ includes, literals, globs }: ActionElement): TextSet {
  const patterns = [...[...literals].map(textPattern), ...globs.map(({ glob }) => globPattern(glob))]
  return { inside: includes, patterns }
}

export function resourceSetOf(element: ResourceElement | undefined): ResourceSet {
  if (element === undefined) return { inside: true, patterns: everything }
  const patterns: readonly Pattern[] = element.everything
    ? everything
    : element.patterns.flatMap((pattern) => resourcePatterns(pattern, pattern.tail))
  return { inside: element.includes, patterns, element }
}

/** The set with the request's values for the variables; entries that need an absent key disappear. */
export function filled(set: ResourceSet, context: RequestContext): TextSet {
  if (set.element === undefined || !set.patterns.some(hasVariable)) return set
  const patterns = set.element.patterns.flatMap((pattern) => {
    const tail = fillTemplate(pattern.tail, context)
    return tail === undefined ? [] : resourcePatterns(pattern, tail)
  })
  return { inside: set.inside, patterns }
}

/** The keys whose values stand in the resource's pattern, lower case. */
export function resourceKeys({ element }: ResourceSet): readonly string[] {
  const pieces = element?.patterns.flatMap(({ tail }) => tail) ?? []
  return pieces.flatMap((piece) => (typeof piece === 'object' ? [piece.key] : []))
}
