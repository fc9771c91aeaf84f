/**
 * Checks of our own on trust policies whose conditions hold more often than they seem to: for everybody, or for
 * whoever lacks the key that they ask for.
 */
import { isAccountId, splitArn } from '../arn.js'
import { quoted } from '../reader.js'
import { type Check, hit, hitKey, perStatement } from './check.js'
import { knownKey } from './known-key.js'
import type { ConditionView, StatementView } from './policy-view.js'
import { providersOf } from './provider.js'
import { demandedKeys, restricts } from './restriction.js'

export const openTrustChecks: readonly Check[] = [
  {
    code: 'ROLEGATE_TRUST_OPEN_TO_EVERYONE',
    type: 'SECURITY_WARNING',
    kinds: ['trust'],
    find: perStatement(function* (statement) {
      const { effect, principal } = statement
      if (effect !== 'Allow' || principal?.includes !== true || !principal.everyone) return
      if (statement.conditions.some((condition) => restricts(condition) && saysWho(condition))) return
      yield hit('Everybody may assume this role: no condition names who or where from.', principal.cursor)
    }),
  },
  {
    code: 'ROLEGATE_NEGATED_CONDITION_HOLDS_WITHOUT_KEY',
    type: 'SECURITY_WARNING',
    kinds: ['trust'],
    find: perStatement(function* (statement) {
      yield* holdingWithoutKey(
        statement,
        ({ negated, operator }) => negated && operator.over !== 'ForAnyValue',
      )
    }),
  },
  {
    code: 'ROLEGATE_FORALLVALUES_HOLDS_WITHOUT_KEY',
    type: 'SECURITY_WARNING',
    kinds: ['trust'],
    find: perStatement(function* (statement) {
      yield* holdingWithoutKey(
        statement,
        ({ key, negated, operator }) =>
          operator.over === 'ForAllValues' &&
          operator.base !== 'Null' &&
          !negated &&
          // These limit which tags may come; no tags at all are fine.
          key !== 'aws:tagkeys' &&
          key !== 'sts:transitivetagkeys',
      )
    }),
  },
  {
    code: 'ROLEGATE_IF_EXISTS_HOLDS_WITHOUT_KEY',
    type: 'WARNING',
    kinds: ['trust'],
    find: perStatement(function* (statement) {
      yield* holdingWithoutKey(
        statement,
        ({ negated, operator }) =>
          operator.ifExists &&
          operator.over !== 'ForAllValues' &&
          (!negated || operator.over === 'ForAnyValue'),
      )
    }),
  },
]

function* holdingWithoutKey(statement: StatementView, concerns: (condition: ConditionView) => boolean) {
  if (statement.effect !== 'Allow') return
  const demanded = demandedKeys(statement)
  const present = alwaysPresent(statement)
  for (const condition of statement.conditions) {
    const { key, keyName, operator, cursor } = condition
    if (!concerns(condition) || demanded.has(key)) continue
    // ForAllValues also holds for a key that is there without values.
    if (present(key) && operator.over !== 'ForAllValues') continue
    yield hitKey(
      `This also holds where ${quoted(keyName)} is missing, so such callers are let in: add \`Null\` \`false\` for it.`,
      cursor,
    )
  }
}

/** Keys that every request which can match the statement carries. */
function alwaysPresent(statement: StatementView): (key: string) => boolean {
  const keys = new Set(['aws:currenttime', 'aws:epochtime', 'aws:securetransport', 'aws:requestedregion'])
  const { principal } = statement
  const providers = providersOf(statement)
  const entries = principal?.entries.length ?? 0
  const only = (one: string) => providers.length === entries && providers.every(({ kind }) => kind === one)
  if (principal?.includes !== true || entries === 0) return (key) => keys.has(key)
  if (principal.entries.every(({ type, text }) => type === 'AWS' && text !== '*')) {
    for (const key of ['aws:principalarn', 'aws:principalaccount', 'aws:principaltype', 'aws:userid'])
      keys.add(key)
  }
  if (only('saml')) for (const name of ['aud', 'iss', 'sub', 'sub_type', 'doc']) keys.add(`saml:${name}`)
  if (only('ldap')) for (const name of ['username', 'dn']) keys.add(`ldap:${name}`)
  if (only('local')) keys.add('local:username')
  if (only('oidc') && new Set(providers.map(({ name }) => name)).size === 1) {
    for (const claim of ['sub', 'aud']) keys.add(`${providers[0]!.name}:${claim}`.toLowerCase())
  }
  return (key) => keys.has(key)
}

/** Whether the condition asks for something that callers of other accounts cannot arrange for themselves. */
function saysWho({ key, values }: ConditionView): boolean {
  if (!trustworthy.has(key)) return false
  // Anybody can have a role of a certain name, in an account of his own.
  return knownKey(key)?.type !== 'arn' || values.every(({ text }) => isAccountId(splitArn(text)?.[4] ?? ''))
}

/** Keys that the caller cannot choose, and that say who or where he is. */
const trustworthy: ReadonlySet<string> = new Set([
  'aws:principalaccount',
  'aws:principalarn',
  'aws:principalorgid',
  'aws:principalorgpaths',
  'aws:sourceaccount',
  'aws:sourcearn',
  'aws:sourceip',
  'aws:sourceorgid',
  'aws:sourceorgpaths',
  'aws:sourcevpc',
  'aws:sourcevpcarn',
  'aws:sourcevpce',
  'aws:userid',
  'aws:vpceaccount',
  'aws:vpceorgid',
  'aws:vpceorgpaths',
  'aws:principalservicename',
])
