/**
 * A set of patterns as one automaton. Patterns that begin alike share their beginning, so that ten thousand literal
 * ones cost no more per character than one.
 */
import type { Pattern, Step } from './pattern.js'

export interface Machine {
  readonly id: number
  readonly nodes: readonly MachineNode[]
  readonly start: State
  /** Every character that some pattern names. */
  readonly units: ReadonlySet<string>
}

/** Where a text can have got to: nodes, ascending. */
export type State = readonly number[]

interface MachineNode {
  readonly edges: readonly Edge[]
  /** Nodes reached without a character: a star may stand for nothing. */
  readonly stars: readonly number[]
  /** At a star; whether it takes colons. */
  readonly loop: Loop | undefined
  readonly final: boolean
}

type Loop = Extract<Step, { type: 'run' }>

interface Edge {
  readonly step: Exclude<Step, { type: 'run' }>
  readonly to: number
}

export function newMachine(patterns: readonly Pattern[], id: number): Machine {
  const nodes: Draft[] = [draft(undefined)]
  const units = new Set<string>()
  for (const pattern of patterns) {
    let at = nodes[0]!
    for (const step of pattern) {
      if (step.type === 'unit') {
        units.add(step.unit)
        if (step.or !== undefined) units.add(step.or)
      }
      at = nodes[follow(nodes, at, step)]!
    }
    at.final = true
  }
  const seen = new Set<number>()
  enter(nodes, 0, seen)
  return { id, nodes, start: ascending(seen), units }
}

interface Draft extends MachineNode {
  readonly edges: Edge[]
  readonly stars: number[]
  final: boolean
}

function draft(loop: Loop | undefined): Draft {
  return { edges: [], stars: [], loop, final: false }
}

/** The node behind the step, new if no pattern before went there. */
function follow(nodes: Draft[], from: Draft, step: Step): number {
  if (step.type === 'run') {
    const known = from.stars.find((star) => nodes[star]!.loop?.colon === step.colon)
    if (known !== undefined) return known
    from.stars.push(nodes.length)
    return nodes.push(draft(step)) - 1
  }
  const known = from.edges.find((edge) => isSame(edge.step, step))
  if (known !== undefined) return known.to
  from.edges.push({ step, to: nodes.length })
  return nodes.push(draft(undefined)) - 1
}

function isSame(a: Edge['step'], b: Edge['step']): boolean {
  if (a.type === 'unit') return b.type === 'unit' && a.unit === b.unit && a.or === b.or
  if (a.type === 'one') return b.type === 'one' && a.colon === b.colon
  return b.type === 'variable' && a.name === b.name
}

export function advance({ nodes }: Machine, state: State, letter: string): State {
  const seen = new Set<number>()
  for (const at of state) {
    const { edges, loop } = nodes[at]!
    if (loop !== undefined && fits(loop, letter)) enter(nodes, at, seen)
    for (const { step, to } of edges) if (fits(step, letter)) enter(nodes, to, seen)
  }
  return ascending(seen)
}

function enter(nodes: readonly MachineNode[], at: number, seen: Set<number>): void {
  if (seen.has(at)) return
  seen.add(at)
  for (const star of nodes[at]!.stars) enter(nodes, star, seen)
}

const ascending = (seen: ReadonlySet<number>): State =>
  seen.size < 2 ? [...seen] : [...seen].sort((a, b) => a - b)

/** Letters of one character are characters; longer ones are variables, whose value may hold colons. */
function fits(step: Step, letter: string): boolean {
  switch (step.type) {
    case 'unit':
      return step.unit === letter || step.or === letter
    case 'one':
      return letter.length === 1 && (step.colon || letter !== ':')
    case 'run':
      return step.colon || (letter.length === 1 && letter !== ':')
    case 'variable':
      break
  }
  return letter === letterOf(step.name)
}

const letterOf = (variable: string) => `variable ${variable}`

/** Adds the characters and variables that some pattern waits for in this state. */
export function addLetters({ nodes }: Machine, state: State, letters: Set<string>): void {
  for (const at of state) {
    for (const { step } of nodes[at]!.edges) {
      if (step.type === 'unit') {
        letters.add(step.unit)
        if (step.or !== undefined) letters.add(step.or)
      } else if (step.type === 'variable') {
        letters.add(letterOf(step.name))
      }
    }
  }
}

export function isFinal({ nodes }: Machine, state: State): boolean {
  return state.some((at) => nodes[at]!.final)
}

/** Whatever follows, it fits. */
export function isEndless({ nodes }: Machine, state: State): boolean {
  return state.some((at) => nodes[at]!.final && nodes[at]!.loop?.colon === true)
}

/** The text must not hold variables. */
export function accepts(machine: Machine, text: string): boolean {
  let state = machine.start
  for (let i = 0; i < text.length && state.length > 0; i += 1) {
    state = advance(machine, state, text.charAt(i))
  }
  return isFinal(machine, state)
}
