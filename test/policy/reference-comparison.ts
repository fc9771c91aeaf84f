/**
 * The evaluator beside the literal second evaluator, on random requests that a range of seeds stands for. Where they
 * disagree, the case is taken apart until nothing can be left out of it any more.
 */
import { type AuthorizationRequest, evaluate } from '../../src/policy/evaluate.js'
import { compiledLayers } from './compiled.js'
import { createDice, randomRequests } from './random-request.js'
import { judge, type RawLayers } from './reference.js'

/** Enough for the lists of documents to be merged half way. */
const requestsOfSeed = 20

export interface Comparison {
  readonly requests: number
  readonly outcomes: {
    readonly allowed: number
    readonly explicitDeny: number
    readonly implicitDeny: number
  }
  /** How many documents of each kind judged. */
  readonly documents: ReadonlyMap<string, number>
}

/** @throws {Error} with the smallest case found, when the two disagree. */
export function compareOn(seeds: { readonly from: number; readonly count: number }): Comparison {
  const outcomes = { allowed: 0, explicitDeny: 0, implicitDeny: 0 }
  const documents = new Map<string, number>()
  let compared = 0
  for (let seed = seeds.from; seed < seeds.from + seeds.count; seed += 1) {
    const { requests, layers } = randomRequests(createDice(seed), requestsOfSeed)
    const compiled = compiledLayers(layers)
    for (const [kind, count] of documentsIn(layers)) documents.set(kind, (documents.get(kind) ?? 0) + count)
    for (const request of requests) {
      const { outcome } = evaluate(request, compiled)
      if (outcome !== judge(request, layers)) throw new Error(disagreement(seed, request, layers))
      outcomes[outcome] += 1
      compared += 1
    }
  }
  return { requests: compared, outcomes, documents }
}

function documentsIn(layers: RawLayers): readonly (readonly [string, number])[] {
  const { identity, resource, resourceIsTrust, boundary, session, serviceControl, resourceControl } = layers
  return [
    ['identity', identity.length],
    [resourceIsTrust === true ? 'trust' : 'resource', resource === undefined ? 0 : 1],
    ['boundary', boundary === undefined ? 0 : 1],
    ['session', session?.length ?? 0],
    ['service-control', serviceControl?.flat().length ?? 0],
    ['resource-control', resourceControl?.flat().length ?? 0],
  ]
}

/** A case as JSON, so that it can be taken apart and shown. */
export interface WrittenCase {
  readonly request: Omit<AuthorizationRequest, 'context'> & {
    readonly context: Readonly<Record<string, string | readonly string[]>>
  }
  readonly layers: RawLayers
}

function disagreement(seed: number, request: AuthorizationRequest, layers: RawLayers): string {
  const written = { request: { ...request, context: Object.fromEntries(request.context) }, layers }
  const smallest = shrunk(written, (one) => {
    const said = verdicts(one)
    return said !== undefined && said.evaluator !== said.reference
  })
  const { evaluator, reference } = verdicts(smallest) ?? {}
  return `seed ${seed}: evaluate says ${evaluator}, the reference ${reference}\n${JSON.stringify(smallest, undefined, 1)}`
}

/** Undefined when taking the case apart has made it invalid. */
function verdicts(one: WrittenCase): { readonly evaluator: string; readonly reference: string } | undefined {
  try {
    const request = { ...one.request, context: new Map(Object.entries(one.request.context)) }
    return {
      evaluator: evaluate(request, compiledLayers(one.layers)).outcome,
      reference: judge(request, one.layers),
    }
  } catch {
    return undefined
  }
}

/** Leaves out one member or list entry after the other, as long as the case stays interesting. */
export function shrunk(start: WrittenCase, isInteresting: (one: WrittenCase) => boolean): WrittenCase {
  let current = start
  for (let smaller: WrittenCase | undefined = start; smaller !== undefined;) {
    current = smaller
    smaller = undefined
    for (const candidate of withoutOne(current)) {
      if (!isInteresting(candidate as WrittenCase)) continue
      smaller = candidate as WrittenCase
      break
    }
  }
  return current
}

/** Every copy of the value that lacks one thing, the largest things first. */
function* withoutOne(value: unknown): Generator {
  if (Array.isArray(value)) {
    for (const i of value.keys()) yield value.toSpliced(i, 1)
    for (const [i, entry] of (value as unknown[]).entries()) {
      for (const smaller of withoutOne(entry)) yield value.with(i, smaller)
    }
  } else if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
    for (const [name] of members) yield Object.fromEntries(members.filter(([other]) => other !== name))
    for (const [name, member] of members) {
      for (const smaller of withoutOne(member)) yield { ...value, [name]: smaller }
    }
  }
}
