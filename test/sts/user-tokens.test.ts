/** GetSessionToken and GetFederationToken with the stock SDK: what they issue, what that is worth, what is recorded. */
import {
  AssumeRoleCommand,
  GetCallerIdentityCommand,
  GetFederationTokenCommand,
  GetSessionTokenCommand,
  MalformedPolicyDocumentException,
  PackedPolicyTooLargeException,
  type Credentials,
} from '@aws-sdk/client-sts'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { permissionOf } from '../../src/role/permission.js'
import { homeAccount } from '../support/roles.js'
import { testOrigin } from '../support/origin.js'
import { arnOf, device, houseDirectory, readOnlyArn, sketches } from '../support/sts-house.js'
import { startSts, thrownBy, type StsServer } from '../support/sts-server.js'

let sts: StsServer
beforeAll(async () => {
  sts = await startSts()
})
afterAll(() => sts.close())
beforeEach(() => {
  sts.house.events.length = 0
  sts.house.directory = houseDirectory()
})

const as = (issued: Credentials | undefined) =>
  sts.client({
    accessKeyId: issued?.AccessKeyId ?? '',
    secretAccessKey: issued?.SecretAccessKey ?? '',
    sessionToken: issued?.SessionToken ?? '',
  })
const deploy = () => sts.client(sts.house.userKey())
const withMfa = { RoleArn: arnOf('WithMfa'), RoleSessionName: 'night' }

/** Whether these credentials may do it now, as a service that accepts them would be told. */
function mayDo(issued: Credentials | undefined, action: string): boolean {
  const opened = sts.house.credentials.open(issued?.AccessKeyId ?? '', issued?.SessionToken ?? '')
  if (opened === undefined) throw new Error('the token does not open')
  const caller = { type: 'session' as const, session: opened.session }
  const { decision } = permissionOf(
    { caller, action, resource: '*', origin: testOrigin },
    sts.house.directory,
    new Date(),
  )
  return decision.outcome === 'allowed'
}

describe('GetSessionToken', () => {
  it('makes sessions that are the same user', async () => {
    const { Credentials: issued } = await deploy().send(new GetSessionTokenCommand({ DurationSeconds: 900 }))
    const { $metadata: _, ...identity } = await as(issued).send(new GetCallerIdentityCommand({}))
    expect(identity).toEqual({
      Arn: `arn:aws:iam::${homeAccount}:user/services/deploy`,
      UserId: 'AIDADEPLOYAAAAAAAAAAA',
      Account: homeAccount,
    })
    expect(sts.house.events[0]).toMatchObject({
      eventName: 'GetSessionToken',
      userIdentity: { type: 'IAMUser', accessKeyId: sts.house.userKey().accessKeyId },
      requestParameters: { durationSeconds: 900 },
      responseElements: { credentials: { accessKeyId: issued?.AccessKeyId, expiration: expect.any(String) } },
      recipientAccountId: homeAccount,
      readOnly: true,
    })
  })

  it('with an MFA code opens roles that ask for one, until the code is too long ago', async () => {
    const answer = await deploy().send(
      new GetSessionTokenCommand({ SerialNumber: device.serialNumber, TokenCode: device.code }),
    )
    const role = await as(answer.Credentials).send(new AssumeRoleCommand(withMfa))
    expect(role.AssumedRoleUser?.Arn).toBe(`arn:aws:sts::${homeAccount}:assumed-role/WithMfa/night`)
    expect(sts.house.events[0]).toMatchObject({
      requestParameters: { serialNumber: device.serialNumber },
      additionalEventData: { multiFactor: true },
    })
    const again = deploy().send(
      new GetSessionTokenCommand({ SerialNumber: device.serialNumber, TokenCode: device.code }),
    )
    expect((await thrownBy(again)).message).toBe(
      'MultiFactorAuthentication failed with invalid MFA one time pass code. ',
    )
    expect(JSON.stringify(sts.house.events)).not.toContain(device.code)
  })

  it('pads the token when it is asked to, and says how large it is', async () => {
    const sizes = await Promise.all(
      [0, 1500, 4095, 4096].map(async (MinimumSessionTokenSize) => {
        const answer = await deploy().send(new GetSessionTokenCommand({ MinimumSessionTokenSize }))
        const { length } = answer.Credentials?.SessionToken ?? ''
        expect(answer.SessionTokenSize).toBe(length)
        expect(answer.SessionTokenUtilization).toBe(Math.ceil((100 * length) / 4096))
        expect((await as(answer.Credentials).send(new GetCallerIdentityCommand({}))).Account).toBe(
          homeAccount,
        )
        return length
      }),
    )
    expect(sizes[0]).toBeLessThan(600)
    expect(sizes.slice(1)).toEqual([1500, 4096, 4096])
  })

  it('hands nothing out when the record cannot be written', async () => {
    sts.house.auditDown = true
    try {
      for (const command of [
        new GetSessionTokenCommand({}),
        new GetFederationTokenCommand({ Name: 'bob' }),
      ] as const)
        expect(await thrownBy(deploy().send(command as GetSessionTokenCommand))).toMatchObject({
          name: 'ServiceUnavailable',
        })
    } finally {
      sts.house.auditDown = false
    }
  })

  it('is bounded by the server, silently where nothing was asked for', async () => {
    const { limits } = sts.house
    sts.house.limits = { ...limits, maxSessionSeconds: 7200 }
    try {
      const { Credentials: issued } = await deploy().send(new GetSessionTokenCommand({}))
      expect((issued!.Expiration!.getTime() - Date.now()) / 1000).toBeLessThanOrEqual(7200)
      for (const command of [
        new GetSessionTokenCommand({ DurationSeconds: 7201 }),
        new GetFederationTokenCommand({ Name: 'bob', DurationSeconds: 7201 }),
      ] as const) {
        expect(await thrownBy(deploy().send(command as GetSessionTokenCommand))).toMatchObject({
          name: 'ValidationError',
          message: 'The requested DurationSeconds exceeds the 7200 seconds that this server allows.',
        })
        expect(sts.house.events.at(-1)).toMatchObject({
          errorCode: 'ValidationError',
          additionalEventData: { reason: 'sts:duration-server' },
        })
      }
    } finally {
      sts.house.limits = limits
    }
  })
})

describe('GetFederationToken', () => {
  const allows = (action: string) =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: action, Resource: '*' }],
    })

  it('makes somebody whom nothing but the account knows', async () => {
    const answer = await deploy().send(
      new GetFederationTokenCommand({
        Name: 'bob',
        Policy: allows('sts:GetFederationToken'),
        PolicyArns: [{ arn: readOnlyArn }],
        Tags: [{ Key: 'Team', Value: 'red' }],
      }),
    )
    expect(answer.FederatedUser).toEqual({
      FederatedUserId: `${homeAccount}:bob`,
      Arn: `arn:aws:sts::${homeAccount}:federated-user/bob`,
    })
    expect(answer.PackedPolicySize).toBeGreaterThan(0)
    const identity = await as(answer.Credentials).send(new GetCallerIdentityCommand({}))
    expect(identity.Arn).toBe(answer.FederatedUser?.Arn)
    expect(sts.house.events[0]).toMatchObject({
      eventName: 'GetFederationToken',
      requestParameters: {
        name: 'bob',
        policy: allows('sts:GetFederationToken'),
        policyArns: [{ arn: readOnlyArn }],
        tags: [{ key: 'Team', value: 'red' }],
      },
      responseElements: {
        credentials: { accessKeyId: answer.Credentials?.AccessKeyId },
        federatedUser: { federatedUserId: `${homeAccount}:bob`, arn: answer.FederatedUser?.Arn },
        packedPolicySize: answer.PackedPolicySize,
      },
      additionalEventData: { decision: 'allowed' },
    })
  })

  it('STS-28: is worth what user and policies have in common, and nothing without policies', async () => {
    const issue = async (input: Partial<ConstructorParameters<typeof GetFederationTokenCommand>[0]>) =>
      (await deploy().send(new GetFederationTokenCommand({ Name: 'bob', ...input }))).Credentials
    const narrowed = await issue({ Policy: allows('sts:*') })
    expect(mayDo(narrowed, 'sts:TagSession')).toBe(true)
    expect(mayDo(narrowed, 'sts:GetAccessKeyInfo')).toBe(false)
    expect(mayDo(await issue({ Policy: allows('*') }), 's3:GetObject')).toBe(false)
    expect(mayDo(await issue({}), 'sts:TagSession')).toBe(false)
  })

  it('throws the classes that the SDK has for the errors', async () => {
    const malformed = deploy().send(new GetFederationTokenCommand({ Name: 'bob', Policy: '[]' }))
    expect(await thrownBy(malformed)).toBeInstanceOf(MalformedPolicyDocumentException)
    const Tags = Array.from({ length: 50 }, (_, index) => ({
      Key: `k${index}`,
      Value: Array.from({ length: 64 }, (_unused, at) =>
        ((index * 7919 + at * 104_729) % 1679616).toString(36),
      )
        .join('')
        .slice(0, 256),
    }))
    const packed = deploy().send(new GetFederationTokenCommand({ Name: 'bob', Tags }))
    expect(await thrownBy(packed)).toBeInstanceOf(PackedPolicyTooLargeException)
    const denied = sts.client(sts.house.userKey('idle')).send(new GetFederationTokenCommand({ Name: 'bob' }))
    expect(await thrownBy(denied)).toMatchObject({ name: 'AccessDenied', $metadata: { httpStatusCode: 403 } })
    expect(sts.house.events.map(({ errorCode }) => errorCode)).toEqual([
      'MalformedPolicyDocument',
      'PackedPolicyTooLarge',
      'AccessDenied',
    ])
  })
})

describe('managed session policies', () => {
  it('narrow a role session, and allow nothing once they are gone', async () => {
    const answer = await deploy().send(
      new AssumeRoleCommand({
        RoleArn: arnOf('ops/Operator'),
        RoleSessionName: 'night',
        PolicyArns: [{ arn: readOnlyArn }, { arn: readOnlyArn }],
        Policy: JSON.stringify({
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Action: 'sts:SetContext', Resource: '*' }],
        }),
      }),
    )
    expect(mayDo(answer.Credentials, 'sts:SetContext')).toBe(true)
    expect(mayDo(answer.Credentials, 'sts:TagSession')).toBe(false)
    expect(sts.house.events[0]?.requestParameters).toMatchObject({ policyArns: [{ arn: readOnlyArn }] })
    const whole = houseDirectory(sketches)
    sts.house.directory = { ...whole, managedPolicy: () => undefined }
    expect(mayDo(answer.Credentials, 'sts:SetContext')).toBe(false)
  })
})
