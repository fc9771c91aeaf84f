/** Checks on the keys of conditions: whether they exist, carry what the operator expects, and come with their pair. */
import { quoted } from '../reader.js'
import { type Check, hit, hitKey, perCondition, perStatement } from './check.js'
import { isClaim, isFamilyWithoutName, isWholeService, knownKey } from './known-key.js'

export const conditionKeyChecks: readonly Check[] = [
  {
    code: 'INVALID_GLOBAL_CONDITION_KEY',
    type: 'ERROR',
    find: perCondition(function* ({ key, keyName, cursor }) {
      if (!key.startsWith('aws:') || key === 'aws:arn' || isFamilyWithoutName(key)) return
      if (knownKey(key) === undefined)
        yield hitKey(`There is no global condition key ${quoted(keyName)}.`, cursor)
    }),
  },
  {
    code: 'UNSUPPORTED_GLOBAL_CONDITION_KEY',
    type: 'ERROR',
    find: perCondition(function* ({ key, cursor }) {
      if (key === 'aws:arn') {
        yield hitKey('`aws:ARN` is no longer filled: use `aws:PrincipalArn` or `aws:SourceArn`.', cursor)
      }
    }),
  },
  {
    code: 'INVALID_SERVICE_CONDITION_KEY',
    type: 'ERROR',
    find: perCondition(function* ({ key, keyName, cursor }) {
      const service = key.slice(0, Math.max(0, key.indexOf(':')))
      if (!isWholeService(service) || isFamilyWithoutName(key)) return
      if (knownKey(key) === undefined)
        yield hitKey(`\`${service}\` has no condition key ${quoted(keyName)}.`, cursor)
    }),
  },
  {
    code: 'MISSING_TAG_KEY_IN_CONDITION',
    type: 'ERROR',
    find: perCondition(function* ({ key, keyName, cursor }) {
      if (isFamilyWithoutName(key))
        yield hitKey(`${quoted(keyName)} lacks \`/\` and the name of a tag.`, cursor)
    }),
  },
  {
    code: 'MISSING_QUALIFIER',
    type: 'ERROR',
    find: perCondition(function* ({ key, keyName, operator, cursor }) {
      if (operator.over !== 'one' || operator.base === 'Null') return
      if (knownKey(key)?.multivalued === true) {
        yield hitKey(
          `${quoted(keyName)} has many values: the operator needs \`ForAnyValue:\` or \`ForAllValues:\`.`,
          cursor,
        )
      }
    }),
  },
  {
    code: 'FORALLVALUES_WITH_SINGLE_VALUED_KEY',
    type: 'SECURITY_WARNING',
    find: perCondition(function* ({ key, keyName, operator, cursor }) {
      if (operator.over !== 'ForAllValues' || operator.base === 'Null' || isAudience(key)) return
      if (knownKey(key)?.multivalued === false) {
        yield hitKey(
          `${quoted(keyName)} has one value, and \`ForAllValues\` also holds when it is missing: leave the prefix out.`,
          cursor,
        )
      }
    }),
  },
  {
    code: 'FORANYVALUE_WITH_AUDIENCE_CLAIM_TYPE',
    type: 'SECURITY_WARNING',
    find: perCondition(function* ({ key, operator, cursor }) {
      if (operator.over === 'ForAnyValue' && isAudience(key)) {
        yield hitKey(
          'A token for several audiences passes when one of them is right: leave the prefix out.',
          cursor,
        )
      }
    }),
  },
  {
    code: 'CONFIRM_AUDIENCE_CLAIM_TYPE',
    type: 'SUGGESTION',
    find: perCondition(function* ({ key, operator, cursor }) {
      if (operator.over === 'ForAllValues' && isAudience(key)) {
        yield hitKey('The audience has one value here: `ForAllValues` is for keys with many.', cursor)
      }
    }),
  },
  {
    code: 'NULL_WITH_QUALIFIER',
    type: 'SUGGESTION',
    find: perCondition(function* ({ operator, cursor }) {
      if (operator.base === 'Null' && operator.over !== 'one') {
        const constant = operator.over === 'ForAllValues' ? 'always' : 'never'
        yield hitKey(
          `\`Null\` with a set prefix ${constant} holds, whatever the request: leave the prefix out.`,
          cursor,
        )
      }
    }),
  },
  {
    code: 'MISSING_PAIRED_CONDITION_KEYS',
    type: 'SECURITY_WARNING',
    find: perStatement(function* ({ conditions }) {
      const paired = conditions.some(({ key }) => networkKeys.has(key))
      for (const { key, cursor } of conditions) {
        if (key === 'aws:vpcsourceip' && !paired) {
          yield hitKey(
            'Private addresses repeat from network to network: add `aws:SourceVpc` or `aws:SourceVpce`.',
            cursor,
          )
        }
      }
    }),
  },
  {
    code: 'UNTRUSTWORTHY_CONDITION_KEY',
    type: 'SECURITY_WARNING',
    find: perCondition(function* ({ key, keyName, cursor }, { effect }) {
      if (effect === 'Allow' && (key === 'aws:referer' || key === 'aws:useragent')) {
        yield hitKey(`Callers write ${quoted(keyName)} themselves: it proves nothing.`, cursor)
      }
    }),
  },
  {
    code: 'STRING_LIKE_OPERATOR_WITH_ARN_CONDITION_KEYS',
    type: 'SECURITY_WARNING',
    find: perCondition(function* ({ key, keyName, operator, values, cursor }) {
      if (operator.base !== 'StringLike' && operator.base !== 'StringNotLike') return
      if (knownKey(key)?.type === 'arn' && values.some(({ text }) => text.includes('*'))) {
        yield hit(
          `In string operators a wildcard crosses the colons of ${quoted(keyName)}: use \`${operator.base.replace('String', 'Arn')}\`.`,
          cursor,
        )
      }
    }),
  },
  {
    code: 'ROLEGATE_PRINCIPAL_ARN_OF_SESSION',
    type: 'WARNING',
    find: perCondition(function* ({ key, values }) {
      if (key !== 'aws:principalarn') return
      for (const { text, cursor } of values) {
        if (/^arn:[^:]*:sts:[^:]*:[^:]*:assumed-role\//.test(text)) {
          yield hit(
            '`aws:PrincipalArn` of a role session is the ARN of the role, so this never matches.',
            cursor,
          )
        }
      }
    }),
  },
  {
    code: 'ROLEGATE_MFA_FALSE_MISSES_LONG_TERM_KEYS',
    type: 'SECURITY_WARNING',
    find: perCondition(function* ({ key, operator, values, cursor }, { effect }) {
      if (effect !== 'Deny' || key !== 'aws:multifactorauthpresent') return
      if (operator.base !== 'Bool' || operator.ifExists) return
      if (values.some(({ text }) => text.toLowerCase() === 'false')) {
        yield hit('Long-term keys lack this key, so the Deny misses them: use `BoolIfExists`.', cursor)
      }
    }),
  },
]

const networkKeys: ReadonlySet<string> = new Set(['aws:sourcevpc', 'aws:sourcevpce', 'aws:sourcevpcarn'])

function isAudience(key: string): boolean {
  return key.endsWith(':aud') && isClaim(key)
}
