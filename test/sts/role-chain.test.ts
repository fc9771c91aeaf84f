/** A chain of roles with the stock SDK: from a user's key, three roles deep. */
import { AssumeRoleCommand, GetCallerIdentityCommand, type AssumeRoleCommandInput } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { homeAccount } from '../support/roles.js'
import { arnOf } from '../support/sts-house.js'
import { startSts, thrownBy, type StsServer } from '../support/sts-server.js'
import type { SigningCredentials } from '../support/aws-signer.js'

let sts: StsServer
beforeAll(async () => {
  sts = await startSts()
})
afterAll(() => sts.close())

const operator = arnOf('ops/Operator')

async function assume(as: SigningCredentials, input: Partial<AssumeRoleCommandInput>) {
  const answer = await sts
    .client(as)
    .send(new AssumeRoleCommand({ RoleArn: operator, RoleSessionName: 'step', ...input }))
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '' } = answer.Credentials ?? {}
  return {
    answer,
    credentials: { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken },
  }
}

describe('a chain of roles', () => {
  it('carries transitive tags and the source identity, and records every hop', async () => {
    const first = await assume(sts.house.userKey(), {
      RoleSessionName: 'one',
      SourceIdentity: 'jane',
      Tags: [
        { Key: 'Team', Value: 'blue' },
        { Key: 'Shift', Value: 'day' },
      ],
      TransitiveTagKeys: ['Team'],
    })
    const second = await assume(first.credentials, { RoleSessionName: 'two' })
    const third = await assume(second.credentials, { RoleSessionName: 'three', SourceIdentity: 'jane' })
    expect([second, third].map(({ answer }) => answer.SourceIdentity)).toEqual(['jane', 'jane'])
    const identity = await sts.client(third.credentials).send(new GetCallerIdentityCommand({}))
    expect(identity.Arn).toBe(`arn:aws:sts::${homeAccount}:assumed-role/Operator/three`)

    const opened = sts.house.credentials.open(third.credentials.accessKeyId, third.credentials.sessionToken)
    const user = sts.house.userKey().accessKeyId
    expect(opened?.session).toMatchObject({
      tags: new Map([['Team', 'blue']]),
      transitiveTagKeys: ['Team'],
      origin: { issuer: 'rolegate:user', subject: `arn:aws:iam::${homeAccount}:user/services/deploy` },
      chain: [
        { accessKeyId: user },
        { accessKeyId: first.credentials.accessKeyId },
        { accessKeyId: second.credentials.accessKeyId },
      ],
    })
    expect(sts.house.events.slice(0, 3)).toMatchObject([
      {
        userIdentity: { type: 'IAMUser', accessKeyId: user },
        requestParameters: { sourceIdentity: 'jane', transitiveTagKeys: ['Team'] },
        responseElements: { sourceIdentity: 'jane' },
      },
      {
        userIdentity: { type: 'AssumedRole', accessKeyId: first.credentials.accessKeyId },
        requestParameters: { incomingTransitiveTags: { Team: 'blue' } },
        responseElements: { sourceIdentity: 'jane' },
      },
      {
        additionalEventData: { chain: [user, first.credentials.accessKeyId, second.credentials.accessKeyId] },
      },
    ])
  })

  it.each([
    [
      { SourceIdentity: 'eve' },
      'ValidationError',
      'The source identity is already set for this assume role session',
    ],
    [
      { Tags: [{ Key: 'TEAM', Value: 'red' }] },
      'InvalidParameterValue',
      "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
    ],
    [
      { DurationSeconds: 3601 },
      'ValidationError',
      'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    ],
  ])('refuses %j at a later hop', async (input, name, message) => {
    const first = await assume(sts.house.userKey(), {
      SourceIdentity: 'jane',
      Tags: [{ Key: 'Team', Value: 'blue' }],
      TransitiveTagKeys: ['Team'],
    })
    const second = await assume(first.credentials, {})
    expect(await thrownBy(assume(second.credentials, input))).toMatchObject({
      name,
      message,
      $metadata: { httpStatusCode: 400 },
    })
  })
})
