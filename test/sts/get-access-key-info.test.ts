import { randomBytes } from 'node:crypto'
import { GetAccessKeyInfoCommand, GetDelegatedAccessTokenCommand } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { newAccessKeyId } from '../../src/credentials/access-key-id.js'
import { directoryOf, homeAccount, roleOf, trustsCorp } from '../support/roles.js'
import { startSts, thrownBy, type StsServer } from '../support/sts-server.js'

const roles = [
  {
    name: 'Auditor',
    trust: trustsCorp(homeAccount),
    permissions: [
      {
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Allow', Action: ['sts:GetAccessKeyInfo', 'sts:GetDelegated*'], Resource: '*' },
        ],
      },
    ],
  },
  { name: 'Nobody', trust: trustsCorp(homeAccount) },
]
let sts: StsServer

beforeAll(async () => {
  sts = await startSts()
  sts.house.directory = directoryOf(roles)
})
afterAll(() => sts.close())

function clientOf(name: string) {
  const role = roles.find((one) => one.name === name)!
  const { arn, id } = roleOf(role)
  return sts.client(sts.house.session('Developer', { roleArn: arn, roleId: id }))
}

describe('GetAccessKeyInfo', () => {
  it.each([
    ['a temporary key of another house', 'ASIAQNZGKIQY56JQ7WML', '029608264753'],
    ['a temporary key', newAccessKeyId('000000000001', randomBytes), '000000000001'],
    ['a long-term key', newAccessKeyId('999999999999', randomBytes, 'AKIA'), '999999999999'],
  ])('reads the account from %s', async (_what, AccessKeyId, Account) => {
    const { $metadata, ...answer } = await clientOf('Auditor').send(
      new GetAccessKeyInfoCommand({ AccessKeyId }),
    )
    expect(answer).toEqual({ Account })
    expect(sts.house.events.at(-1)).toMatchObject({
      eventName: 'GetAccessKeyInfo',
      requestParameters: { accessKeyId: AccessKeyId },
      responseElements: null,
      requestID: $metadata.requestId,
    })
  })

  it.each([
    ['of before 2019', 'AKIAIOSFODNN7EXAMPLE'],
    ['of another kind', 'AROAQNZGKIQY56JQ7WML'],
    ['too long', 'ASIAQNZGKIQY56JQ7WMLA'],
    ['in small letters', 'asiaqnzgkiqy56jq7wml'],
    ['of an impossible account', 'ASIA7777777777777777'],
  ])('refuses an id %s, in the words for impossible ones', async (_what, AccessKeyId) => {
    const refusal = await thrownBy(clientOf('Auditor').send(new GetAccessKeyInfoCommand({ AccessKeyId })))
    expect(refusal).toMatchObject({
      name: 'ValidationError',
      message: `Invalid Access Key Id: ${AccessKeyId}`,
      $metadata: { httpStatusCode: 400 },
    })
  })

  it('reports what the model does not permit', async () => {
    const of = async (AccessKeyId: string) =>
      (await thrownBy(clientOf('Auditor').send(new GetAccessKeyInfoCommand({ AccessKeyId })))).message
    expect(await of('ASIA')).toBe(
      "1 validation error detected: Value 'ASIA' at 'accessKeyId' failed to satisfy constraint: Member must have length greater than or equal to 16",
    )
    expect(await of('ASIA-NZGKIQY56JQ7WML')).toContain('regular expression pattern: [\\w]*')
  })

  it('needs the permission, and says nothing else to those who lack it', async () => {
    for (const AccessKeyId of ['ASIAQNZGKIQY56JQ7WML', 'AROAQNZGKIQY56JQ7WML']) {
      const refusal = await thrownBy(clientOf('Nobody').send(new GetAccessKeyInfoCommand({ AccessKeyId })))
      expect(refusal).toMatchObject({
        name: 'AccessDenied',
        message: `User: arn:aws:sts::${homeAccount}:assumed-role/Nobody/ada is not authorized to perform: sts:GetAccessKeyInfo on resource: *`,
        $metadata: { httpStatusCode: 403 },
      })
    }
    expect(sts.house.events.at(-1)?.additionalEventData).toMatchObject({
      reason: 'sts:permission',
      cause: 'implicitDeny: no allow from identity',
    })
  })
})

it('answers GetDelegatedAccessToken, which is not offered, as AWS answers whoever may not use it', async () => {
  const refusal = await thrownBy(
    clientOf('Auditor').send(new GetDelegatedAccessTokenCommand({ TradeInToken: 'abcdefgh' })),
  )
  expect(refusal).toMatchObject({ name: 'AccessDenied', $metadata: { httpStatusCode: 403 } })
  expect(sts.house.events.at(-1)).toMatchObject({
    errorCode: 'AccessDenied',
    additionalEventData: { reason: 'sts:not-offered' },
  })
  expect(JSON.stringify(sts.house.events.at(-1))).not.toContain('abcdefgh')
})
