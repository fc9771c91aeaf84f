import { describe, expect, it } from '@jest/globals'
import { assumingRoles, type CallingRole, waysInto, type WayIn } from '../../src/policy/assumers.js'
import { holds } from '../../src/policy/condition.js'
import { evaluate } from '../../src/policy/evaluate.js'
import type { Principal } from '../../src/policy/principal.js'
import { compiled } from './compiled.js'
import { createDice, type Dice } from './random-request.js'

const home = '111122223333'
const away = '444455556666'

function target(...statements: readonly unknown[]) {
  const trustPolicy = compiled({ Version: '2012-10-17', Statement: statements }, 'trust')
  return { arn: `arn:aws:iam::${home}:role/app`, account: home, trustPolicy }
}

function caller(account: string, path: string, permissions: unknown, boundary?: unknown): CallingRole {
  const policy = (statement: unknown, kind: 'identity' | 'boundary') =>
    compiled({ Version: '2012-10-17', Statement: statement }, kind)
  const name = path.slice(path.lastIndexOf('/') + 1)
  return {
    arn: `arn:aws:iam::${account}:role${path}`,
    id: `AROA${name.toUpperCase().padEnd(17, 'X')}`,
    account,
    permissions: [policy(permissions, 'identity')],
    ...(boundary === undefined ? {} : { boundary: policy(boundary, 'boundary') }),
  }
}

const allow = (principal: unknown, action: unknown = 'sts:AssumeRole', condition?: unknown) => ({
  Effect: 'Allow',
  Principal: principal,
  Action: action,
  ...(condition === undefined ? {} : { Condition: condition }),
})
const deny = (principal: unknown, condition?: unknown) => ({
  ...allow(principal, 'sts:*', condition),
  Effect: 'Deny',
})

const shown = (ways: readonly WayIn[]) =>
  ways.map(({ assumer, action, ownAllow }) => {
    const [, name = ''] = Object.values(assumer)
    return [assumer.type, name, action, ownAllow].filter((part) => part !== '').join(' ')
  })

describe('the ways into a role', () => {
  it('are the callers that an Allow names, each with the action by which he asks', () => {
    const provider = `arn:aws:iam::${home}:saml-provider/corp`
    const ways = waysInto(
      target(
        allow({ Federated: [provider, 'accounts.google.com'] }, 'sts:AssumeRoleWith*', {
          StringEquals: { 'saml:sub': 'ann' },
        }),
        allow({ AWS: [away, `arn:aws:iam::${home}:user/ann`, `arn:aws:iam::${away}:role/ops`] }),
        allow({ AWS: 'AROAOPSOPSOPSOPSOPSOP', Service: 'ec2.amazonaws.com' }, 'sts:*'),
      ),
    )
    expect(shown(ways)).toEqual([
      `provider ${provider} sts:AssumeRoleWithSAML never`,
      'provider accounts.google.com sts:AssumeRoleWithWebIdentity never',
      `account ${away} sts:AssumeRole always`,
      `principal arn:aws:iam::${home}:user/ann sts:AssumeRole never`,
      `principal arn:aws:iam::${away}:role/ops sts:AssumeRole always`,
      'id AROAOPSOPSOPSOPSOPSOP sts:AssumeRole abroad',
      'service ec2.amazonaws.com sts:AssumeRole never',
    ])
    expect(ways[0]?.conditions.map(({ keyName, wanted }) => [keyName, wanted])).toEqual([
      ['saml:sub', ['ann']],
    ])
    expect(ways.map(({ statement }) => statement)).toEqual(['#0', '#0', '#1', '#1', '#1', '#2', '#2'])
  })

  it('for everyone are there by every action', () => {
    expect(shown(waysInto(target(allow('*', 'sts:*'))))).toEqual([
      'everyone sts:AssumeRole abroad',
      'everyone sts:AssumeRoleWithSAML abroad',
      'everyone sts:AssumeRoleWithWebIdentity abroad',
      'everyone sts:AssumeRoleWithLDAPIdentity abroad',
      'everyone sts:AssumeRoleWithLocalIdentity abroad',
    ])
  })

  it('leave out what a Deny without conditions closes, and nothing for one with conditions', () => {
    const open = allow({ AWS: [home, `arn:aws:iam::${away}:user/bob`] })
    const mfa = { Bool: { 'aws:MultiFactorAuthPresent': 'false' } }
    expect(waysInto(target(open, deny('*', mfa)))).toHaveLength(2)
    expect(waysInto(target(open, deny('*')))).toEqual([])
    expect(shown(waysInto(target(open, deny({ AWS: away }))))).toEqual([
      `account ${home} sts:AssumeRole always`,
    ])
    expect(waysInto(target(open, deny({ AWS: `arn:aws:iam::${home}:user/eve` })))).toHaveLength(2)
  })

  it('leave out providers of other accounts and actions by which nobody named can ask', () => {
    const foreign = { Federated: `arn:aws:iam::${away}:saml-provider/corp` }
    expect(waysInto(target(allow(foreign, 'sts:AssumeRoleWithSAML')))).toEqual([])
    expect(waysInto(target(allow({ AWS: home }, ['sts:TagSession', 'sts:AssumeRoleWithSAML'])))).toEqual([])
  })
})

const assumes = { Effect: 'Allow', Action: 'sts:AssumeRole', Resource: '*' }
const nothing = { Effect: 'Allow', Action: 's3:*', Resource: '*' }
const callers = [
  caller(home, '/ops', assumes),
  caller(home, '/team/dev', nothing),
  caller(home, '/bounded', assumes, nothing),
  caller(away, '/ops', assumes),
  caller(away, '/team/guest', nothing),
  caller(away, '/narrow', { ...assumes, Resource: `arn:aws:iam::${home}:role/app` }),
  caller(away, '/elsewhere', { ...assumes, Resource: `arn:aws:iam::${home}:role/other` }),
]
const session = {
  sessionName: 's1',
  contextOf: (role: CallingRole) => new Map([['aws:principalaccount', role.account]]),
}

describe('the roles that may assume a role', () => {
  const find = assumingRoles(callers)
  const found = (...statements: readonly unknown[]) =>
    find(target(...statements), session).map(({ arn }) => arn.replace('arn:aws:iam::', ''))

  it('of a trusted account need their own Allow, within their boundary', () => {
    expect(found(allow({ AWS: home }))).toEqual([`${home}:role/ops`])
    expect(found(allow({ AWS: away }))).toEqual([`${away}:role/ops`, `${away}:role/narrow`])
  })

  it('named themselves need none in the same account', () => {
    const dev = `arn:aws:iam::${home}:role/team/dev`
    const guest = `arn:aws:iam::${away}:role/team/guest`
    expect(found(allow({ AWS: [guest, dev] }))).toEqual([`${home}:role/team/dev`])
    expect(found(allow({ AWS: 'AROADEVXXXXXXXXXXXXXX' }))).toEqual([`${home}:role/team/dev`])
    expect(found(allow({ AWS: `arn:aws:sts::${home}:assumed-role/dev/s1` }))).toEqual([
      `${home}:role/team/dev`,
    ])
    expect(found(allow({ AWS: `arn:aws:sts::${home}:assumed-role/dev/s2` }))).toEqual([])
  })

  it('are judged with the keys that they bring along', () => {
    const fromAway = { StringEquals: { 'aws:PrincipalAccount': away } }
    expect(found(allow('*', 'sts:AssumeRole', fromAway))).toEqual([`${away}:role/ops`, `${away}:role/narrow`])
    expect(found(allow('*'), deny('*', fromAway))).toEqual([
      `${home}:role/ops`,
      `${home}:role/team/dev`,
      `${home}:role/bounded`,
    ])
  })
})

describe('whatever the trust policy', () => {
  const principals: readonly Principal[] = [
    { type: 'user', account: home, arn: `arn:aws:iam::${home}:user/ann`, id: 'AIDAANNANNANNANNANNAN' },
    {
      type: 'role-session',
      account: away,
      arn: `arn:aws:sts::${away}:assumed-role/ops/s1`,
      roleArn: `arn:aws:iam::${away}:role/ops`,
    },
    { type: 'federated', provider: `arn:aws:iam::${home}:saml-provider/corp` },
    { type: 'federated', provider: 'accounts.google.com' },
    { type: 'service', host: 'ec2.amazonaws.com' },
  ]

  it('whoever is allowed has a way in whose conditions hold', () => {
    let allowed = 0
    for (let seed = 1; seed <= 1_500; seed += 1) {
      const dice = createDice(seed)
      const role = target(...randomStatements(dice))
      const ways = waysInto(role)
      const principal = dice.one(principals)
      const context = new Map(dice.chance(0.5) ? [['k:v', dice.one(['a', 'b'])]] : [])
      const action = actionOf(principal)
      const request = { principal, action, resource: role.arn, resourceAccount: home, context }
      const everything = compiled(
        { Version: '2012-10-17', Statement: { ...assumes, Action: '*' } },
        'identity',
      )
      if (evaluate(request, { identity: [everything], resource: role.trustPolicy }).outcome !== 'allowed')
        continue
      allowed += 1
      const open = ways.filter(
        (way) =>
          way.action === action &&
          names(way, principal) &&
          way.conditions.every((one) => holds(one, context)),
      )
      if (open.length === 0) throw new Error(`seed ${seed}: no way in`)
    }
    expect(allowed).toBeGreaterThan(200)
  })

  it('the roles found are those that trying each one finds', () => {
    let all = 0
    for (let seed = 1; seed <= 1_000; seed += 1) {
      const role = target(...randomStatements(createDice(seed)))
      const scanned = callers.filter((one) => judged(one, role))
      expect(assumingRoles(callers)(role, session)).toEqual(scanned)
      all += scanned.length
    }
    expect(all).toBeGreaterThan(700)
  })
})

function judged(one: CallingRole, role: ReturnType<typeof target>): boolean {
  const name = one.arn.slice(one.arn.lastIndexOf('/') + 1)
  const principal = {
    type: 'role-session',
    account: one.account,
    arn: `arn:aws:sts::${one.account}:assumed-role/${name}/s1`,
    roleArn: one.arn,
    roleId: one.id,
  } as const
  const { outcome } = evaluate(
    {
      principal,
      action: 'sts:AssumeRole',
      resource: role.arn,
      resourceAccount: home,
      context: session.contextOf(one),
    },
    {
      identity: one.permissions,
      resource: role.trustPolicy,
      ...(one.boundary === undefined ? {} : { boundary: one.boundary }),
    },
  )
  return outcome === 'allowed'
}

function actionOf(principal: Principal): string {
  if (principal.type !== 'federated') return 'sts:AssumeRole'
  return principal.provider.includes('saml') ? 'sts:AssumeRoleWithSAML' : 'sts:AssumeRoleWithWebIdentity'
}

function names({ assumer }: WayIn, principal: Principal): boolean {
  switch (assumer.type) {
    case 'everyone':
      return true
    case 'provider':
      return principal.type === 'federated' && principal.provider === assumer.provider
    case 'service':
      return principal.type === 'service' && principal.host === assumer.host
    case 'account':
      return 'account' in principal && principal.account === assumer.account
    case 'id':
      return principal.type === 'user' && principal.id === assumer.id
    case 'principal':
      break
  }
  return (
    'arn' in principal &&
    (principal.arn === assumer.arn ||
      (principal.type === 'role-session' && principal.roleArn === assumer.arn))
  )
}

function randomStatements(dice: Dice): unknown[] {
  const named = [
    home,
    away,
    `arn:aws:iam::${home}:root`,
    `arn:aws:iam::${home}:user/ann`,
    'AIDAANNANNANNANNANNAN',
    `arn:aws:iam::${home}:role/team/dev`,
    `arn:aws:iam::${away}:role/ops`,
    `arn:aws:sts::${away}:assumed-role/ops/s1`,
    'AROABOUNDEDXXXXXXXXXX',
  ]
  return Array.from({ length: 1 + dice.below(4) }, () => {
    const principal = dice.chance(0.15)
      ? '*'
      : {
          AWS: dice.some(named, 3),
          Federated: dice.some([`arn:aws:iam::${home}:saml-provider/corp`, 'accounts.google.com'], 2),
          ...(dice.chance(0.3) ? { Service: 'ec2.amazonaws.com' } : {}),
        }
    const key = dice.one(['k:v', 'aws:PrincipalAccount'])
    const condition = dice.chance(0.4)
      ? { [dice.one(['StringEquals', 'StringNotEquals'])]: { [key]: dice.one(['a', 'b', away]) } }
      : undefined
    const action = dice.one(['sts:AssumeRole', 'sts:*', 'sts:AssumeRoleWith*', 'sts:AssumeRole*'])
    return { ...allow(principal, action, condition), Effect: dice.chance(0.3) ? 'Deny' : 'Allow' }
  })
}
