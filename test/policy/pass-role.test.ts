import { describe, expect, it } from '@jest/globals'
import type { Principal } from '../../src/policy/principal.js'
import { mayUseRole, passRole } from '../../src/policy/pass-role.js'
import { compiled } from './compiled.js'

const account = '111122223333'
const roleArn = `arn:aws:iam::${account}:role/jobs/Nightly`
const ann: Principal = { type: 'user', account, arn: `arn:aws:iam::${account}:user/ann` }
const stranger: Principal = {
  type: 'user',
  account: '444455556666',
  arn: 'arn:aws:iam::444455556666:user/bob',
}

const mayPass = compiled(
  {
    Version: '2012-10-17',
    Statement: {
      Effect: 'Allow',
      Action: 'iam:PassRole',
      Resource: `arn:aws:iam::${account}:role/jobs/*`,
      Condition: {
        StringEquals: { 'iam:PassedToService': 'lambda.amazonaws.com' },
        ArnLikeIfExists: { 'iam:AssociatedResourceArn': `arn:aws:lambda:*:${account}:function:nightly-*` },
      },
    },
  },
  'identity',
)
const lambda = {
  caller: ann,
  roleArn,
  service: 'lambda.amazonaws.com',
  associatedResourceArn: `arn:aws:lambda:eu-central-1:${account}:function:nightly-sums`,
  context: new Map(),
}

describe('passing a role to a service', () => {
  it.each([
    ['the service and the resource fit', lambda, 'allowed'],
    ['the service says no resource', { ...lambda, associatedResourceArn: undefined }, 'allowed'],
    ['another service', { ...lambda, service: 'ec2.amazonaws.com' }, 'implicitDeny'],
    ['the service is not said', { ...lambda, service: undefined }, 'implicitDeny'],
    [
      'another resource',
      { ...lambda, associatedResourceArn: `arn:aws:lambda:eu-central-1:${account}:function:daily` },
      'implicitDeny',
    ],
    ['another role', { ...lambda, roleArn: `arn:aws:iam::${account}:role/Admin` }, 'implicitDeny'],
    ['not the ARN of a role', { ...lambda, roleArn: 'Nightly' }, 'implicitDeny'],
  ])('%s', (_, { service, associatedResourceArn, ...rest }, outcome) => {
    const passed = {
      ...rest,
      ...(service !== undefined && { service }),
      ...(associatedResourceArn !== undefined && { associatedResourceArn }),
    }
    expect(passRole(passed, { identity: [mayPass] }).outcome).toBe(outcome)
  })

  it('is refused across accounts, whatever anybody allows', () => {
    const everything = compiled(
      { Version: '2012-10-17', Statement: { Effect: 'Allow', Action: '*', Resource: '*' } },
      'identity',
    )
    const open = compiled(
      { Version: '2012-10-17', Statement: { Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' } },
      'resource',
    )
    const layers = { identity: [everything], resource: open }
    expect(passRole({ ...lambda, caller: stranger }, layers).outcome).toBe('implicitDeny')
    expect(passRole(lambda, layers).outcome).toBe('allowed')
  })

  it('is capped by a boundary and by service control policies as everything is', () => {
    const deny = compiled(
      { Version: '2012-10-17', Statement: { Effect: 'Deny', Action: 'iam:PassRole', Resource: '*' } },
      'service-control',
    )
    expect(passRole(lambda, { identity: [mayPass], serviceControl: [[deny]] }).outcome).toBe('explicitDeny')
    const nothing = compiled({ Version: '2012-10-17', Statement: [] }, 'boundary')
    expect(passRole(lambda, { identity: [mayPass], boundary: nothing }).missing).toEqual(['boundary'])
  })

  it('needs the trust policy to name the service as well', () => {
    const trustPolicy = compiled(
      {
        Version: '2012-10-17',
        Statement: {
          Effect: 'Allow',
          Principal: { Service: 'lambda.amazonaws.com' },
          Action: 'sts:AssumeRole',
        },
      },
      'trust',
    )
    const role = { arn: roleArn, trustPolicy }
    expect(mayUseRole('lambda.amazonaws.com', role, new Map()).outcome).toBe('allowed')
    expect(mayUseRole('ec2.amazonaws.com', role, new Map()).outcome).toBe('implicitDeny')
  })
})
