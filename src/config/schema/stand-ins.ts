/**
 * A value that does not fit its schema → one that does: what does not fit is left out, or replaced by something that
 * nobody would complain about. Only for judging the rest; what comes out is never put in force.
 */
import type { Path } from '../place.js'

export interface Misfit {
  readonly path: Path
  readonly message: string
  /** Nothing of this name is known there. */
  readonly stray?: boolean
}

export interface Standing<Value> {
  /** Undefined when nothing that was tried fits. */
  readonly value: Value | undefined
  /** What was left out or replaced. */
  readonly replaced: readonly Path[]
}

type Parsed<Value> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly misfits: readonly Misfit[] }

const leaveOut = Symbol('leave out')

/** In this order at every place: an absent value has its default; `localhost` is a name, a host and no open network. */
const candidates: readonly unknown[] = [
  leaveOut,
  'localhost',
  '${env:STAND_IN}',
  '{username}',
  '000000000000',
  'o-0000000000',
  'arn:aws:iam::aws:policy/StandIn',
  ['localhost'],
  {},
  { type: 'template', dn: '{username}' },
]
const maxRounds = 100

/** @param value plain data; stays as it is. */
export function withStandIns<Value>(
  value: unknown,
  found: readonly Misfit[],
  parse: (draft: unknown) => Parsed<Value>,
): Standing<Value> {
  const draft: unknown = structuredClone(value)
  const tried = new Map<string, number>()
  const replaced: Path[] = []
  let misfits = found
  for (let round = 0; round < maxRounds; round++) {
    const places = new Map(misfits.map((misfit) => [JSON.stringify(misfit.path), misfit]))
    for (const { path, stray } of places.values()) {
      const at = stray === true ? path : replace(draft, path, tried)
      if (at === undefined) return { value: undefined, replaced }
      if (stray === true) remove(draft, path)
      replaced.push(at)
    }
    const parsed = parse(draft)
    if (parsed.ok) return { value: parsed.value, replaced }
    misfits = parsed.misfits
  }
  return { value: undefined, replaced }
}

/** Tries the next candidate at `path`, or around it when there is none left. @returns where, undefined for nowhere. */
function replace(draft: unknown, path: Path, tried: Map<string, number>): Path | undefined {
  for (let length = path.length; length > 0; length--) {
    const at = path.slice(0, length)
    const key = JSON.stringify(at)
    const parent = memberAt(draft, at.slice(0, -1))
    // An entry of a list stays where it is, so that those after it keep their numbers.
    const attempt = tried.get(key) ?? (Array.isArray(parent) ? 1 : 0)
    if (typeof parent !== 'object' || parent === null || attempt >= candidates.length) continue
    tried.set(key, attempt + 1)
    const candidate = candidates[attempt]
    if (candidate === leaveOut) remove(draft, at)
    else Reflect.set(parent, at.at(-1) ?? '', structuredClone(candidate))
    return at
  }
  return undefined
}

function remove(draft: unknown, path: Path): void {
  const parent = memberAt(draft, path.slice(0, -1))
  if (typeof parent === 'object' && parent !== null) Reflect.deleteProperty(parent, path.at(-1) ?? '')
}

function memberAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, step) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, step) : undefined),
    value,
  )
}
