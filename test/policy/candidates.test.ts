import { describe, expect, it } from '@jest/globals'
import { trustIndex } from '../../src/policy/candidates.js'
import { evaluate } from '../../src/policy/evaluate.js'
import { compiled } from './compiled.js'
import { createDice, type Dice } from './random-request.js'

const account = '111122223333'
const provider = (resource: string) => `arn:aws:iam::${account}:${resource}`

function role(name: string, ...statements: readonly unknown[]) {
  const arn = provider(`role/${name}`)
  return {
    arn,
    account,
    trustPolicy: compiled({ Version: '2012-10-17', Statement: statements }, 'trust', name),
  }
}

const trust = (principal: unknown, condition?: unknown) => ({
  Effect: 'Allow',
  Principal: principal,
  Action: 'sts:AssumeRoleWithSAML',
  ...(condition === undefined ? {} : { Condition: condition }),
})
const corp = { Federated: provider('saml-provider/corp') }
const names = (roles: readonly { readonly arn: string }[]) => roles.map(({ arn }) => arn.split('/')[1])

describe('the index over trust policies', () => {
  const roles = [
    role('open', trust(corp)),
    role('other-provider', trust({ Federated: provider('saml-provider/corp2') })),
    role('everyone', trust('*')),
    role('everyone-by-aws', trust({ AWS: '*' })),
    role('account-only', trust({ AWS: account })),
    role('denies', { ...trust(corp), Effect: 'Deny' }),
    role('admins', trust(corp, { 'ForAnyValue:StringEquals': { 'saml:groups': ['admins', 'root'] } })),
    role('one-of-two', trust({ AWS: account }), trust(corp, { StringEquals: { 'saml:sub': 'ann' } })),
    role('google', trust({ Federated: 'accounts.google.com' })),
    role('role-wide', trust(corp, { StringEquals: { 'aws:RequestTag/team': 'red', 'saml:doc': 'x' } })),
    role('negated', trust(corp, { StringNotEquals: { 'saml:groups': 'x' } })),
    role('all-values', trust(corp, { 'ForAllValues:StringEquals': { 'saml:groups': 'admins' } })),
    role('if-exists', trust(corp, { StringEqualsIfExists: { 'saml:sub': 'bob' } })),
    role('variable', trust(corp, { StringEquals: { 'saml:sub': '${aws:username}' } })),
  ]
  const find = trustIndex(roles)
  const unconditional = ['open', 'everyone', 'everyone-by-aws']
  const undecided = ['role-wide', 'negated', 'all-values', 'if-exists', 'variable']

  it('narrows by the provider alone when nothing else is known', () => {
    expect(names(find('saml-provider/corp'))).toEqual([
      ...unconditional,
      'admins',
      'one-of-two',
      ...undecided,
    ])
    expect(names(find('saml-provider/none'))).toEqual(['everyone', 'everyone-by-aws'])
  })

  it('narrows by what the provider said', () => {
    const groups = (...values: string[]) => new Map([['saml:groups', values]])
    expect(names(find('saml-provider/corp', groups('staff')))).toEqual([...unconditional, ...undecided])
    expect(names(find('saml-provider/corp', groups('staff', 'root')))).toEqual([
      ...unconditional,
      'admins',
      ...undecided,
    ])
    expect(names(find('saml-provider/corp', new Map([['saml:sub', 'ann']])))).toEqual([
      ...unconditional,
      'one-of-two',
      ...undecided,
    ])
  })

  it('finds built-in providers by their host', () => {
    expect(names(find('oidc-provider/accounts.google.com'))).toEqual([
      'everyone',
      'everyone-by-aws',
      'google',
    ])
  })

  it('does not mind keys named after members of objects', () => {
    expect(names(find('constructor', new Map([['__proto__', 'x']])))).toEqual(['everyone', 'everyone-by-aws'])
  })

  it('never leaves out a role that the evaluator would allow', () => {
    let allowed = 0
    for (let seed = 1; seed <= 1_500; seed += 1) {
      const dice = createDice(seed)
      const random = Array.from({ length: 6 }, (_, i) => role(`r${i}`, ...randomTrust(dice)))
      const asserted = randomAssertion(dice)
      const context = new Map<string, string | readonly string[]>([
        ...asserted,
        ['sts:rolesessionname', 'ann'],
      ])
      const resource = dice.one(['saml-provider/corp', 'saml-provider/corp2'])
      const found = new Set(trustIndex(random)(resource, asserted))
      for (const each of random) {
        const request = {
          principal: { type: 'federated', provider: provider(resource) } as const,
          action: 'sts:AssumeRoleWithSAML',
          resource: each.arn,
          resourceAccount: account,
          context,
        }
        if (evaluate(request, { identity: [], resource: each.trustPolicy }).outcome !== 'allowed') continue
        allowed += 1
        expect(found.has(each)).toBe(true)
      }
    }
    expect(allowed).toBeGreaterThan(1_000)
  })
})

function randomTrust(dice: Dice): unknown[] {
  const principals = [corp, { Federated: provider('saml-provider/corp2') }, '*', { AWS: account }]
  return Array.from({ length: 1 + dice.below(2) }, () => {
    const condition: Record<string, Record<string, unknown>> = {}
    for (let i = dice.below(3); i > 0; i -= 1) {
      const prefix = dice.one(['', 'ForAnyValue:', 'ForAllValues:'])
      const operator = `${prefix}${dice.one(['StringEquals', 'StringNotEquals', 'StringLike', 'StringEqualsIfExists'])}`
      const key = dice.one(['saml:Groups', 'saml:sub', 'sts:RoleSessionName'])
      condition[operator] = { [key]: dice.some(['a', 'b', 'ann', '${saml:sub}', '*'], 2) }
    }
    const statement = trust(dice.one(principals), condition)
    return dice.chance(0.1) ? { ...statement, Effect: 'Deny' } : statement
  })
}

function randomAssertion(dice: Dice): Map<string, string | readonly string[]> {
  const asserted = new Map<string, string | readonly string[]>()
  if (dice.chance(0.8)) asserted.set('saml:groups', dice.some(['a', 'b', 'c'], 3).slice(dice.below(2)))
  if (dice.chance(0.8)) asserted.set('saml:sub', dice.one(['a', 'ann', '*']))
  return asserted
}
