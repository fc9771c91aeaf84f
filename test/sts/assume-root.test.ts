import {
  AssumeRoleCommand,
  AssumeRootCommand,
  GetCallerIdentityCommand,
  GetWebIdentityTokenCommand,
} from '@aws-sdk/client-sts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Caller } from '../../src/role/caller.js'
import { builtInManagedPolicies } from '../../src/role/managed-policies.js'
import { permissionOf } from '../../src/role/permission.js'
import type { Organization, RoleDirectory } from '../../src/role/role.js'
import type { RootSession } from '../../src/role/session.js'
import { testOrigin } from '../support/origin.js'
import { directoryOf, homeAccount, roleOf, trustsCorp } from '../support/roles.js'
import { otherAccount } from '../support/sts-house.js'
import { startSts, thrownBy, type StsServer } from '../support/sts-server.js'

const delegated = '777788889999'
const task = (name: string) => `arn:aws:iam::aws:policy/root-task/${name}`
const unlock = task('S3UnlockBucketPolicy')
const may = (condition?: unknown, resource: unknown = '*') => [
  {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'Roots',
        Effect: 'Allow',
        Action: 'sts:AssumeRoot',
        Resource: resource,
        ...(condition === undefined ? {} : { Condition: condition }),
      },
    ],
  },
]
const trust = trustsCorp(homeAccount)
const roles = [
  { name: 'Security', trust, permissions: may() },
  {
    name: 'Auditor',
    trust,
    permissions: may({ ArnEquals: { 'sts:TaskPolicyArn': task('IAMAuditRootUserCredentials') } }),
  },
  { name: 'OneMember', trust, permissions: may(undefined, `arn:aws:iam::${otherAccount}:root`) },
  { name: 'Powerless', trust },
  { name: 'Delegate', account: delegated, trust, permissions: may() },
  { name: 'Member', account: otherAccount, trust, permissions: may() },
]
let sts: StsServer

beforeAll(async () => {
  sts = await startSts()
})
afterAll(() => sts.close())
beforeEach(() => {
  sts.house.directory = withRootSessions({
    managementAccount: homeAccount,
    rootSessionAdministrators: [delegated],
  })
  sts.house.events.length = 0
})

function withRootSessions(organization: Partial<Organization>): RoleDirectory {
  const directory = directoryOf(roles, { managedPolicies: builtInManagedPolicies() })
  return { ...directory, organization: { ...directory.organization, ...organization } }
}

function session(name: string, overrides = {}) {
  const { arn, id, account } = roleOf(roles.find((role) => role.name === name)!)
  return sts.house.session('Developer', { roleArn: arn, roleId: id, account, ...overrides })
}

const ask = (name: string, input: Partial<ConstructorParameters<typeof AssumeRootCommand>[0]> = {}) =>
  sts
    .client(session(name))
    .send(new AssumeRootCommand({ TargetPrincipal: otherAccount, TaskPolicyArn: { arn: unlock }, ...input }))

describe('AssumeRoot', () => {
  it('gives 15 minutes as the root of a member account, and records what it gave', async () => {
    const caller = session('Security', { sourceIdentity: 'ada@corp' })
    const { Credentials, SourceIdentity, $metadata } = await sts
      .client(caller)
      .send(new AssumeRootCommand({ TargetPrincipal: otherAccount, TaskPolicyArn: { arn: unlock } }))
    expect(SourceIdentity).toBe('ada@corp')
    const left = Credentials!.Expiration!.getTime() - Date.now()
    expect(Math.abs(left - 900_000)).toBeLessThan(20_000)
    const opened = sts.house.credentials.open(Credentials!.AccessKeyId!, Credentials!.SessionToken!)
    expect(opened?.session).toMatchObject({
      type: 'root',
      account: otherAccount,
      taskPolicyArn: unlock,
      sourceIdentity: 'ada@corp',
      origin: { subject: 'ada@example.test' },
      chain: [{ accessKeyId: caller.accessKeyId, roleId: caller.session.roleId }],
    })
    expect(sts.house.events).toHaveLength(1)
    const [event] = sts.house.events
    expect(event).toMatchObject({
      eventName: 'AssumeRoot',
      eventSource: 'sts.amazonaws.com',
      requestID: $metadata.requestId,
      userIdentity: { type: 'AssumedRole', accountId: homeAccount },
      requestParameters: { targetPrincipal: otherAccount, taskPolicyArn: { arn: unlock } },
      responseElements: {
        credentials: {
          accessKeyId: Credentials!.AccessKeyId,
          expiration: expect.stringMatching(/^[A-Z][a-z]{2} \d{1,2}, \d{4}, \d{1,2}:\d\d:\d\d [AP]M$/),
        },
        sourceIdentity: 'ada@corp',
      },
      additionalEventData: { decision: 'allowed', chain: [caller.accessKeyId] },
      recipientAccountId: homeAccount,
    })
    expect(JSON.stringify(event)).not.toContain(Credentials!.SessionToken)
  })

  it('makes credentials that are the root, and call nothing of STS but GetCallerIdentity', async () => {
    const { Credentials } = await ask('Security')
    const root = sts.client({
      accessKeyId: Credentials!.AccessKeyId!,
      secretAccessKey: Credentials!.SecretAccessKey!,
      sessionToken: Credentials!.SessionToken!,
    })
    const identity = await root.send(new GetCallerIdentityCommand({}))
    expect(identity).toMatchObject({
      Account: otherAccount,
      Arn: `arn:aws:iam::${otherAccount}:root`,
      UserId: otherAccount,
    })
    expect(sts.house.events.at(-1)?.userIdentity).toMatchObject({
      type: 'Root',
      sessionContext: { assumedRoot: 'true' },
    })
    const RoleArn = `arn:aws:iam::${otherAccount}:role/Member`
    const refused = [
      thrownBy(root.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'again' }))),
      thrownBy(
        root.send(new AssumeRootCommand({ TargetPrincipal: delegated, TaskPolicyArn: { arn: unlock } })),
      ),
      thrownBy(root.send(new GetWebIdentityTokenCommand({ Audience: ['a'], SigningAlgorithm: 'RS256' }))),
    ]
    for (const { name } of await Promise.all(refused)) expect(name).toBe('AccessDenied')
  })

  it.each([
    ['IAMAuditRootUserCredentials', 'iam:GetLoginProfile', `arn:aws:iam::${otherAccount}:root`],
    ['IAMCreateRootUserPassword', 'iam:CreateLoginProfile', `arn:aws:iam::${otherAccount}:root`],
    ['IAMDeleteRootUserCredentials', 'iam:DeleteAccessKey', `arn:aws:iam::${otherAccount}:root`],
    ['S3UnlockBucketPolicy', 's3:DeleteBucketPolicy', 'arn:aws:s3:::locked'],
    ['SQSUnlockQueuePolicy', 'sqs:SetQueueAttributes', `arn:aws:sqs:eu-west-1:${otherAccount}:locked`],
  ])('%s permits %s and no other task', async (name, action, resource) => {
    const { Credentials } = await ask('Security', { TaskPolicyArn: { arn: task(name) } })
    const opened = sts.house.credentials.open(Credentials!.AccessKeyId!, Credentials!.SessionToken!)
    const caller: Caller = { type: 'session', session: opened!.session as RootSession }
    const outcome = (asked: string) =>
      permissionOf({ caller, action: asked, resource, origin: testOrigin }, sts.house.directory, new Date())
        .decision.outcome
    expect(outcome(action)).toBe('allowed')
    for (const other of ['s3:GetObject', 'iam:CreateUser', 'sts:AssumeRoot', 'ec2:RunInstances'])
      expect(outcome(other)).toBe('implicitDeny')
  })

  it('takes an ARN of the account for the account, and the durations of the model', async () => {
    for (const TargetPrincipal of [
      `arn:aws:iam::${otherAccount}:root`,
      `arn:aws:iam::${otherAccount}:user/somebody`,
    ]) {
      const { Credentials } = await ask('Security', { TargetPrincipal, DurationSeconds: 60 })
      expect(Credentials?.AccessKeyId).toMatch(/^ASIA/)
      expect(Credentials!.Expiration!.getTime() - Date.now()).toBeLessThan(61_000)
    }
    const over = await ask('Security', { DurationSeconds: 0 })
    const expired = sts.client({
      accessKeyId: over.Credentials!.AccessKeyId!,
      secretAccessKey: over.Credentials!.SecretAccessKey!,
      sessionToken: over.Credentials!.SessionToken!,
    })
    expect((await thrownBy(expired.send(new GetCallerIdentityCommand({})))).name).toBe('ExpiredToken')
  })

  it.each([
    ['a delegated administrator', 'Delegate', {}],
    ['who may for this member', 'OneMember', {}],
    ['who may for this task', 'Auditor', { TaskPolicyArn: { arn: task('IAMAuditRootUserCredentials') } }],
  ])('is for %s, too', async (_who, name, input) => {
    expect((await ask(name, input)).Credentials?.AccessKeyId).toMatch(/^ASIA/)
  })

  it.each([
    ['without the permission', 'Powerless', {}, 'sts:permission'],
    ['for another task than permitted', 'Auditor', {}, 'sts:permission'],
    ['for another member than permitted', 'OneMember', { TargetPrincipal: delegated }, 'sts:permission'],
    ['from a member account', 'Member', { TargetPrincipal: delegated }, 'sts:root-administrator'],
    ['of the management account itself', 'Security', { TargetPrincipal: homeAccount }, 'sts:root-target'],
    ['of an account that is no member', 'Security', { TargetPrincipal: '999999999999' }, 'sts:root-target'],
  ])('is refused alike %s', async (_why, name, input, reason) => {
    const target = 'TargetPrincipal' in input ? input.TargetPrincipal : otherAccount
    const refusal = await thrownBy(ask(name, input))
    const { account } = roleOf(roles.find((role) => role.name === name)!)
    expect(refusal).toMatchObject({
      name: 'AccessDenied',
      message: `User: arn:aws:sts::${account}:assumed-role/${name}/ada is not authorized to perform: sts:AssumeRoot on resource: arn:aws:iam::${target}:root`,
      $metadata: { httpStatusCode: 403 },
    })
    expect(sts.house.events).toMatchObject([
      { eventName: 'AssumeRoot', errorCode: 'AccessDenied', additionalEventData: { reason } },
    ])
  })

  it('is refused where root sessions are not enabled', async () => {
    sts.house.directory = withRootSessions({})
    expect(await thrownBy(ask('Security'))).toMatchObject({ name: 'AccessDenied' })
    expect(sts.house.events.at(-1)?.additionalEventData).toMatchObject({ reason: 'sts:root-sessions-off' })
  })

  it.each([
    [{ DurationSeconds: 901 }, "'durationSeconds' failed to satisfy constraint: Member must have value less"],
    [
      { DurationSeconds: -1 },
      "'durationSeconds' failed to satisfy constraint: Member must have value greater",
    ],
    [{ TargetPrincipal: '4444' }, "'targetPrincipal' failed to satisfy constraint: Member must have length"],
    [{ TargetPrincipal: 'arn:aws:s3:::bucket' }, 'arn:aws:s3:::bucket is invalid'],
    [{ TargetPrincipal: '444455556666 ' }, '444455556666  is invalid'],
    [
      { TaskPolicyArn: { arn: 'arn:aws:iam::aws:policy/AdministratorAccess' } },
      'AdministratorAccess is invalid',
    ],
    [{ TaskPolicyArn: {} }, "Value null at 'taskPolicyArn.arn'"],
  ])('does not take %j', async (input, message) => {
    const refusal = await thrownBy(ask('Security', input))
    expect(refusal).toMatchObject({ name: 'ValidationError', message: expect.stringContaining(message) })
  })

  it('gives nothing when it cannot be recorded', async () => {
    sts.house.auditDown = true
    expect(await thrownBy(ask('Security'))).toMatchObject({ name: 'ServiceUnavailable' })
    sts.house.auditDown = false
  })
})
