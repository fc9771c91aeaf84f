/**
 * Does anything remain of a region of requests when other statements' requests are taken away? Being outside of a
 * statement means that the action, or the resource, or one of the conditions is outside; each choice makes a smaller
 * region, and a choice that leaves nothing is not followed. Statements that leave no choice are looked at first, so
 * that the search hardly ever branches on real documents; the worst case is exponential and bounded by the budget.
 *
 * `none` from any part is certain. Whatever else remains may still be nothing where parts depend on each other
 * through variables or where a key is compared by several families of operators.
 */
import { type Box, meet, type Region } from './box.js'
import type { Literal } from './clause.js'
import { findKeyValue, type KeyValue } from './key-search.js'
import {
  type Budget,
  createTextSearch,
  type Found,
  outside,
  type TextSearch,
  type TextSet,
} from './text-search.js'

export interface RegionSearch {
  readonly texts: TextSearch
  isNothing(region: Region): boolean
  /**
   * The regions that remain, one after the other, none of them provably empty; the caller stops when he has enough.
   * A region that could not be searched to the end within the budget is `'unknown'`.
   */
  remainders(region: Region, without: readonly Box[]): Iterable<Region | 'unknown'>
}

export function createRegionSearch(budget: Budget): RegionSearch {
  const texts = createTextSearch(budget)
  const clauseIds = new Map<Literal['clause'], number>()
  const answers = new Map<string, Found<KeyValue>>()

  const idOf = ({ clause, holds }: Literal) => {
    const id = clauseIds.get(clause) ?? clauseIds.size
    clauseIds.set(clause, id)
    return holds ? id + 1 : -id - 1
  }
  const noValue = (literals: readonly Literal[]) => {
    const question = [...new Set(literals.map(idOf))].sort((a, b) => a - b).join(' ')
    let answer = answers.get(question)
    if (answer === undefined) {
      answer = findKeyValue({ literals }, texts)
      answers.set(question, answer)
    }
    budget.left -= 1
    return answer.type === 'none'
  }
  const noText = (sets: readonly TextSet[]) => {
    budget.left -= 1
    return texts.find(sets).type === 'none'
  }
  const noContext = (literals: readonly Literal[]) => [...byKey(literals).values()].some(noValue)
  const isNothing = ({ actions, resources, literals }: Region) =>
    noText(actions) || noText(resources) || noContext(literals)

  /** Undefined when the region has nothing in common with the box; otherwise the regions outside of it. */
  const choicesOutside = (region: Region, box: Box): readonly Region[] | undefined => {
    if (isNothing(meet(region, box))) return undefined
    const choices: Region[] = []
    const actions = [...region.actions, outside(box.actions)]
    if (!noText(actions)) choices.push({ ...region, actions })
    const resources = [...region.resources, outside(box.resources)]
    if (!noText(resources)) choices.push({ ...region, resources })
    for (const clause of box.clauses) {
      const sameKey = region.literals.filter((one) => one.clause.condition.key === clause.condition.key)
      const literal = { clause, holds: false }
      if (!noValue([...sameKey, literal]))
        choices.push({ ...region, literals: [...region.literals, literal] })
    }
    return choices
  }

  function* explore(region: Region, without: readonly Box[]): Generator<Region | 'unknown'> {
    const rest: Box[] = []
    let best: { readonly choices: readonly Region[]; readonly box: Box } | undefined
    for (const box of without) {
      const choices = choicesOutside(region, box)
      if (choices === undefined) continue
      if (choices.length === 0) return
      rest.push(box)
      if (best === undefined || choices.length < best.choices.length) best = { choices, box }
    }
    if (budget.left < 0) {
      yield 'unknown'
      return
    }
    if (best === undefined) {
      yield region
      return
    }
    const { box: taken, choices } = best
    const others = rest.filter((box) => box !== taken)
    for (const choice of choices) yield* explore(choice, others)
  }

  return {
    texts,
    isNothing,
    *remainders(region, without) {
      if (!isNothing(region)) yield* explore(region, without)
    },
  }
}

export function byKey(literals: readonly Literal[]): ReadonlyMap<string, readonly Literal[]> {
  const groups = new Map<string, Literal[]>()
  for (const literal of literals) {
    const { key } = literal.clause.condition
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [literal])
    else group.push(literal)
  }
  return groups
}
