/**
 * The one question behind all checks: does anything of an Allow statement remain, for one caller, when other
 * statements are taken away?
 */
import { type Box, meet, type Region, regionOf, type ResourceSet, resourceSetOf } from './box.js'
import type { CallerClass } from './caller.js'
import type { Literal } from './clause.js'
import { onlyText, type Pattern } from './pattern.js'
import type { RegionSearch } from './region-search.js'
import { type TextSearch, type TextSet } from './text-search.js'
import { type Claim, type Witness, witnessOf } from './witness.js'

export interface Exposure {
  /** Absent when the search was given up before it found a region. */
  readonly witness: Witness | undefined
}

export interface ExposureQuestion {
  readonly allow: Box
  /** Requests must also lie in all of these. */
  readonly within: readonly Box[]
  readonly literals?: readonly Literal[]
  /** And in none of these. */
  readonly without: readonly Box[]
  readonly caller: CallerClass
  readonly claim: Claim
}

/** More than this many regions without a confirmed request, and the first unconfirmed one has to do. */
const maxUnconfirmed = 24

/** Undefined when nothing remains, which is certain. */
export function findExposure(question: ExposureQuestion, search: RegionSearch): Exposure | undefined {
  const { allow, within, literals = [], without, caller, claim } = question
  let unconfirmed: Exposure | undefined
  let tries = 0
  for (const piece of piecesOf(allow, [...within, ...without], search.texts)) {
    const whole = within.reduce<Region>(meet, regionOf(piece))
    const region = { ...whole, literals: [...whole.literals, ...literals] }
    for (const remainder of search.remainders(region, without)) {
      if (remainder === 'unknown') return unconfirmed ?? { witness: undefined }
      const witness = witnessOf(remainder, caller, claim, search)
      if (witness.exact) return { witness }
      unconfirmed ??= { witness }
      tries += 1
      if (tries >= maxUnconfirmed) return unconfirmed
    }
  }
  return unconfirmed
}

/** Beyond this the resources of a statement stay together. */
const maxPieces = 4_000

/** The statement cut up so that other statements mostly cover a piece or leave it alone. */
function* piecesOf(box: Box, others: readonly Box[], texts: TextSearch): Generator<Box> {
  const actions = cut(
    box.actions,
    others.map((other) => other.actions),
    texts,
  )
  const resources = cutResources(box.resources)
  const whole = actions.length * resources.length > maxPieces
  for (const action of actions) {
    for (const resource of whole ? [box.resources] : resources) {
      yield { ...box, actions: action, resources: resource }
    }
  }
}

/** Each wildcard by itself; the literal ones together as long as no other statement tells them apart. */
function cut(set: TextSet, others: readonly TextSet[], texts: TextSearch): readonly TextSet[] {
  if (!set.inside || set.patterns.length < 2) return [set]
  const groups = new Map<string, Pattern[]>()
  for (const [i, pattern] of set.patterns.entries()) {
    if (texts.isExhausted()) return [set]
    const text = onlyText(pattern)
    const key =
      text === undefined ? `#${i}` : others.map((other) => (texts.contains(other, text) ? 1 : 0)).join('')
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [pattern])
    else group.push(pattern)
  }
  return [...groups.values()].map((patterns) => ({ inside: true, patterns }))
}

function cutResources(set: ResourceSet): readonly ResourceSet[] {
  const { element } = set
  if (element === undefined || !set.inside || element.everything) return [set]
  return element.patterns.map((pattern) => resourceSetOf({ ...element, patterns: [pattern] }))
}
