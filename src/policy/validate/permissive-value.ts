/**
 * Checks on keys that say who somebody is, compared with a value that hardly says anything: fewer than six literal
 * characters in a row. Variables count as wildcards.
 */
import { type Check, type Hit, hit, perCondition } from './check.js'
import type { ConditionView } from './policy-view.js'

const identifying: ReadonlySet<string> = new Set([
  'aws:principalaccount',
  'aws:principalarn',
  'aws:principalorgid',
  'aws:principalorgpaths',
  'aws:resourceaccount',
  'aws:resourceorgid',
  'aws:sourceaccount',
  'aws:sourcearn',
  'aws:sourceorgid',
  'aws:sourceorgpaths',
  'aws:userid',
  'aws:username',
])

const fewest = 6
/** Stops at the next brace, so that no character is looked at twice. */
const variable = /\$\{[^{}]*\}/g

export const permissiveValueChecks: readonly Check[] = [
  permissive('WILDCARD_USAGE_TOO_PERMISSIVE', 'wildcards', (text) => !hasVariable(text)),
  permissive('VARIABLE_USAGE_TOO_PERMISSIVE', 'variables', hasVariable),
]

function permissive(code: string, noun: string, concerns: (text: string) => boolean): Check {
  return {
    code,
    type: 'ERROR',
    find: perCondition(function* (condition, { effect }, { variables }): Iterable<Hit> {
      if (effect !== 'Allow' || condition.negated || !identifying.has(condition.key)) return
      for (const { text, cursor } of condition.values) {
        const open = openText(condition, variables ? text : text.replaceAll('${', '$('))
        if (open === undefined || !concerns(text)) continue
        const said = condition.key === 'aws:userid' ? open.slice(0, colonOf(open)) : open
        const wide =
          condition.key === 'aws:userid' ? said.includes('*') : longestRun(said.split('*')) < fewest
        if (wide) yield hit(`The ${noun} leave too little of the value fixed to say who is meant.`, cursor)
      }
    }),
  }
}

/** The value with `*` for whatever is not fixed; undefined when all of it is. */
function openText({ operator }: ConditionView, text: string): string | undefined {
  const patterns = operator.base === 'StringLike' || operator.base.startsWith('Arn')
  if (!patterns && !operator.base.startsWith('String')) return undefined
  const escaped = text.replaceAll(/\$\{[*?$]\}/g, '_')
  const plain = patterns ? escaped.replaceAll('?', '*') : escaped.replaceAll(/[*?]/g, '_')
  const open = plain.replaceAll(variable, '*')
  return open.includes('*') ? open : undefined
}

function colonOf(text: string): number {
  const colon = text.indexOf(':')
  return colon < 0 ? text.length : colon
}

function longestRun(runs: readonly string[]): number {
  return runs.reduce((longest, run) => Math.max(longest, run.length), 0)
}

function hasVariable(text: string): boolean {
  return /\$\{[^*?$}]/.test(text)
}
