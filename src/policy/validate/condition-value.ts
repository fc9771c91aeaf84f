/** Checks on the values of conditions: the form their operator reads, and the form their key has. */
import { parseDecimal } from '../decimal.js'
import { parseInstant } from '../instant.js'
import { parseRange } from '../address.js'
import { quoted } from '../reader.js'
import { type Check, type Hit, hit, hitKey, perCondition } from './check.js'
import { isClaim, type KeyType, knownKey } from './known-key.js'
import type { ConditionView } from './policy-view.js'
import { isRegion } from './resource.js'

export const conditionValueChecks: readonly Check[] = [
  {
    code: 'INVALID_CONDITION_DATA_TYPE',
    type: 'ERROR',
    find: perCondition(function* ({ values, cursor }) {
      if (new Set(values.map(({ cursor: { node } }) => node.type)).size > 1) {
        yield hit('The values are of different JSON types: write all of them in one way.', cursor)
      }
    }),
  },
  {
    code: 'INVALID_CONDITION_MULTIPLE_BOOLEAN',
    type: 'ERROR',
    find: perCondition(function* ({ operator, values, cursor }) {
      if ((operator.base === 'Bool' || operator.base === 'Null') && values.length > 1) {
        yield hit('More than one truth value is either a repetition or always true: write one.', cursor)
      }
    }),
  },
  {
    code: 'TYPE_MISMATCH',
    type: 'WARNING',
    find: perCondition(function* ({ key, keyName, operator, cursor }) {
      const type = isClaim(key) ? undefined : knownKey(key)?.type
      if (type === undefined || operator.base === 'Null' || fits[type].test(operator.base)) return
      yield hitKey(
        `${quoted(keyName)} is ${nouns[type]}, which \`${operator.base}\` does not compare.`,
        cursor,
      )
    }),
  },
  value('TYPE_MISMATCH_BOOLEAN', /^(?:Bool|Null)$/, (text) =>
    /^(?:true|false)$/i.test(text) ? undefined : `${quoted(text)} is neither \`true\` nor \`false\`.`,
  ),
  value('TYPE_MISMATCH_DATE', /^Date/, (text) =>
    parseInstant(text) === undefined ? `${quoted(text)} is no date that can be read.` : undefined,
  ),
  value('TYPE_MISMATCH_IP_RANGE', /IpAddress$/, (text) =>
    parseRange(text) === undefined ? `${quoted(text)} is neither an address nor a CIDR range.` : undefined,
  ),
  value('TYPE_MISMATCH_NUMBER', /^Numeric/, (text) =>
    parseDecimal(text) === undefined ? `${quoted(text)} is no number.` : undefined,
  ),
  value('TYPE_MISMATCH_STRING', /^BinaryEquals$/, (text) =>
    text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)
      ? undefined
      : `${quoted(text)} is not base64.`,
  ),
  value('INVALID_DATE_VALUE', /^Date/, (text) =>
    /^-?[0-9]{5,}(?:\.[0-9]+)?$/.test(text)
      ? `${quoted(text)} is read as seconds since 1970: write a date, e.g. \`2030-01-31T00:00:00Z\`.`
      : undefined,
  ),
  value('WILDCARD_WITHOUT_LIKE_OPERATOR', /^String(?:Not)?Equals(?:IgnoreCase)?$/, (text) =>
    /[*?]/.test(text.replaceAll('${*}', '').replaceAll('${?}', ''))
      ? 'Here `*` and `?` are plain characters: wildcards need `StringLike`.'
      : undefined,
  ),
  format('INVALID_REGION', ['aws:requestedregion'], isRegion, 'a region'),
  format(
    'INVALID_VPC_FORMAT',
    ['aws:sourcevpc', 'aws:ec2instancesourcevpc'],
    (text) => /^vpc-(?:[0-9a-f]{8}|[0-9a-f]{17})$/.test(text),
    'the id of a network, `vpc-` and 8 or 17 hexadecimal digits',
  ),
  format(
    'INVALID_VPCE_FORMAT',
    ['aws:sourcevpce'],
    (text) => /^vpce-(?:[0-9a-f]{8}|[0-9a-f]{17})$/.test(text),
    'the id of an endpoint, `vpce-` and 8 or 17 hexadecimal digits',
  ),
  format(
    'INVALID_SERVICE_PRINCIPAL_FORMAT',
    [
      'aws:calledvia',
      'aws:calledviafirst',
      'aws:calledvialast',
      'aws:principalservicename',
      'aws:principalservicenameslist',
      'iam:awsservicename',
      'iam:passedtoservice',
    ],
    (text) => /^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?$/.test(text),
    'the name of a service, e.g. `ec2.amazonaws.com`',
  ),
]

const fits: Readonly<Record<KeyType, RegExp>> = {
  string: /^String/,
  arn: /^(?:String|Arn)/,
  bool: /^Bool$/,
  date: /^Date/,
  epoch: /^(?:Date|Numeric)/,
  number: /^Numeric/,
  address: /IpAddress$/,
}

const nouns: Readonly<Record<KeyType, string>> = {
  string: 'text',
  arn: 'an ARN',
  bool: 'true or false',
  date: 'a date',
  epoch: 'a point in time',
  number: 'a number',
  address: 'an address',
}

/** Each value of the operators, variables left to the compiler. */
function value(code: string, bases: RegExp, judge: (text: string) => string | undefined): Check {
  return {
    code,
    type: 'WARNING',
    find: perCondition(function* ({ operator, values }, _, { variables }): Iterable<Hit> {
      if (!bases.test(operator.base)) return
      for (const { text, cursor } of values) {
        if (variables && text.includes('${') && !operator.base.startsWith('String')) continue
        const details = judge(text)
        if (details !== undefined) yield hit(details, cursor)
      }
    }),
  }
}

/** Each complete value of a key under a string operator. */
function format(
  code: string,
  keys: readonly string[],
  fitsForm: (text: string) => boolean,
  noun: string,
): Check {
  return {
    code,
    type: 'ERROR',
    find: perCondition(function* (condition): Iterable<Hit> {
      if (!keys.includes(condition.key) || !condition.operator.base.startsWith('String')) return
      for (const { text, cursor } of condition.values) {
        if (isOpen(condition, text) || fitsForm(text)) continue
        yield hit(`${quoted(text)} is not ${noun}.`, cursor)
      }
    }),
  }
}

/** Whether the value can stand for more than itself. */
function isOpen({ operator }: ConditionView, text: string): boolean {
  return text.includes('${') || (/[*?]/.test(text) && operator.base.endsWith('Like'))
}
