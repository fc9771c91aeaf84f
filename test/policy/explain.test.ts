import { describe, expect, it } from '@jest/globals'
import type { AuthorizationRequest } from '../../src/policy/evaluate.js'
import { evaluate } from '../../src/policy/evaluate.js'
import { describeDecision, explain } from '../../src/policy/explain.js'
import { compiled } from './compiled.js'

const account = '111122223333'
const corp = `arn:aws:iam::${account}:saml-provider/corp`
const request: AuthorizationRequest = {
  principal: { type: 'federated', provider: corp },
  action: 'sts:AssumeRoleWithSAML',
  resource: `arn:aws:iam::${account}:role/app`,
  resourceAccount: account,
  context: new Map([['ldap:groups', ['dev', 'staff']]]),
}
const admins = {
  Sid: 'Admins',
  Effect: 'Allow',
  Principal: { Federated: corp },
  Action: 'sts:AssumeRoleWithSAML',
  Condition: { 'ForAnyValue:StringEquals': { 'ldap:Groups': ['prod-admins'] } },
}

function trust(...statements: readonly unknown[]) {
  return compiled({ Version: '2012-10-17', Statement: statements }, 'trust', 'trust policy of app')
}

function failuresOf(...statements: readonly unknown[]) {
  const { layers } = explain(request, { identity: [], resource: trust(...statements) })
  return layers.find(({ layer }) => layer === 'resource')?.statements.map(({ failed }) => failed)
}

describe('an explanation', () => {
  it('names the condition that failed, what it wants and what the request has', () => {
    expect(failuresOf(admins)).toEqual([
      {
        element: 'Condition',
        operator: 'ForAnyValue:StringEquals',
        key: 'ldap:Groups',
        wanted: ['prod-admins'],
        found: ['dev', 'staff'],
      },
    ])
  })

  it('says when the request has no such key', () => {
    expect(failuresOf({ ...admins, Condition: { StringEquals: { 'saml:aud': 'x' } } })).toEqual([
      { element: 'Condition', operator: 'StringEquals', key: 'saml:aud', wanted: ['x'], found: undefined },
    ])
  })

  it('names the first element that failed, principals first', () => {
    const other = { ...admins, Sid: 'Other', Principal: { AWS: account }, Action: 'sts:TagSession' }
    expect(failuresOf(other, { ...admins, Action: 'sts:TagSession' })).toEqual([
      { element: 'Principal', wanted: [`AWS:${account}`], found: corp },
      { element: 'Action', wanted: ['sts:TagSession'], found: 'sts:AssumeRoleWithSAML' },
    ])
  })

  it('names resources that do not fit, and elements that exclude', () => {
    const user = { type: 'user', account, arn: `arn:aws:iam::${account}:user/ann` } as const
    const statement = { Effect: 'Allow', Action: '*', NotResource: 'arn:aws:iam::*:role/*' }
    const identity = [compiled({ Version: '2012-10-17', Statement: [statement] }, 'identity', 'p')]
    const { layers } = explain({ ...request, principal: user }, { identity })
    expect(layers[0]?.statements[0]?.failed).toEqual({
      element: 'NotResource',
      wanted: ['arn:aws:iam::*:role/*'],
      found: `arn:aws:iam::${account}:role/app`,
    })
  })

  it('tells how a matching statement names the caller', () => {
    const role = `arn:aws:iam::${account}:role/ops`
    const session = {
      type: 'role-session',
      account,
      arn: `arn:aws:sts::${account}:assumed-role/ops/s`,
      roleArn: role,
    } as const
    const asked = { ...request, principal: session, action: 'sts:AssumeRole' }
    const by = (principal: unknown) => ({ Effect: 'Allow', Principal: principal, Action: 'sts:AssumeRole' })
    const resource = trust(by({ AWS: account }), by({ AWS: role }), by({ AWS: '*' }))
    const { layers } = explain(asked, { identity: [], resource })
    expect(layers.at(-1)?.statements.map(({ names }) => names)).toEqual(['account', 'role', 'caller'])
  })

  it('has an entry for every level of the organization', () => {
    const ann = { type: 'user', account, arn: `arn:aws:iam::${account}:user/ann` } as const
    const { layers } = explain({ ...request, principal: ann }, { identity: [], serviceControl: [[], []] })
    expect(layers.map(({ layer }) => layer)).toEqual(['identity', 'service-control', 'service-control'])
  })
})

describe('the line for the record', () => {
  const lineOf = (...statements: readonly unknown[]) =>
    describeDecision(evaluate(request, { identity: [], resource: trust(...statements) }))
  const open = { ...admins, Condition: {} }

  it('names what allowed, what denied, and what is missing', () => {
    expect(lineOf(open)).toBe('allowed by resource `trust policy of app` `Admins`')
    expect(lineOf(open, { Effect: 'Deny', Principal: '*', Action: 'sts:*' })).toBe(
      'explicitDeny by resource `trust policy of app` `#1`',
    )
    expect(lineOf(admins)).toBe('implicitDeny: no allow from resource')
  })

  it('quotes nothing of a policy', () => {
    expect(lineOf(admins)).not.toMatch(/prod-admins|staff|ForAnyValue/)
  })
})
