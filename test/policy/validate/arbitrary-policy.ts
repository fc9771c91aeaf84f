/** Random texts that are nearly policies: the right words in right and wrong places. */
import * as fc from 'fast-check'
import { operators } from '../../../src/policy/operator.js'

const words = fc.oneof(
  fc.constantFrom(
    '*',
    '',
    'Allow',
    'Deny',
    's3:Get*',
    'sts:AssumeRole',
    'sts:AssumeRoleWithWebIdentity',
    'arn:aws:s3:::b/${aws:username}',
    'arn:aws:iam::111122223333:role/r',
    'arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com',
    'arn:aws:sts::111122223333:assumed-role/r/s',
    '111122223333',
    'ec2.amazonaws.com',
    'repo:octo*/app@2:*',
    '10.0.0.1/8',
    '2030-01-01',
    'true',
    '${',
    '\u00e9\n"\\',
  ),
  fc.string({ maxLength: 12 }),
)
const scalars = fc.oneof(words, fc.integer(), fc.boolean(), fc.constant(null))
const oneOrMore = fc.oneof(scalars, fc.array(scalars, { maxLength: 4 }))
const keys = fc.oneof(
  fc.constantFrom(
    'aws:TagKeys',
    'aws:SourceIp',
    'aws:RequestTag/',
    'aws:userid',
    'sts:ExternalId',
    'token.actions.githubusercontent.com:sub',
    'ldap:groups',
  ),
  fc.string({ maxLength: 8 }),
)
const operatorNames = fc
  .tuple(
    fc.constantFrom('', 'ForAllValues:', 'ForAnyValue:', 'For:'),
    fc.constantFrom('Null', 'Nothing', ...operators.keys()),
    fc.constantFrom('', 'IfExists'),
  )
  .map((parts) => parts.join(''))
const conditions = fc.dictionary(
  operatorNames,
  fc.oneof(fc.dictionary(keys, oneOrMore, { maxKeys: 3 }), scalars),
  {
    maxKeys: 3,
  },
)
const principals = fc.oneof(
  scalars,
  fc.dictionary(fc.constantFrom('AWS', 'Federated', 'Service', 'CanonicalUser', 'Other'), oneOrMore, {
    maxKeys: 3,
  }),
)
const statement = fc.record(
  {
    Sid: scalars,
    Effect: fc.oneof(fc.constantFrom('Allow', 'Deny'), scalars),
    Principal: principals,
    NotPrincipal: principals,
    Action: oneOrMore,
    NotAction: oneOrMore,
    Resource: oneOrMore,
    NotResource: oneOrMore,
    Condition: fc.oneof(conditions, scalars),
    Other: scalars,
  },
  { requiredKeys: ['Effect', 'Action'] },
)
const document = fc.record(
  {
    Version: fc.oneof(fc.constantFrom('2012-10-17', '2008-10-17'), scalars),
    Id: scalars,
    Statement: fc.oneof(statement, fc.array(fc.oneof(statement, scalars), { maxLength: 4 }), scalars),
  },
  { requiredKeys: ['Statement'] },
)

export const arbitraryPolicyText: fc.Arbitrary<string> = fc
  .tuple(document, fc.constantFrom(undefined, 1, '\t', '\r\n'))
  .map(([value, indent]) => JSON.stringify(value, undefined, indent).replace(/[^\t\n\r\u0020-\u00ff]/g, '?'))
