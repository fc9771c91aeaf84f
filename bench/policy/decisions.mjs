/** Decisions per second: against Cedar, against documents that do not matter, and with somebody asking why. */
import cedar from '@cedar-policy/cedar-wasm/nodejs'
import { evaluate } from '../../dist/policy/evaluate.js'
import { explain } from '../../dist/policy/explain.js'
import { bystanders, cedarPolicies, documents, requests } from './documents.mjs'
import { grouped, print, ratesOf, row } from './rates.mjs'

export function againstCedar() {
  print(
    `Decisions per second of processor time; @cedar-policy/cedar-wasm ${cedar.getCedarVersion()}, pre-parsed policy set`,
  )
  print(row('', 'Rolegate', 'Cedar', 'ratio'))
  for (const count of [1, 10, 100]) {
    const name = `${count} documents`
    const parsed = cedar.preparsePolicySet(name, { staticPolicies: cedarPolicies(count) })
    if (parsed.type !== 'success') throw new Error(JSON.stringify(parsed))
    const layers = { identity: documents(count) }
    const pairs = requests(count, name)
    const allowed = pairs.filter((pair) => assertSame(pair, layers)).length
    if (allowed < 15 || allowed > 45)
      throw new Error(`${allowed} of ${pairs.length} are allowed: too one-sided`)
    const rates = ratesOf({
      rolegate: (i) => evaluate(pairs[i % pairs.length].rolegate, layers),
      cedar: (i) => cedar.statefulIsAuthorized(pairs[i % pairs.length].cedar),
    })
    const ratio = (rates.rolegate / rates.cedar).toFixed(0)
    print(row(count === 1 ? '1 document' : name, grouped(rates.rolegate), grouped(rates.cedar), `${ratio}x`))
  }
  print()
}

/** @returns whether both allow. */
function assertSame({ rolegate, cedar: call }, layers) {
  const { outcome } = evaluate(rolegate, layers)
  const answer = cedar.statefulIsAuthorized(call)
  if (answer.type !== 'success' || answer.response.diagnostics.errors.length > 0) {
    throw new Error(JSON.stringify(answer))
  }
  const allowed = answer.response.decision === 'allow'
  if (allowed !== (outcome === 'allowed')) {
    throw new Error(`Cedar and Rolegate disagree: ${JSON.stringify(call)}`)
  }
  return allowed
}

export function growth() {
  print('Nanoseconds of a decision on 10 documents, beside others of 5 statements that cannot match')
  print(row('', '0', '90', '990'))
  // A list that may change is compared with what it held before, which takes some 2 ns a document.
  for (const { kind, frozen } of [
    { kind: 'other actions', frozen: false },
    { kind: 'other resources', frozen: false },
    { kind: 'other actions', frozen: true },
  ]) {
    const pairs = requests(10, '')
    const candidates = {}
    for (const count of [0, 90, 990]) {
      const identity = [...documents(10), ...bystanders(count, kind)]
      const layers = { identity: frozen ? Object.freeze(identity) : identity }
      candidates[`others: ${count}`] = (i) => evaluate(pairs[i % pairs.length].rolegate, layers)
    }
    const rates = Object.values(ratesOf(candidates)).map((rate) => (1e9 / rate).toFixed(0))
    print(row(`about ${kind}${frozen ? ', frozen list' : ''}`, ...rates))
  }
  print()
}

/** Has to be called first in its process: the one thing that differs is whether anybody has asked before. */
export function explanations() {
  const layers = { identity: documents(10) }
  const pairs = requests(10, '')
  const decide = (i) => evaluate(pairs[i % pairs.length].rolegate, layers)
  const before = ratesOf({ decide }).decide
  const explained = ratesOf({ why: (i) => explain(pairs[i % pairs.length].rolegate, layers) }).why
  const after = ratesOf({ decide }).decide
  print('What explanations cost, on 10 documents')
  print(row('', 'per second', 'ns'))
  print(row('decisions, nobody has ever asked why', grouped(before), (1e9 / before).toFixed(0)))
  print(row('decisions with explanations', grouped(explained), (1e9 / explained).toFixed(0)))
  print(row('decisions, after many explanations', grouped(after), (1e9 / after).toFixed(0)))
  print(row('bytes allocated by a decision', bytesOf(decide).toFixed(0)))
  print()
}

function bytesOf(call) {
  const times = 4_000
  for (let i = 0; i < times; i += 1) call(i)
  globalThis.gc()
  const from = process.memoryUsage().heapUsed
  for (let i = 0; i < times; i += 1) call(i)
  return Math.max(0, process.memoryUsage().heapUsed - from) / times
}
