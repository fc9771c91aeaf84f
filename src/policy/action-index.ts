/**
 * Statements by the actions they can match, so that a decision does not look at the others. Each statement is
 * found at most once per action.
 */
import { matchesAction } from './action-element.js'
import type { Statement } from './statement.js'

export interface ActionIndex {
  /** Those that list this very action, lower case. */
  readonly byAction: ReadonlyMap<string, readonly Statement[]>
  /** Those with a wildcard in the action's name, by its service. */
  readonly byService: ReadonlyMap<string, readonly Statement[]>
  /** `*`, wildcards in the service, NotAction. */
  readonly anywhere: readonly Statement[]
}

export function indexByAction(statements: readonly Statement[]): ActionIndex {
  const byAction = new Map<string, Statement[]>()
  const byService = new Map<string, Statement[]>()
  const anywhere: Statement[] = []
  for (const statement of statements) {
    const { includes, literals, globs } = statement.actions
    if (!includes || globs.some(({ service }) => service === undefined)) {
      anywhere.push(statement)
      continue
    }
    const services = new Set(globs.map(({ service }) => service!))
    for (const service of services) append(byService, service, statement)
    for (const action of literals) {
      if (!services.has(serviceOf(action))) append(byAction, action, statement)
    }
  }
  return { byAction, byService, anywhere }
}

/**
 * Calls `visit` with the statements that match the action until one call answers true.
 * @param action Lower case.
 */
export function visitMatching(
  index: ActionIndex,
  action: string,
  visit: (statement: Statement) => boolean,
): void {
  const exact = index.byAction.get(action)
  if (exact !== undefined) for (const statement of exact) if (visit(statement)) return
  if (index.byService.size > 0) {
    for (const statement of index.byService.get(serviceOf(action)) ?? []) {
      if (matchesAction(statement.actions, action) && visit(statement)) return
    }
  }
  for (const statement of index.anywhere) {
    if (matchesAction(statement.actions, action) && visit(statement)) return
  }
}

function serviceOf(action: string): string {
  return action.slice(0, Math.max(0, action.indexOf(':')))
}

function append(map: Map<string, Statement[]>, key: string, statement: Statement): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [statement])
  else list.push(statement)
}
