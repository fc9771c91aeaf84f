/**
 * Checks on the data-perimeter patterns of resource control policies. What such policies may hold at all is the
 * compiler's to say.
 * https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
 */
import { quoted } from '../reader.js'
import { type Check, hitKey, perStatement } from './check.js'
import type { StatementView } from './policy-view.js'

const organizationKeys: ReadonlySet<string> = new Set([
  'aws:principalorgid',
  'aws:principalorgpaths',
  'aws:principalaccount',
])
const sourceKeys: ReadonlySet<string> = new Set([
  'aws:sourceorgid',
  'aws:sourceorgpaths',
  'aws:sourceaccount',
])

export const organizationChecks: readonly Check[] = [
  {
    code: 'RCP_MISSING_RELATED_PRINCIPAL_CONDITION_KEY',
    type: 'WARNING',
    kinds: ['resource-control'],
    find: perStatement(function* (statement) {
      if (hasKey(statement, 'aws:principalisawsservice')) return
      for (const { key, keyName, negated, cursor } of statement.conditions) {
        if (negated && organizationKeys.has(key)) {
          yield hitKey(
            `Services do not carry ${quoted(keyName)} and are denied as well: exempt them with \`aws:PrincipalIsAWSService\`.`,
            cursor,
          )
        }
      }
    }),
  },
  {
    code: 'RCP_MISSING_RELATED_SERVICE_PRINCIPAL_CONDITION_KEY',
    type: 'WARNING',
    kinds: ['resource-control'],
    find: perStatement(function* (statement) {
      if (hasKey(statement, 'aws:principalisawsservice')) return
      for (const { key, keyName, negated, cursor } of statement.conditions) {
        if (negated && sourceKeys.has(key)) {
          yield hitKey(
            `Only services carry ${quoted(keyName)}: limit the statement to them with \`aws:PrincipalIsAWSService\`.`,
            cursor,
          )
        }
      }
    }),
  },
  {
    code: 'RCP_MISSING_SERVICE_CONDITION_KEY_NULL_CHECK',
    type: 'WARNING',
    kinds: ['resource-control'],
    find: perStatement(function* ({ conditions }) {
      if (conditions.some(({ operator }) => operator.base === 'Null')) return
      for (const { key, keyName, negated, cursor } of conditions) {
        if (negated && sourceKeys.has(key)) {
          yield hitKey(
            `Some services do not send ${quoted(keyName)} and are denied: ask with \`Null\` whether a source is there.`,
            cursor,
          )
        }
      }
    }),
  },
]

function hasKey({ conditions }: StatementView, key: string): boolean {
  return conditions.some((condition) => condition.key === key)
}
