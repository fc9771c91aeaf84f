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
    role('other-account', trust({ Federated: 'arn:aws:iam::444455556666:saml-provider/corp' })),
  ]
  const find = trustIndex(roles)
  const unconditional = ['open', 'everyone', 'everyone-by-aws']
  const undecided = ['role-wide', 'negated', 'all-values', 'if-exists']

  it('narrows by the provider alone when nothing else is known', () => {
    expect(names(find('saml-provider/corp'))).toEqual([
      ...unconditional,
      'admins',
      'one-of-two',
      ...undecided,
      'variable',
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
      'variable',
    ])
  })

  it('narrows by how a value begins or ends, and with case folded', () => {
    const like = (pattern: unknown) => trust(corp, { StringLike: { 'saml:sub': pattern } })
    const patterned = trustIndex([
      role('repository', like('repo:octo/app:*')),
      role('organization', like('repo:octo/*')),
      role('branch', like('*:ref:refs/heads/main')),
      role('literal', like('repo:octo/app:ref')),
      role('either', like(['repo:hexa/*', '*/main'])),
      role('anything', like('*')),
      role('hole', like('repo:o?to/*')),
      role('star', like('repo:${*}/x')),
      role('folded', trust(corp, { StringEqualsIgnoreCase: { 'saml:sub': 'REPO:Octo/APP:ref' } })),
      role('groups', trust(corp, { 'ForAnyValue:StringLike': { 'saml:groups': 'team-*' } })),
      role('present', trust(corp, { Null: { 'saml:sub': 'false' } })),
      role('absent', trust(corp, { Null: { 'saml:sub': 'true' } })),
      role('number', trust(corp, { NumericLessThan: { 'saml:sub': '7' } })),
    ])
    const found = (key: string, value: string | readonly string[]) =>
      names(patterned('saml-provider/corp', new Map([[key, value]])))
    const whichever = ['anything', 'present', 'absent', 'number']
    const expected = (...others: string[]) => expect.arrayContaining([...whichever, ...others])
    const main = found('saml:sub', 'repo:octo/app:ref:refs/heads/main')
    expect(main).toEqual(expected('repository', 'organization', 'branch', 'either', 'hole'))
    expect(main).toHaveLength(9)
    const ref = found('saml:sub', 'repo:octo/app:ref')
    expect(ref).toEqual(expected('repository', 'organization', 'literal', 'hole', 'folded'))
    expect(ref).toHaveLength(9)
    expect(found('saml:sub', 'repo:*/x')).toEqual(expected('star'))
    expect(found('saml:groups', ['staff', 'team-blue'])).toEqual(['groups', 'absent'])
    expect(found('saml:groups', [])).toEqual(['absent'])
  })

  it('goes by the condition that the fewest roles share', () => {
    const shared = trustIndex(
      Array.from({ length: 50 }, (_, i) =>
        role(
          `r${i}`,
          trust(corp, { StringEquals: { 'saml:aud': 'https://sign.in', 'saml:sub': `user-${i}` } }),
        ),
      ),
    )
    const asserted = new Map([
      ['saml:aud', 'https://sign.in'],
      ['saml:sub', 'user-7'],
    ])
    expect(names(shared('saml-provider/corp', asserted))).toEqual(['r7'])
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

  it('gives the same roles as trying each of them', () => {
    let allowed = 0
    let left = 0
    for (let seed = 1; seed <= 2_000; seed += 1) {
      const dice = createDice(seed)
      const random = Array.from({ length: 6 }, (_, i) => role(`r${i}`, ...randomTrust(dice)))
      const asserted = randomAssertion(dice)
      const context = new Map<string, string | readonly string[]>([
        ...asserted,
        ['sts:rolesessionname', 'ann'],
      ])
      const resource = dice.one(['saml-provider/corp', 'saml-provider/corp2'])
      const assumable = (among: readonly ReturnType<typeof role>[]) =>
        among.filter((each) => {
          const request = {
            principal: { type: 'federated', provider: provider(resource) } as const,
            action: 'sts:AssumeRoleWithSAML',
            resource: each.arn,
            resourceAccount: account,
            context,
          }
          return evaluate(request, { identity: [], resource: each.trustPolicy }).outcome === 'allowed'
        })
      const found = trustIndex(random)(resource, asserted)
      const expected = assumable(random)
      if (JSON.stringify(names(assumable(found))) !== JSON.stringify(names(expected))) {
        throw new Error(`seed ${seed}: ${names(found).join()} for ${names(expected).join()}`)
      }
      allowed += expected.length
      left += random.length - found.length
    }
    expect(allowed).toBeGreaterThan(1_500)
    expect(left).toBeGreaterThan(3_000)
  })
})

function randomTrust(dice: Dice): unknown[] {
  const principals = [corp, corp, { Federated: provider('saml-provider/corp2') }, '*', { AWS: account }]
  return Array.from({ length: 1 + dice.below(2) }, () => {
    const condition: Record<string, Record<string, unknown>> = {}
    for (let i = dice.below(3); i > 0; i -= 1) {
      const prefix = dice.one(['', '', 'ForAnyValue:', 'ForAllValues:'])
      const key = dice.one(['saml:Groups', 'saml:sub', 'sts:RoleSessionName'])
      if (dice.chance(0.1)) {
        condition[`${prefix}Null`] = { [key]: dice.one(['true', 'false']) }
        continue
      }
      const base = dice.one([
        'StringEquals',
        'StringEqualsIgnoreCase',
        'StringLike',
        'StringNotEquals',
        'NumericEquals',
      ])
      const values = [
        'a',
        'b',
        'A',
        'ann',
        '${saml:sub}',
        "an${saml:sub, 'n'}",
        '${*}',
        '*',
        'a*',
        '*n',
        'a?n',
      ]
      condition[`${prefix}${base}${dice.one(['', '', 'IfExists'])}`] = {
        [key]: base === 'NumericEquals' ? '1' : dice.some(values, 2),
      }
    }
    const statement = trust(dice.one(principals), condition)
    return dice.chance(0.1) ? { ...statement, Effect: 'Deny' } : statement
  })
}

function randomAssertion(dice: Dice): Map<string, string | readonly string[]> {
  const asserted = new Map<string, string | readonly string[]>()
  if (dice.chance(0.8)) asserted.set('saml:groups', dice.some(['a', 'b', 'c', 'an'], 3).slice(dice.below(2)))
  if (dice.chance(0.8)) asserted.set('saml:sub', dice.one(['a', 'ann', '*', 'ANN', '1', '']))
  return asserted
}
