/** One check as a record, and how checks say what they found. */
import type { PolicyKind } from '../document.js'
import type { Cursor } from '../reader.js'
import type { FindingType } from './finding.js'
import type { Place } from './location.js'
import type { ConditionView, PolicyView, StatementView } from './policy-view.js'

export interface Check {
  /** The published name; names of our own start with `ROLEGATE_`. */
  readonly code: string
  readonly type: FindingType
  /** Absent: every kind. */
  readonly kinds?: readonly PolicyKind[]
  readonly find: (policy: PolicyView) => Iterable<Hit>
}

export interface Hit {
  readonly details: string
  readonly places: readonly Place[]
}

export function hit(details: string, ...cursors: readonly Cursor[]): Hit {
  return { details, places: cursors.map((cursor) => ({ cursor })) }
}

/** At the name of a member instead of its value. */
export function hitKey(details: string, cursor: Cursor): Hit {
  return { details, places: [{ cursor, key: true }] }
}

export function hitPart(details: string, cursor: Cursor, start: number, length: number): Hit {
  return { details, places: [{ cursor, substring: { start, length } }] }
}

/** Looks at each statement by itself. */
export function perStatement(
  look: (statement: StatementView, policy: PolicyView) => Iterable<Hit>,
): Check['find'] {
  return function* (policy) {
    for (const statement of policy.statements) yield* look(statement, policy)
  }
}

/** Looks at each key under each operator. */
export function perCondition(
  look: (condition: ConditionView, statement: StatementView, policy: PolicyView) => Iterable<Hit>,
): Check['find'] {
  return function* (policy) {
    for (const statement of policy.statements) {
      for (const condition of statement.conditions) yield* look(condition, statement, policy)
    }
  }
}
