import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { evaluate } from '../../src/policy/evaluate.js'
import { builtInManagedPolicies, isForRootSessions } from '../../src/role/managed-policies.js'

const account = '012345678901'
const policies = builtInManagedPolicies()
const prefix = 'arn:aws:iam::aws:policy/'
const policyNamed = (name: string) => policies.find(({ arn }) => arn === `${prefix}${name}`)!

function outcome(name: string, action: string, resource: string) {
  const request = {
    principal: { type: 'user', account, arn: `arn:aws:iam::${account}:user/ada` },
    action,
    resource,
    resourceAccount: account,
    context: new Map(),
  } as const
  const { document, asSessionPolicy } = policyNamed(name)
  const attached = evaluate(request, { identity: [document] }).outcome
  const narrowed = evaluate(request, {
    identity: [policyNamed('AdministratorAccess').document],
    session: [asSessionPolicy],
  }).outcome
  expect(narrowed).toBe(attached)
  return attached
}

const root = `arn:aws:iam::${account}:root`
const user = `arn:aws:iam::${account}:user/ada`

describe('the managed policies that every account has', () => {
  it('are under the ARNs that AWS gives them', () => {
    expect(policies.map(({ arn }) => arn.slice(prefix.length)).sort()).toEqual([
      'AWSDenyAll',
      'AdministratorAccess',
      'IAMFullAccess',
      'IAMReadOnlyAccess',
      'PowerUserAccess',
      'ReadOnlyAccess',
      'SecurityAudit',
      'job-function/ViewOnlyAccess',
      'root-task/IAMAuditRootUserCredentials',
      'root-task/IAMCreateRootUserPassword',
      'root-task/IAMDeleteRootUserCredentials',
      'root-task/S3UnlockBucketPolicy',
      'root-task/SQSUnlockQueuePolicy',
    ])
    expect(policies.every(({ account: owner }) => owner === undefined)).toBe(true)
  })

  it('tell those that only serve root sessions', () => {
    const names = policies.map(({ arn }) => arn).filter(isForRootSessions)
    expect(names).toHaveLength(5)
    expect(isForRootSessions(`arn:aws:iam::${account}:policy/root-task/S3UnlockBucketPolicy`)).toBe(false)
  })

  it.each([
    ['AdministratorAccess', 'rolegate:Revoke', '*', 'allowed'],
    ['AWSDenyAll', 's3:GetObject', '*', 'explicitDeny'],
    ['PowerUserAccess', 's3:DeleteBucket', '*', 'allowed'],
    ['PowerUserAccess', 'iam:CreateUser', '*', 'implicitDeny'],
    ['PowerUserAccess', 'iam:CreateServiceLinkedRole', '*', 'allowed'],
    ['PowerUserAccess', 'organizations:LeaveOrganization', '*', 'implicitDeny'],
    ['PowerUserAccess', 'rolegate:Revoke', '*', 'implicitDeny'],
    ['ReadOnlyAccess', 's3:GetObject', 'arn:aws:s3:::b/k', 'allowed'],
    ['ReadOnlyAccess', 's3:PutObject', 'arn:aws:s3:::b/k', 'implicitDeny'],
    ['ReadOnlyAccess', 'dynamodb:Query', '*', 'allowed'],
    ['ReadOnlyAccess', 'reports:GET', '*', 'allowed'],
    ['ReadOnlyAccess', 'reports:POST', '*', 'implicitDeny'],
    ['ReadOnlyAccess', 'secretsmanager:DescribeSecret', '*', 'allowed'],
    ['ReadOnlyAccess', 'secretsmanager:GetSecretValue', '*', 'implicitDeny'],
    ['ReadOnlyAccess', 'ssm:GetParameter', '*', 'implicitDeny'],
    ['ReadOnlyAccess', 'sts:GetCallerIdentity', '*', 'allowed'],
    ['ReadOnlyAccess', 'sts:GetFederationToken', '*', 'implicitDeny'],
    ['ReadOnlyAccess', 'sts:GetWebIdentityToken', '*', 'implicitDeny'],
    ['ReadOnlyAccess', 'sts:AssumeRole', '*', 'implicitDeny'],
    ['ReadOnlyAccess', 'kms:Decrypt', '*', 'implicitDeny'],
    ['job-function/ViewOnlyAccess', 'ec2:DescribeInstances', '*', 'allowed'],
    ['job-function/ViewOnlyAccess', 's3:GetObject', 'arn:aws:s3:::b/k', 'implicitDeny'],
    ['job-function/ViewOnlyAccess', 'reports:GET', '*', 'implicitDeny'],
    ['SecurityAudit', 's3:GetBucketPolicy', 'arn:aws:s3:::b', 'allowed'],
    ['SecurityAudit', 's3:GetObject', 'arn:aws:s3:::b/k', 'implicitDeny'],
    ['SecurityAudit', 'logs:GetLogEvents', '*', 'implicitDeny'],
    ['SecurityAudit', 'iam:GetAccountAuthorizationDetails', '*', 'allowed'],
    ['SecurityAudit', 'iam:CreateUser', '*', 'implicitDeny'],
    ['IAMFullAccess', 'iam:CreateUser', user, 'allowed'],
    ['IAMFullAccess', 'organizations:ListRoots', '*', 'allowed'],
    ['IAMFullAccess', 's3:GetObject', '*', 'implicitDeny'],
    ['IAMReadOnlyAccess', 'iam:SimulatePrincipalPolicy', '*', 'allowed'],
    ['IAMReadOnlyAccess', 'iam:PutUserPolicy', user, 'implicitDeny'],
    ['root-task/IAMAuditRootUserCredentials', 'iam:ListAccessKeys', root, 'allowed'],
    ['root-task/IAMAuditRootUserCredentials', 'iam:ListAccessKeys', user, 'implicitDeny'],
    ['root-task/IAMAuditRootUserCredentials', 'iam:GetAccountSummary', '*', 'allowed'],
    ['root-task/IAMAuditRootUserCredentials', 'iam:DeleteAccessKey', root, 'implicitDeny'],
    ['root-task/IAMCreateRootUserPassword', 'iam:CreateLoginProfile', root, 'allowed'],
    ['root-task/IAMCreateRootUserPassword', 'iam:CreateLoginProfile', user, 'implicitDeny'],
    ['root-task/IAMDeleteRootUserCredentials', 'iam:DeactivateMFADevice', root, 'allowed'],
    ['root-task/IAMDeleteRootUserCredentials', 'iam:DeleteAccessKey', user, 'implicitDeny'],
    ['root-task/IAMDeleteRootUserCredentials', 'iam:CreateAccessKey', root, 'implicitDeny'],
    ['root-task/S3UnlockBucketPolicy', 's3:DeleteBucketPolicy', 'arn:aws:s3:::b', 'allowed'],
    ['root-task/S3UnlockBucketPolicy', 's3:DeleteBucket', 'arn:aws:s3:::b', 'implicitDeny'],
    ['root-task/SQSUnlockQueuePolicy', 'sqs:SetQueueAttributes', '*', 'allowed'],
    ['root-task/SQSUnlockQueuePolicy', 'sqs:ReceiveMessage', '*', 'implicitDeny'],
  ])('%s on %s of %s: %s, attached and as a session policy alike', (name, action, resource, expected) => {
    expect(outcome(name, action, resource)).toBe(expected)
  })

  it('read the services that docs/configuration.md lists, and no others', () => {
    const manual = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')
    const [, listed = ''] =
      /reading policies follow every new service; ours name ([^.]*)\./.exec(manual) ?? []
    const [, described = ''] = / Of ([^.]*?) they read Describe and List only/s.exec(manual) ?? []
    const names = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map(([, name]) => String(name))
    const written = policyNamed('ReadOnlyAccess').document.statements.flatMap(
      ({ actions }) => actions.written,
    )
    const startingWith = (verb: string) =>
      written
        .filter((action) => action.endsWith(`:${verb}*`))
        .map((action) => action.slice(0, action.indexOf(':')))
    expect(names(listed)).toEqual(startingWith('Get'))
    expect([...names(listed), ...names(described)].sort()).toEqual(startingWith('Describe').sort())
  })
})
