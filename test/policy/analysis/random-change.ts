/**
 * A random document and a changed one: narrowed, widened, rewritten to mean the same, or replaced. Narrowing is
 * frequent, since only pairs without new access can prove a PASS wrong.
 */
import { type Dice, randomStatement } from '../random-request.js'

export type Kind = 'identity' | 'resource' | 'trust' | 'service-control' | 'resource-control'
export type RawStatement = Record<string, unknown>

export function randomStatements(dice: Dice, kind: Kind): readonly RawStatement[] {
  const statements = Array.from({ length: 1 + dice.below(3) }, () => randomStatement(dice, kind))
  if (kind !== 'resource-control' && dice.chance(0.3)) {
    const who = kind === 'resource' || kind === 'trust' ? { Principal: '*' } : {}
    const what = kind === 'trust' ? { Action: 'sts:*' } : { Action: '*', Resource: '*' }
    statements.push({ Effect: 'Allow', ...who, ...what })
  }
  return statements
}

export function changed(
  dice: Dice,
  kind: Kind,
  statements: readonly RawStatement[],
): readonly RawStatement[] {
  let result = statements
  for (let i = 1 + dice.below(2); i > 0; i -= 1) result = dice.one(changes)(dice, kind, result)
  return result.length === 0 ? statements : result
}

type Change = (dice: Dice, kind: Kind, statements: readonly RawStatement[]) => readonly RawStatement[]

const drop: Change = (dice, _kind, statements) => {
  const gone = dice.below(statements.length)
  return statements.filter((_, i) => i !== gone)
}

const deny: Change = (dice, kind, statements) => [
  ...statements,
  { ...randomStatement(dice, kind), Effect: 'Deny' },
]

const replace: Change = (dice, kind, statements) => {
  const at = dice.below(statements.length)
  return statements.map((statement, i) => (i === at ? randomStatement(dice, kind) : statement))
}

const add: Change = (dice, kind, statements) => [...statements, randomStatement(dice, kind)]

/** Takes over one element of another random statement: its condition, its resources, its actions. */
const mix: Change = (dice, kind, statements) => {
  const at = dice.below(statements.length)
  const other = randomStatement(dice, kind)
  const member = dice.one(['Condition', 'Condition', 'Resource', 'Action', 'Principal'])
  return statements.map((statement, i) => {
    if (i !== at || !(member in statement) || !(member in other)) return statement
    return { ...statement, [member]: other[member] }
  })
}

const shorten: Change = (dice, _kind, statements) => {
  const at = dice.below(statements.length)
  return statements.map((statement, i) => {
    const member = dice.one(['Action', 'Resource', 'NotAction', 'NotResource'])
    const list = statement[member]
    return i === at && Array.isArray(list) && list.length > 1
      ? { ...statement, [member]: list.slice(1) }
      : statement
  })
}

/** One statement per action: the same meaning. */
const split: Change = (_dice, _kind, statements) =>
  statements.flatMap((statement) =>
    Array.isArray(statement['Action'])
      ? statement['Action'].map((action: unknown) => ({ ...statement, Action: action }))
      : [statement],
  )

const constrain: Change = (dice, kind, statements) => {
  const { Condition: condition } = randomStatement(dice, kind)
  if (condition === undefined) return statements
  return statements.map((statement) =>
    statement['Effect'] === 'Allow' ? withCondition(statement, condition) : statement,
  )
}

/** Wildcards become something that they cover. */
const instantiate: Change = (dice, _kind, statements) => {
  const instance = (text: unknown) =>
    typeof text === 'string' && text !== '*' && !text.includes('${*}')
      ? text.replace(/[*?]/g, () => dice.one(['a', 'e', 'x']))
      : text
  const member = dice.one(['Action', 'Resource'])
  return statements.map((statement) => {
    const written = statement[member]
    if (written === undefined || statement['Effect'] !== 'Allow') return statement
    return { ...statement, [member]: Array.isArray(written) ? written.map(instance) : instance(written) }
  })
}

function withCondition(statement: RawStatement, condition: unknown): RawStatement {
  const own = (statement['Condition'] ?? {}) as Record<string, unknown>
  const free = Object.entries(condition as Record<string, unknown>).filter(([operator]) => !(operator in own))
  return { ...statement, Condition: { ...own, ...Object.fromEntries(free) } }
}

const changes: readonly Change[] = [
  drop,
  deny,
  replace,
  add,
  mix,
  mix,
  shorten,
  shorten,
  split,
  constrain,
  constrain,
  instantiate,
  instantiate,
  (_dice, _kind, statements) => [...statements].reverse(),
]
