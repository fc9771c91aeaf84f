/**
 * Random but repeatable requests over random documents of every kind. The vocabulary is small, so that statements
 * hit and miss about equally often, and every element, operator, prefix and form of principal turns up.
 */
import type { AuthorizationRequest } from '../../src/policy/evaluate.js'
import type { Principal } from '../../src/policy/principal.js'
import type { RawLayers, RawPolicy } from './reference.js'

type Kind = 'identity' | 'resource' | 'trust' | 'service-control' | 'resource-control'

/** mulberry32: small, fast, the same everywhere. */
export function createDice(seed: number) {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  const below = (limit: number) => Math.floor(next() * limit)
  const one = <T>(choices: readonly T[]): T => choices.at(below(choices.length))!
  return {
    chance: (probability: number) => next() < probability,
    below,
    one,
    some: <T>(choices: readonly T[], most: number): T[] =>
      Array.from({ length: 1 + below(most) }, () => one(choices)),
  }
}

export type Dice = ReturnType<typeof createDice>

/** Words by topic; asking for a topic that is not there is a mistake in this file. */
function vocabulary(
  words: Readonly<Record<string, readonly string[]>>,
): (topic: string) => readonly string[] {
  return (topic) => words[topic] ?? []
}

const home = '111122223333'
const away = '444455556666'

const principals: readonly Principal[] = [
  { type: 'root', account: home },
  { type: 'user', account: home, arn: `arn:aws:iam::${home}:user/eng/ann`, id: 'AIDAANNANNANNANNANNAN' },
  { type: 'user', account: away, arn: `arn:aws:iam::${away}:user/bob` },
  {
    type: 'role-session',
    account: home,
    arn: `arn:aws:sts::${home}:assumed-role/ops/s1`,
    roleArn: `arn:aws:iam::${home}:role/team/ops`,
    roleId: 'AROAOPSOPSOPSOPSOPSOP',
  },
  {
    type: 'role-session',
    account: home,
    arn: `arn:aws:sts::${home}:assumed-role/ops/s2`,
    roleArn: `arn:aws:iam::${home}:role/ops`,
    pathUnknown: true,
  },
  {
    type: 'role-session',
    account: away,
    arn: `arn:aws:sts::${away}:assumed-role/ops/s1`,
    roleArn: `arn:aws:iam::${away}:role/ops`,
  },
  {
    type: 'federated-user',
    account: home,
    arn: `arn:aws:sts::${home}:federated-user/carl`,
    federatingUser: `arn:aws:iam::${home}:user/eng/ann`,
  },
  { type: 'federated', provider: `arn:aws:iam::${home}:saml-provider/corp` },
  { type: 'federated', provider: 'accounts.google.com' },
  { type: 'service', host: 'ec2.amazonaws.com' },
  { type: 'anonymous' },
]

const names = vocabulary({
  AWS: [
    '*',
    home,
    away,
    `arn:aws:iam::${home}:root`,
    `arn:aws:iam::${home}:user/eng/ann`,
    `arn:aws:iam::${away}:user/bob`,
    `arn:aws:sts::${home}:assumed-role/ops/s1`,
    `arn:aws:sts::${away}:assumed-role/ops/s1`,
    `arn:aws:iam::${home}:role/team/ops`,
    `arn:aws:iam::${home}:role/ops`,
    `arn:aws:iam::${away}:role/ops`,
    `arn:aws:sts::${home}:federated-user/carl`,
    'AIDAANNANNANNANNANNAN',
    'AROAOPSOPSOPSOPSOPSOP',
  ],
  Federated: [`arn:aws:iam::${home}:saml-provider/corp`, 'accounts.google.com'],
  Service: ['ec2.amazonaws.com', 'lambda.amazonaws.com'],
  CanonicalUser: ['79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be'],
})

const actions = [
  's3:GetObject',
  's3:PutObject',
  'S3:getobject',
  'ec2:RunInstances',
  'kms:Decrypt',
  'kms:RetireGrant',
]
const roleActions = ['sts:AssumeRole', 'sts:AssumeRoleWithSAML', 'sts:TagSession', 'sts:SetSourceIdentity']
const actionPatterns = [
  ...actions,
  ...roleActions,
  '*',
  '*:*',
  's3:*',
  's3:Get*',
  's3:?etObject',
  '*:GetObject',
  'sts:*',
  'sts:AssumeRole*',
  'S3:PUT*',
  'e?2:*',
  'kms:*',
]

const resources = [
  '*',
  'arn:aws:s3:::b/x',
  'arn:aws:s3:::b/ann/x',
  'arn:aws:s3:::b/*',
  `arn:aws:ec2:eu-1:${home}:vpc/v:1`,
  `arn:aws:kms:eu-1:${home}:key/k`,
]
const roleResources = [`arn:aws:iam::${home}:role/app`, `arn:aws:iam::${away}:role/app`]
const resourcePatterns = [
  '*',
  'arn:aws:s3:::b/x',
  'arn:aws:s3:::b/*',
  'arn:aws:s3:::b/*/x',
  'arn:aws:s3:::b/?',
  'arn:aws:s3:::b/${aws:username}/x',
  "arn:aws:s3:::b/${aws:username, 'ann'}/*",
  'arn:aws:s3:::b/${*}',
  'arn:aws:s3*',
  'arn:aws:s?:::b*',
  'arn:aws:ec2:*:vpc/v:1',
  'arn:aws:ec2:*:vpc/*1',
  'arn:aws:ec2:e*1:*:vpc/v?1',
  'arn:aws:ec2:e*:vpc/v:*',
  'arn:*',
  'arn:aws:*:*:*:*',
  `arn:aws:kms:*:${home}:key/k`,
  `arn:aws:iam::${home}:role/*`,
  'arn:aws:iam::*:role/app',
]

const keys = [
  'aws:username',
  'aws:tagkeys',
  'k:text',
  'k:number',
  'k:date',
  'k:bool',
  'k:binary',
  'k:ip',
  'k:arn',
]
const values = vocabulary({
  String: [
    'ann',
    'Ann',
    'a*',
    'a*n',
    '*',
    'a?n',
    '',
    '${aws:username}',
    '${*}',
    "${k:text, 'ann'}",
    'x${aws:username}',
    'é',
    '${k:none}',
  ],
  Numeric: ['1', '1.0', '2', '-1', '10', 'one'],
  Date: [
    '2024-01-01T00:00:00Z',
    '2024-01-01',
    '1704067200',
    '2025',
    '2024-01-01T01:00:00+01:00',
    '2024-06',
    'soon',
  ],
  Bool: ['true', 'false', 'TRUE', 'yes'],
  Binary: ['QQ==', 'QUI=', 'QQ', ''],
  Ip: [
    '10.0.0.1',
    '10.0.0.0/8',
    '10.0.0.7/31',
    '0.0.0.0/0',
    '2001:db8::1',
    '2001:db8::/32',
    '::/0',
    'nowhere',
  ],
  Arn: [
    'arn:aws:s3:::b/x',
    'arn:aws:s3:::b/*',
    'arn:aws:*:::b/x',
    'arn:*',
    'arn:aws:s3:::b/${aws:username}/x',
    '${k:arn}',
    'arn:aws:ec2:*:*:vpc/v?1',
  ],
})
const given = vocabulary({
  'aws:username': ['ann', 'Ann', '*', 'x'],
  'aws:tagkeys': ['ann', 'Ann', 'a', ''],
  'k:text': ['ann', 'ANN', 'É', 'xann', 'a*n', ''],
  'k:number': ['1', '1.00', '2', '-1', '10', 'one'],
  'k:date': ['2024-01-01T00:00:00Z', '1704067200', '2024-06-01', '2026', 'soon', '2024-01-01T00:00:00'],
  'k:bool': ['true', 'false', 'True', 'maybe'],
  'k:binary': ['QQ==', 'QR==', 'QUI=', 'Q'],
  'k:ip': ['10.0.0.1', '10.0.0.6', '192.0.2.1', '2001:db8::5', '::1', '10.0.0.300'],
  'k:arn': ['arn:aws:s3:::b/x', 'arn:aws:s3:::b/ann/x', 'arn:aws:ec2:eu:1:vpc/v:1', 'b/x'],
})

const families: readonly (readonly [string, readonly string[]])[] = [
  [
    'String',
    [
      'StringEquals',
      'StringNotEquals',
      'StringEqualsIgnoreCase',
      'StringNotEqualsIgnoreCase',
      'StringLike',
      'StringNotLike',
    ],
  ],
  [
    'Numeric',
    [
      'NumericEquals',
      'NumericNotEquals',
      'NumericLessThan',
      'NumericLessThanEquals',
      'NumericGreaterThan',
      'NumericGreaterThanEquals',
    ],
  ],
  [
    'Date',
    [
      'DateEquals',
      'DateNotEquals',
      'DateLessThan',
      'DateLessThanEquals',
      'DateGreaterThan',
      'DateGreaterThanEquals',
    ],
  ],
  ['Bool', ['Bool']],
  ['Binary', ['BinaryEquals']],
  ['Ip', ['IpAddress', 'NotIpAddress']],
  ['Arn', ['ArnEquals', 'ArnLike', 'ArnNotEquals', 'ArnNotLike']],
  ['Null', ['Null']],
]
const keyOf = vocabulary({
  String: ['aws:username', 'aws:TagKeys', 'k:text', 'K:Text'],
  Numeric: ['k:number'],
  Date: ['k:date'],
  Bool: ['k:bool'],
  Binary: ['k:binary'],
  Ip: ['k:ip'],
  Arn: ['k:arn'],
  Null: keys,
})

function randomCondition(dice: Dice): Record<string, Record<string, unknown>> {
  const condition: Record<string, Record<string, unknown>> = {}
  for (let i = dice.below(3); i > 0; i -= 1) {
    const [family, operators] = dice.one(families)
    const base = dice.one(operators)
    const prefix = dice.one(['', '', '', 'ForAllValues:', 'ForAnyValue:'])
    const suffix = family !== 'Null' && dice.chance(0.25) ? 'IfExists' : ''
    const readable = (value: string) => !base.includes('Not') || !['one', 'soon', 'nowhere'].includes(value)
    const choices = family === 'Null' ? ['true', 'false'] : values(family).filter(readable)
    const wanted = dice.some(choices, 3)
    condition[`${prefix}${base}${suffix}`] = {
      [dice.one(keyOf(family))]: wanted.length === 1 ? wanted[0] : wanted,
    }
  }
  return condition
}

function randomPrincipal(dice: Dice, kind: Kind): unknown {
  if (kind === 'resource-control' || dice.chance(0.1)) return '*'
  const element: Record<string, unknown> = {}
  const types =
    kind === 'trust'
      ? ['AWS', 'AWS', 'Federated', 'Service']
      : ['AWS', 'AWS', 'AWS', 'Service', 'CanonicalUser']
  for (const type of dice.some(types, 2)) element[type] = dice.some(names(type), 4)
  return element
}

export function randomStatement(dice: Dice, kind: Kind): Record<string, unknown> {
  const effect = kind === 'resource-control' || dice.chance(0.25) ? 'Deny' : 'Allow'
  const statement: Record<string, unknown> = { Effect: effect }
  const takesPrincipal = kind === 'resource' || kind === 'trust' || kind === 'resource-control'
  if (takesPrincipal) {
    const excludes = kind === 'resource' && effect === 'Deny' && dice.chance(0.4)
    statement[excludes ? 'NotPrincipal' : 'Principal'] = randomPrincipal(dice, kind)
  }
  const rcp = kind === 'resource-control'
  const patterns = rcp ? actionPatterns.filter((pattern) => pattern !== '*') : actionPatterns
  statement[!rcp && dice.chance(0.12) ? 'NotAction' : 'Action'] = dice.some(patterns, 3)
  if (kind !== 'trust' && (kind !== 'resource' || dice.chance(0.8))) {
    statement[dice.chance(0.15) ? 'NotResource' : 'Resource'] = dice.chance(0.4)
      ? '*'
      : dice.some(resourcePatterns, 3)
  }
  if (dice.chance(0.6)) statement['Condition'] = randomCondition(dice)
  return statement
}

function randomPolicy(dice: Dice, kind: Kind): RawPolicy {
  const modern = kind === 'resource-control' || dice.chance(0.85)
  const statements = Array.from({ length: dice.below(4) }, () => randomStatement(dice, kind))
  // Something to be carved out of, or nearly every request would be denied for want of an Allow.
  if (kind !== 'resource-control' && dice.chance(0.4)) {
    const who = kind === 'resource' || kind === 'trust' ? { Principal: randomPrincipal(dice, kind) } : {}
    const what = kind === 'trust' ? { Action: 'sts:*' } : { Action: '*', Resource: '*' }
    statements.push({ Effect: 'Allow', ...who, ...what })
  }
  return {
    ...(modern ? { Version: '2012-10-17' } : {}),
    Statement: statements.length === 1 && dice.chance(0.3) ? statements[0] : statements,
  }
}

export function randomRequest(dice: Dice): {
  readonly request: AuthorizationRequest
  readonly layers: RawLayers
} {
  const aboutRole = dice.chance(0.35)
  return { request: requestAbout(aboutRole, dice), layers: layersAbout(aboutRole, dice) }
}

/** Several requests over the same policies. */
export function randomRequests(
  dice: Dice,
  count: number,
): { readonly requests: readonly AuthorizationRequest[]; readonly layers: RawLayers } {
  const aboutRole = dice.chance(0.35)
  const layers = layersAbout(aboutRole, dice)
  return { requests: Array.from({ length: count }, () => requestAbout(aboutRole, dice)), layers }
}

function requestAbout(aboutRole: boolean, dice: Dice): AuthorizationRequest {
  const context = new Map<string, string | readonly string[]>()
  for (const key of keys) {
    if (!dice.chance(0.65)) continue
    const multivalued = key === 'aws:tagkeys' ? dice.chance(0.9) : dice.chance(0.1)
    context.set(key, multivalued ? dice.some(given(key), 3).slice(dice.below(2)) : dice.one(given(key)))
  }
  return {
    principal: dice.one(principals),
    action: dice.one(aboutRole ? roleActions : actions),
    resource: dice.one(aboutRole ? roleResources : resources),
    resourceAccount: dice.chance(0.75) ? home : away,
    context,
  }
}

function layersAbout(aboutRole: boolean, dice: Dice): RawLayers {
  const policies = (kind: Kind, most: number) =>
    Array.from({ length: dice.below(most + 1) }, () => randomPolicy(dice, kind))
  const levels = (kind: Kind) => Array.from({ length: 1 + dice.below(2) }, () => policies(kind, 3))
  return {
    identity: policies('identity', 3),
    ...(dice.chance(0.65) ? { resource: randomPolicy(dice, aboutRole ? 'trust' : 'resource') } : {}),
    resourceIsTrust: aboutRole,
    ...(dice.chance(0.25) ? { boundary: randomPolicy(dice, 'identity') } : {}),
    ...(dice.chance(0.25) ? { session: policies('identity', 2) } : {}),
    ...(dice.chance(0.15) ? { serviceControl: levels('service-control') } : {}),
    ...(dice.chance(0.15) ? { resourceControl: levels('resource-control') } : {}),
  }
}
