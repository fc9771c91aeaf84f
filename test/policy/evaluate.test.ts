import { describe, expect, it } from '@jest/globals'
import { type AuthorizationRequest, evaluate } from '../../src/policy/evaluate.js'
import { compiled } from './compiled.js'

const account = '111122223333'
const ann = `arn:aws:iam::${account}:user/ann`
const request: AuthorizationRequest = {
  principal: { type: 'user', account, arn: ann },
  action: 's3:GetObject',
  resource: 'arn:aws:s3:::b/x',
  resourceAccount: account,
  context: new Map(),
}

function identity(name: string, ...statements: readonly unknown[]) {
  return compiled({ Version: '2012-10-17', Statement: statements }, 'identity', name)
}

const allow = { Effect: 'Allow', Action: 's3:*', Resource: '*' }
const deny = { Effect: 'Deny', Action: ['s3:GetObject', 's3:Get*', '*'], Resource: '*' }

describe('a decision', () => {
  it('names every Deny once, with its layer, policy and Sid or position', () => {
    const decision = evaluate(request, {
      identity: [identity('first', allow, deny), identity('second', { ...deny, Sid: 'No' })],
      boundary: compiled({ Statement: deny }, 'boundary', 'edge'),
    })
    expect(decision).toEqual({
      outcome: 'explicitDeny',
      matched: [
        { layer: 'identity', policy: 'first', statement: '#1', effect: 'Deny' },
        { layer: 'identity', policy: 'second', statement: 'No', effect: 'Deny' },
        { layer: 'boundary', policy: 'edge', statement: '#0', effect: 'Deny' },
      ],
    })
  })

  it('names a Deny once although several of its actions match', () => {
    const actions = [
      ['s3:GetObject', 's3:getobject'],
      ['s3:GetObject', 's3:Get*'],
      ['s3:*', 's3:G*', 'ec2:*'],
      ['s3:GetObject', '*:GetObject'],
    ]
    for (const Action of actions) {
      expect(evaluate(request, { identity: [identity('p', { ...deny, Action })] }).matched).toHaveLength(1)
    }
  })

  it('names an Allow of each layer that was needed', () => {
    const decision = evaluate(request, {
      identity: [identity('own', allow)],
      boundary: compiled({ Statement: { ...allow, Sid: 'Edge' } }, 'boundary', 'edge'),
    })
    expect(decision).toEqual({
      outcome: 'allowed',
      matched: [
        { layer: 'boundary', policy: 'edge', statement: 'Edge', effect: 'Allow' },
        { layer: 'identity', policy: 'own', statement: '#0', effect: 'Allow' },
      ],
    })
  })

  it('names the layers whose Allow is missing', () => {
    const other = { ...allow, Action: 'ec2:*' }
    const decision = evaluate(
      { ...request, resourceAccount: '444455556666' },
      { identity: [identity('own', allow)], boundary: compiled({ Statement: other }, 'boundary', 'edge') },
    )
    expect(decision.outcome).toBe('implicitDeny')
    expect(decision.missing).toEqual(['resource', 'boundary'])
    expect(evaluate(request, { identity: [] })).toEqual({
      outcome: 'implicitDeny',
      matched: [],
      missing: ['identity'],
    })
  })
})
