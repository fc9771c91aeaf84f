import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import type { RequestContext } from '../../src/policy/context.js'
import { type AuthorizationRequest, type Decision, evaluate } from '../../src/policy/evaluate.js'
import { explain } from '../../src/policy/explain.js'
import type { Principal } from '../../src/policy/principal.js'
import { compiledLayers } from './compiled.js'
import { judge, type RawLayers, type RawPolicy } from './reference.js'

type Outcome = Decision['outcome']

/** Parts of a request as the files write it; the principal is a name from principals.json. */
interface WrittenRequest {
  readonly principal: string
  readonly action: string
  readonly resource: string
  readonly resourceAccount: string
  readonly context: Readonly<Record<string, string | readonly string[]>>
}

interface DecisionFile {
  /** What the rows leave out. */
  readonly request: WrittenRequest
  readonly statement?: Readonly<Record<string, unknown>>
  readonly rows: readonly DecisionRow[]
}

interface DecisionRow {
  readonly name: string
  /** The section of the policy facts that the row encodes. */
  readonly rule: string
  readonly request?: Partial<WrittenRequest>
  /** Members of the only statement of the only identity policy; or `layers`. */
  readonly statement?: Readonly<Record<string, unknown>>
  /** `trust` stands for a resource policy that is a trust policy. */
  readonly layers?: RawLayers & { readonly trust?: RawPolicy }
  readonly expected: Outcome
}

interface ConditionRow {
  readonly name: string
  readonly rule: string
  readonly condition: Readonly<Record<string, unknown>>
  readonly context: WrittenRequest['context']
  readonly holds: boolean
  /** Where the effect makes a difference: a negated operator and a value that it cannot read. */
  readonly holdsInDeny?: boolean
}

function read(file: string): unknown {
  return JSON.parse(readFileSync(new URL(`cases/${file}`, import.meta.url), 'utf8'))
}

const principals = new Map(Object.entries(read('principals.json') as Record<string, Principal>))

function contextOf(written: WrittenRequest['context']): RequestContext {
  return new Map(Object.entries(written))
}

function requestOf(written: WrittenRequest): AuthorizationRequest {
  const principal = principals.get(written.principal)
  if (principal === undefined) throw new Error(`no principal ${written.principal}`)
  return { ...written, principal, context: contextOf(written.context) }
}

function layersOf(file: DecisionFile, row: DecisionRow): RawLayers {
  if (row.layers === undefined) {
    const statement = { ...file.statement, ...row.statement }
    return { identity: [{ Version: '2012-10-17', Statement: statement }] }
  }
  const { trust, ...layers } = row.layers
  return trust === undefined ? layers : { ...layers, resource: trust, resourceIsTrust: true }
}

/** The evaluator, the explanation and the second evaluator must all say what the row says. */
function check(request: AuthorizationRequest, raw: RawLayers, expected: Outcome): void {
  const layers = compiledLayers(raw)
  expect(evaluate(request, layers).outcome).toBe(expected)
  expect(explain(request, layers).decision.outcome).toBe(expected)
  expect(judge(request, raw)).toBe(expected)
}

describe.each([
  '1-documents.json',
  '3-matching.json',
  '3-principals.json',
  '4-variables.json',
  '7-decisions.json',
  '8-trust.json',
])('the cases of %s', (name) => {
  const file = read(name) as DecisionFile
  it.each(file.rows)('$rule: $name', (row) => {
    check(requestOf({ ...file.request, ...row.request }), layersOf(file, row), row.expected)
  })
})

describe.each(['5-operators.json', '5-truth-tables.json', '5-every-operator.json'])(
  'the cases of %s',
  (name) => {
    const file = read(name) as { readonly rows: readonly ConditionRow[] }
    it.each(file.rows)('$rule: $name', (row) => {
      const request: AuthorizationRequest = {
        principal: principals.get('ann')!,
        action: 's3:GetObject',
        resource: '*',
        resourceAccount: '111122223333',
        context: contextOf(row.context),
      }
      const layers = (effect: string): RawLayers => ({
        identity: [
          {
            Version: '2012-10-17',
            Statement: { Effect: effect, Action: '*', Resource: '*', Condition: row.condition },
          },
        ],
      })
      check(request, layers('Allow'), row.holds ? 'allowed' : 'implicitDeny')
      check(request, layers('Deny'), (row.holdsInDeny ?? row.holds) ? 'explicitDeny' : 'implicitDeny')
    })
  },
)
