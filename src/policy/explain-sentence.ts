/**
 * An explanation in words, before it is text or HTML: outcome, layers, and one sentence for each statement. What stands
 * in a `code` part comes from a policy or a request, is on one line, and is not long; lists and counts are bounded, so
 * the whole is, however large the policies are.
 */
import type { LayerName } from './evaluate.js'
import type { Explanation, LayerExplanation, Mismatch, StatementExplanation } from './explain.js'

/** Plain words, and pieces that are quoted. */
export type Sentence = readonly (string | { readonly code: string })[]

export interface Account {
  readonly outcome: Explanation['decision']['outcome']
  readonly headline: Sentence
  readonly layers: readonly {
    readonly title: string
    readonly statements: readonly { readonly matches: boolean; readonly sentence: Sentence }[]
    /** What was left out, or that there is nothing. */
    readonly note?: string
  }[]
  readonly note?: string
}

const layerTitles: Readonly<Record<LayerName, string>> = {
  identity: 'identity policies',
  resource: 'resource policy',
  boundary: 'permissions boundary',
  session: 'session policies',
  'service-control': 'service control policies',
  'resource-control': 'resource control policies',
}

const maxLayers = 20
const maxStatements = 60
const maxStatementsOfLayer = 12
const maxValues = 6
const maxCharacters = 100

/** For whoever administers the policies: names statements and quotes them. */
export function accountOf({ decision, layers }: Explanation): Account {
  let room = maxStatements
  const telling = layers.filter(
    ({ layer, statements }) => statements.length > 0 || decision.missing?.includes(layer),
  )
  const shown = telling.slice(0, maxLayers).map((layer) => {
    const statements = byNearness(layer).slice(0, Math.min(room, maxStatementsOfLayer))
    room -= statements.length
    const left = layer.statements.length - statements.length
    return {
      title: titleOf(layers, layers.indexOf(layer)),
      statements: statements.map((statement) => ({
        matches: statement.failed === undefined,
        sentence: sentenceOf(statement),
      })),
      ...(layer.statements.length === 0
        ? { note: 'no statements' }
        : left > 0
          ? { note: moreStatements(left) }
          : {}),
    }
  })
  return {
    outcome: decision.outcome,
    headline: headlineOf(decision),
    layers: shown,
    ...(telling.length > maxLayers ? { note: `${telling.length - maxLayers} more levels` } : {}),
  }
}

const moreStatements = (count: number) => `${count} more ${count === 1 ? 'statement' : 'statements'}`

function headlineOf({ outcome, matched, missing }: Explanation['decision']): Sentence {
  const shown = matched.slice(0, maxValues)
  const names = joined(
    shown.map(({ effect, statement, policy }) => [`${effect} `, quote(statement), ' of ', quote(policy)]),
    matched.length - shown.length,
  )
  if (outcome === 'allowed') return ['allowed by ', ...names]
  if (outcome === 'explicitDeny') return ['denied explicitly by ', ...names]
  const lacking = [...new Set(missing)].map((layer) => layerTitles[layer]).join(', ')
  return [`denied: no Allow from ${lacking === '' ? 'any policy' : lacking}`]
}

/** A control policy's level counts from the root. */
function titleOf(layers: readonly LayerExplanation[], index: number): string {
  const { layer } = layers[index]!
  const level = layers.slice(0, index + 1).filter((other) => other.layer === layer).length
  const levels = layer === 'service-control' || layer === 'resource-control'
  return levels ? `${layerTitles[layer]}, level ${level}` : layerTitles[layer]
}

/** Those that matched, then those that came closest, each in the order of the policies. */
function byNearness({ statements }: LayerExplanation): readonly StatementExplanation[] {
  return statements.toSorted((one, other) => distance(one) - distance(other))
}

function distance({ failed }: StatementExplanation): number {
  switch (failed?.element) {
    case undefined:
      return 0
    case 'Condition':
      return 1
    case 'Resource':
    case 'NotResource':
      return 2
    case 'Principal':
    case 'NotPrincipal':
      return 3
    case 'Action':
    case 'NotAction':
      return 4
  }
}

function sentenceOf({ policy, statement, effect, names, failed }: StatementExplanation): Sentence {
  const who: Sentence = [`${effect} `, quote(statement), ' of ', quote(policy)]
  if (failed !== undefined) return [...who, ' does not match: ', ...mismatch(failed)]
  if (names === 'role') return [...who, ' matches by naming the role']
  if (names !== 'account') return [...who, ' matches']
  const worth = effect === 'Allow' ? ', which leaves it to the policies of that account' : ''
  return [...who, ` matches by naming the account${worth}`]
}

function mismatch(failed: Mismatch): Sentence {
  if (failed.element === 'Condition') return conditionMismatch(failed)
  const { element, wanted, found } = failed
  if (wanted.length === 0) return [quote(element), ' is empty and matches nothing']
  const asked = subjects[element]
  if (element.startsWith('Not'))
    return [quote(element), ` excludes ${asked} `, quote(found), ' with ', ...anyOf(wanted)]
  return [quote(element), ' wants ', ...anyOf(wanted), `; ${asked} is `, quote(found)]
}

const subjects = {
  Principal: 'the caller',
  NotPrincipal: 'the caller',
  Action: 'the action',
  NotAction: 'the action',
  Resource: 'the resource',
  NotResource: 'the resource',
} as const

function conditionMismatch({
  operator,
  key,
  wanted,
  found,
}: Extract<Mismatch, { readonly element: 'Condition' }>): Sentence {
  const test: Sentence = ['condition ', quote(`${operator} ${key}`)]
  return [...test, ' wants ', ...wish(operator, wanted), '; ', ...findings(operator, found)]
}

function wish(operator: string, wanted: readonly string[]): Sentence {
  const colon = operator.indexOf(':')
  const prefix = colon < 0 ? '' : operator.slice(0, colon)
  const base = operator.slice(colon + 1).replace(/IfExists$/, '')
  if (base === 'Null') {
    const absent = wanted.some((value) => value.toLowerCase() === 'true')
    return [absent ? 'no such key' : 'the key to be there']
  }
  const negated = base.includes('Not')
  const relation = relations.find(([ending]) => base.endsWith(ending))?.[1] ?? ''
  const values = anyOf(wanted, relation)
  if (prefix === 'ForAllValues') return [negated ? 'no value to be ' : 'every value to be ', ...values]
  if (prefix === 'ForAnyValue' && negated) return ['a value other than ', ...values]
  return negated ? ['anything but ', ...list(wanted)] : values
}

const relations: readonly (readonly [ending: string, words: string])[] = [
  ['LessThanEquals', 'at most '],
  ['LessThan', 'less than '],
  ['GreaterThanEquals', 'at least '],
  ['GreaterThan', 'more than '],
  ['Like', 'something like '],
  ['IpAddress', 'in '],
]

function findings(operator: string, found: string | readonly string[] | undefined): Sentence {
  if (found === undefined) return ['the request has no such key']
  if (typeof found === 'string') return ['the request has ', quote(found)]
  if (found.length === 0) return ['the request has the key without values']
  const values = list(found)
  return operator.includes(':') || operator === 'Null'
    ? ['the request has ', ...values]
    : ['the request has a list (', ...values, '), which only `ForAnyValue:` and `ForAllValues:` compare']
}

function anyOf(wanted: readonly string[], relation = ''): Sentence {
  return [
    wanted.length === 1 && relation !== '' ? relation : `one ${relation === '' ? 'of ' : relation}`,
    ...list(wanted),
  ]
}

function list(values: readonly string[]): Sentence {
  const shown = values.slice(0, maxValues)
  return joined(
    shown.map((value) => [quote(value)]),
    values.length - shown.length,
  )
}

function joined(sentences: readonly Sentence[], more: number): Sentence {
  const parts = sentences.flatMap((sentence, i) => (i === 0 ? sentence : [', ', ...sentence]))
  return more > 0 ? [...parts, ` and ${more} more`] : parts
}

/** Nothing that would end the quotation, the line, or the reading direction. */
function quote(text: string): { readonly code: string } {
  const short = text.length <= maxCharacters ? text : `${text.slice(0, maxCharacters - 3)}...`
  return {
    code: short.replace(
      // oxlint-disable-next-line no-control-regex -- control characters are what this removes
      /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069`]/g,
      '\ufffd',
    ),
  }
}
