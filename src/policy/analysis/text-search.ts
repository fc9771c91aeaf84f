/**
 * Is there a text that lies in these sets of patterns and outside of those? Decided exactly, with the shortest such
 * text as proof: the patterns run side by side as automata, and the combinations of states that they can reach are
 * visited breadth first.
 *
 * Cost is the number of combinations times the length of the patterns; for what people write that is about the
 * length of the text found. In the worst case it is exponential, so both the combinations of one question and the
 * work of a whole check are bounded, and beyond that the answer is `unknown`.
 */
import {
  accepts,
  addLetters,
  advance,
  isEndless,
  isFinal,
  type Machine,
  newMachine,
  type State,
} from './machine.js'
import { everything, hasVariable, onlyText, type Pattern, spelling, widened } from './pattern.js'

/** The texts that fit one of the patterns, or those that fit none. */
export interface TextSet {
  readonly inside: boolean
  readonly patterns: readonly Pattern[]
}

export type Found<T> =
  | { readonly type: 'none' }
  | { readonly type: 'some'; readonly value: T }
  /** Too much work to tell. */
  | { readonly type: 'unknown' }

export const none = { type: 'none' } as const
export const unknown = { type: 'unknown' } as const

export interface TextSearch {
  /**
   * A text in all the sets. Variables may stand for anything, so with them a text that is found is a guess; `none`
   * is certain all the same.
   */
  find(sets: readonly TextSet[]): Found<string>
  /** Whether the text lies in the set, for some values of its variables at least. */
  contains(set: TextSet, text: string): boolean
  /** Whether the work is used up. */
  isExhausted(): boolean
}

/** Work that may still be done, counted in automaton positions visited. */
export interface Budget {
  left: number
}

/** A few seconds. */
export const defaultWork = 20_000_000

const maxCombinations = 4_000

const maxRecent = 12

export const notEmpty: TextSet = { inside: false, patterns: [[]] }

export function outside<S extends TextSet>(set: S): S {
  return { ...set, inside: !set.inside }
}

export function createTextSearch(budget: Budget): TextSearch {
  const machines = new Map<readonly Pattern[], Machine>()
  const answers = new Map<string, Found<string>>()
  const machineOf = (patterns: readonly Pattern[]) => {
    let machine = machines.get(patterns)
    if (machine === undefined) {
      machine = newMachine(patterns, machines.size)
      machines.set(patterns, machine)
    }
    return machine
  }
  const run = (sets: readonly TextSet[]) =>
    sets.map(({ inside, patterns }) => ({ inside, machine: machineOf(patterns) }))

  /** The variables are letters of their own here, which only themselves and `*` match. */
  const coveredForEveryValue = (sets: readonly TextSet[]) => {
    const exclusions = sets.filter(({ inside }) => !inside)
    return sets.some(
      (set) => set.inside && factsOf(set).varies && search(run([set, ...exclusions]), budget).type === 'none',
    )
  }

  const facts = new Map<readonly Pattern[], Facts>()
  const factsOf = ({ patterns }: TextSet): Facts => {
    let known = facts.get(patterns)
    if (known === undefined) {
      const spellings = new Set(patterns.map(spelling))
      known = { varies: patterns.some(hasVariable), list: listOf(patterns), spellings }
      facts.set(patterns, known)
    }
    return known
  }

  const relaxedSets = new Map<readonly Pattern[], { readonly inside: TextSet; readonly outside: TextSet }>()
  const relaxedOf = (set: TextSet): TextSet => {
    if (!factsOf(set).varies) return set
    let pair = relaxedSets.get(set.patterns)
    if (pair === undefined) {
      pair = { inside: relaxed({ ...set, inside: true }), outside: relaxed({ ...set, inside: false }) }
      relaxedSets.set(set.patterns, pair)
    }
    return set.inside ? pair.inside : pair.outside
  }

  const contains = (set: TextSet, text: string) => {
    const { inside, patterns } = relaxedOf(set)
    budget.left -= text.length
    return accepts(machineOf(patterns), text) === inside
  }

  /** Texts found lately: a question that adds one more set is mostly answered by a text of the one before. */
  const recent: string[] = []
  const remember = (found: Found<string>) => {
    if (found.type !== 'some' || recent.includes(found.value)) return found
    recent.unshift(found.value)
    if (recent.length > maxRecent) recent.pop()
    return found
  }

  /** Whether one set is to hold what another, that lists the same patterns and maybe more, is not to. */
  const contradict = (sets: readonly TextSet[]) =>
    sets.some(
      (set) =>
        set.inside &&
        sets.some((other) => !other.inside && isSubset(factsOf(set).spellings, factsOf(other).spellings)),
    )

  const decide = (sets: readonly TextSet[]): Found<string> => {
    if (contradict(sets)) return none
    const plain = sets.map(relaxedOf)
    const exact = plain.every((set, i) => set === sets[i])
    const list = plain.filter(({ inside }) => inside).map((set) => factsOf(set).list)
    const listed = list.find((texts) => texts !== undefined)
    if (listed !== undefined) {
      const text = listed.find((one) => plain.every((set) => contains(set, one)))
      if (text === undefined) return none
      return !exact && coveredForEveryValue(sets) ? none : { type: 'some', value: text }
    }
    const known = recent.find((text) => plain.every((set) => contains(set, text)))
    const found: Found<string> =
      known === undefined ? remember(search(run(plain), budget)) : { type: 'some', value: known }
    return found.type === 'none' || exact || !coveredForEveryValue(sets) ? found : none
  }

  return {
    contains,
    isExhausted: () => budget.left < 0,
    find(sets) {
      const ids = sets.map(({ inside, patterns }) => `${inside ? '' : '!'}${machineOf(patterns).id}`)
      const question = [...new Set(ids)].sort().join(' ')
      let answer = answers.get(question)
      if (answer === undefined) {
        answer = decide(sets)
        answers.set(question, answer)
      }
      return answer
    },
  }
}

interface Facts {
  /** Whether there are variables in it. */
  readonly varies: boolean
  readonly list: readonly string[] | undefined
  readonly spellings: ReadonlySet<string>
}

function isSubset(some: ReadonlySet<string>, all: ReadonlySet<string>): boolean {
  if (some.size > all.size) return false
  for (const one of some) if (!all.has(one)) return false
  return true
}

/** At least the texts that lie in the set for some values of its variables. */
function relaxed(set: TextSet): TextSet {
  return set.inside
    ? { inside: true, patterns: set.patterns.map(widened) }
    : { inside: false, patterns: set.patterns.filter((pattern) => !hasVariable(pattern)) }
}

/** The texts themselves, where no pattern has a wildcard or variable. */
export function listOf(patterns: readonly Pattern[]): readonly string[] | undefined {
  const all: string[] = []
  for (const pattern of patterns) {
    const text = onlyText(pattern)
    if (text === undefined) return undefined
    all.push(text)
  }
  return all
}

interface Running {
  readonly inside: boolean
  readonly machine: Machine
}

interface Node {
  readonly states: readonly State[]
  readonly letter: string
  readonly before: Node | undefined
}

function search(sets: readonly Running[], budget: Budget): Found<string> {
  const filler = unusedUnit(sets)
  const first: Node = { states: sets.map(({ machine }) => machine.start), letter: '', before: undefined }
  if (isDead(sets, first.states)) return none
  const queue: Node[] = [first]
  const seen = new Set([keyOf(first.states)])
  for (const node of queue) {
    if (sets.every(({ inside, machine }, i) => isFinal(machine, node.states[i]!) === inside)) {
      return { type: 'some', value: textOf(node) }
    }
    for (const letter of lettersAt(sets, node.states, filler)) {
      budget.left -= 1 + node.states.reduce((sum, state) => sum + state.length, 0)
      if (budget.left < 0) return unknown
      const states = sets.map(({ machine }, i) => advance(machine, node.states[i]!, letter))
      if (isDead(sets, states)) continue
      const key = keyOf(states)
      if (seen.has(key)) continue
      if (seen.size >= maxCombinations) return unknown
      seen.add(key)
      queue.push({ states, letter, before: node })
    }
  }
  return none
}

function isDead(sets: readonly Running[], states: readonly State[]): boolean {
  return sets.some(({ inside, machine }, i) =>
    inside ? states[i]!.length === 0 : isEndless(machine, states[i]!),
  )
}

/** The letters that make a difference here; all others behave as the filler does. */
function lettersAt(sets: readonly Running[], states: readonly State[], filler: string): ReadonlySet<string> {
  const letters = new Set<string>()
  for (const [i, { machine }] of sets.entries()) addLetters(machine, states[i]!, letters)
  return letters.add(filler).add(':')
}

const keyOf = (states: readonly State[]) => states.map((state) => state.join()).join('|')

function textOf(node: Node): string {
  const letters: string[] = []
  for (let at: Node | undefined = node; at !== undefined; at = at.before) letters.push(at.letter)
  return letters.reverse().join('')
}

/** A character in none of the patterns, so that it stands for all such. */
function unusedUnit(sets: readonly Running[]): string {
  const isUnused = (unit: string) => unit !== ':' && sets.every(({ machine }) => !machine.units.has(unit))
  for (const unit of 'xyzabcdefghijklmnopqrstuvw0123456789XYZ') if (isUnused(unit)) return unit
  let code = 0x100
  while (!isUnused(String.fromCharCode(code))) code += 1
  return String.fromCharCode(code)
}

export const anyText: TextSet = { inside: true, patterns: everything }
