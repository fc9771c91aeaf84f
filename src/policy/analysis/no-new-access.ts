/**
 * Does a changed document grant anything that the one before did not? Every Allow statement of the new one is taken
 * apart caller by caller: what its own Denies and the old Allows leave over is new, and so is whatever of it only an
 * old Deny refused.
 */
import type { PolicyDocument } from '../document.js'
import { type Named, named } from '../principal-element.js'
import { type Box, boxesOf, impliedBoxes } from './box.js'
import { type CallerClass, callerClasses } from './caller.js'
import { type Exposure, findExposure } from './exposure.js'
import { createRegionSearch, type RegionSearch } from './region-search.js'
import { type Budget, defaultWork } from './text-search.js'
import { type Reason, reasonOf, type Verdict, verdictOf } from './verdict.js'

/**
 * PASS only if every request that `proposed` lets through was let through by `existing`, whatever other policies
 * apply. In resource and trust policies it counts as new access when a caller was named by account or role and is
 * now named by himself or by `*`, since that lifts the need for an identity policy, or the cap of a session policy.
 * Never throws; one FAIL reason per statement.
 * @param work Automaton positions that may be visited before the answer is FAIL for want of a better one.
 */
export function checkNoNewAccess(
  existing: PolicyDocument,
  proposed: PolicyDocument,
  work: number = defaultWork,
): Verdict {
  const callers = callerClasses([existing, proposed])
  const reasons: Reason[] = []
  const budget: Budget = { left: work }
  const search = createRegionSearch(budget)
  const comparison = comparisonOf(existing, proposed)
  for (const allow of allowsOf(proposed)) {
    const found =
      callers === undefined ? { witness: undefined } : newAccess(allow, callers, comparison, search)
    if (found === undefined) continue
    const deed =
      found.refusedBy === undefined
        ? 'allows what the existing document does not'
        : `allows what the existing document's ${found.refusedBy} denied`
    reasons.push(reasonOf(proposed, allow.statement, found.witness, deed))
  }
  return verdictOf(
    reasons,
    'the proposed document grants new access',
    'the proposed document grants no new access',
  )
}

interface Comparison {
  readonly existing: PolicyDocument
  readonly proposed: PolicyDocument
  readonly oldAllows: readonly Box[]
  readonly oldDenies: readonly Box[]
  readonly newDenies: readonly Box[]
  readonly positions: ReadonlyMap<Box, number>
}

function comparisonOf(existing: PolicyDocument, proposed: PolicyDocument): Comparison {
  const oldAllows = allowsOf(existing)
  const oldDenies = boxesOf(existing, 'Deny')
  const newDenies = boxesOf(proposed, 'Deny')
  const all = [...oldAllows, ...oldDenies, ...newDenies]
  const positions = new Map(all.map((box, i) => [box, i]))
  return { existing, proposed, oldAllows, oldDenies, newDenies, positions }
}

/** A resource control policy implies the one that allows everything. */
export function allowsOf(document: PolicyDocument): readonly Box[] {
  return document.kind === 'resource-control' ? impliedBoxes : boxesOf(document, 'Allow')
}

export function rankOf(caller: CallerClass, { statement }: Box): Named {
  return statement === undefined ? named.directly : caller.rankIn(statement)
}

/** Those that may refuse the caller what the Allow grants. */
export function deniesOf(allow: Box, caller: CallerClass, denies: readonly Box[]): readonly Box[] {
  return allow.undeniable ? [] : denies.filter((box) => rankOf(caller, box) !== named.notAtAll)
}

type NewAccess = Exposure & { readonly refusedBy?: string }

function newAccess(
  allow: Box,
  callers: readonly CallerClass[],
  comparison: Comparison,
  search: RegionSearch,
): NewAccess | undefined {
  const claim = { allowing: comparison.proposed, refusing: comparison.existing }
  const asked = new Set<string>()
  let unconfirmed: NewAccess | undefined
  for (const caller of callers) {
    const rank = rankOf(caller, allow)
    if (rank === named.notAtAll) continue
    const denies = deniesOf(allow, caller, comparison.newDenies)
    const covers = comparison.oldAllows.filter((box) => rankOf(caller, box) >= rank)
    const refusals = deniesOf(allow, caller, comparison.oldDenies)
    const question = [denies, covers, refusals]
      .map((boxes) => boxes.map((box) => comparison.positions.get(box)).join())
      .join('|')
    if (asked.has(question)) continue
    asked.add(question)

    const without = [...denies, ...covers]
    const uncovered = findExposure({ allow, within: [], without, caller, claim }, search)
    if (uncovered?.witness?.exact) return uncovered
    unconfirmed ??= uncovered
    for (const refusal of refusals) {
      const refused = findExposure({ allow, within: [refusal], without: denies, caller, claim }, search)
      if (refused === undefined) continue
      const access = { ...refused, refusedBy: `statement \`${refusal.statement?.label}\`` }
      if (refused.witness?.exact) return access
      unconfirmed ??= access
    }
  }
  return unconfirmed
}
