import { beforeEach, describe, expect, it } from '@jest/globals'
import type { WireResponse } from '../../src/http/wire.js'
import { sign } from '../support/aws-signer.js'
import { jsonBeside } from '../support/json.js'
import { arnOf, codeOf, elementOf, otherAccount, stsHouse, type StsHouse } from '../support/sts-house.js'

const deployer = {
  Action: 'AssumeRole',
  RoleArn: arnOf('Deployer', otherAccount),
  RoleSessionName: 'ada',
}
let house: StsHouse
beforeEach(async () => {
  house = await stsHouse()
})

/** What an answer hands out, opened again. */
function issuedIn(response: WireResponse) {
  const accessKeyId = elementOf(response, 'AccessKeyId') ?? ''
  const sessionToken = elementOf(response, 'SessionToken') ?? ''
  const opened = house.credentials.open(accessKeyId, sessionToken)
  if (opened === undefined) throw new Error(`no credentials in ${response.body}`)
  const { session, secretAccessKey } = opened
  if (session.type !== 'role') throw new Error(`credentials of a ${session.type}`)
  return { session, secretAccessKey, accessKeyId, sessionToken, expiresAt: session.expiresAt }
}

describe('AssumeRole', () => {
  it('answers in the shape that AWS gives it', async () => {
    const response = await house.call(house.session(), deployer)
    const { session, secretAccessKey, accessKeyId, sessionToken } = issuedIn(response)
    expect(response.headers['content-type']).toBe('text/xml')
    expect(response.body).toBe(`<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult>
    <AssumedRoleUser>
      <AssumedRoleId>${session.roleId}:ada</AssumedRoleId>
      <Arn>arn:aws:sts::444455556666:assumed-role/Deployer/ada</Arn>
    </AssumedRoleUser>
    <Credentials>
      <AccessKeyId>${accessKeyId}</AccessKeyId>
      <SecretAccessKey>${secretAccessKey}</SecretAccessKey>
      <SessionToken>${sessionToken}</SessionToken>
      <Expiration>2026-01-02T04:04:05Z</Expiration>
    </Credentials>
    <SessionTokenUtilization>${Math.ceil((100 * sessionToken.length) / 4096)}</SessionTokenUtilization>
    <SessionTokenSize>${sessionToken.length}</SessionTokenSize>
  </AssumeRoleResult>
  <ResponseMetadata>
    <RequestId>7b3f2c1e-3a5d-4c0e-9a0f-111122223333</RequestId>
  </ResponseMetadata>
</AssumeRoleResponse>
`)
  })

  it('gives credentials that sign', async () => {
    const chained = issuedIn(await house.call(house.session(), deployer))
    const response = await house.call(chained, { Action: 'GetCallerIdentity' })
    expect(elementOf(response, 'Arn')).toBe('arn:aws:sts::444455556666:assumed-role/Deployer/ada')
  })

  it('seals tags, transitive keys, source identity and session policy, and says how full the token is', async () => {
    const policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 's3:Get*', Resource: '*' }],
    })
    const response = await house.call(house.session(), {
      ...deployer,
      'Tags.member.1.Key': 'Équipe',
      'Tags.member.1.Value': 'α + β',
      'Tags.member.2.Key': 'Cost',
      'Tags.member.2.Value': '',
      'TransitiveTagKeys.member.1': 'Équipe',
      SourceIdentity: 'ada',
      Policy: policy,
      DurationSeconds: '+0900',
    })
    const { session } = issuedIn(response)
    expect(session.tags).toEqual(
      new Map([
        ['Équipe', 'α + β'],
        ['Cost', ''],
      ]),
    )
    expect(session.transitiveTagKeys).toEqual(['Équipe'])
    expect(session.sessionPolicies).toEqual([policy])
    expect(session.expiresAt).toEqual(new Date('2026-01-02T03:19:05Z'))
    expect(elementOf(response, 'SourceIdentity')).toBe('ada')
    expect(Number(elementOf(response, 'PackedPolicySize'))).toBeGreaterThan(0)
  })

  it('takes empty lists as SDKs send them, and 50 tags', async () => {
    const empty = await house.call(house.session(), {
      ...deployer,
      Tags: '',
      TransitiveTagKeys: '',
      PolicyArns: '',
    })
    expect(empty.status).toBe(200)
    expect(elementOf(empty, 'PackedPolicySize')).toBeUndefined()
    const tags = (count: number) =>
      Object.fromEntries(
        Array.from({ length: count }, (_, index) => [
          [`Tags.member.${index + 1}.Key`, `k${index}`],
          [`Tags.member.${index + 1}.Value`, `v${index}`],
        ]).flat() as [string, string][],
      )
    expect((await house.call(house.session(), { ...deployer, ...tags(50) })).status).toBe(200)
    expect(codeOf(await house.call(house.session(), { ...deployer, ...tags(51) }))).toBe('ValidationError')
  })

  it('takes the external id that was agreed', async () => {
    const partner = { ...deployer, RoleArn: arnOf('Partner', otherAccount), ExternalId: 'agreed-42' }
    expect((await house.call(house.session(), partner)).status).toBe(200)
  })

  it('STS-26: does not let an inherited transitive tag be set again', async () => {
    const session = house.session('Developer', {
      tags: new Map([['Team', 'blue']]),
      transitiveTagKeys: ['Team'],
    })
    const response = await house.call(session, {
      ...deployer,
      'Tags.member.1.Key': 'team',
      'Tags.member.1.Value': 'red',
    })
    expect([response.status, codeOf(response)]).toEqual([400, 'InvalidParameterValue'])
  })

  it('STS-27: does not let a source identity be changed', async () => {
    const session = house.session('Developer', { sourceIdentity: 'ada' })
    const response = await house.call(session, { ...deployer, SourceIdentity: 'eve' })
    expect(elementOf(response, 'Message')).toBe(
      'The source identity is already set for this assume role session',
    )
  })

  it('records the whole chain of a grant, with the request id of the answer', async () => {
    const session = house.session()
    await house.call(session, deployer)
    expect(house.events).toMatchObject([
      {
        eventName: 'AssumeRole',
        requestID: '7b3f2c1e-3a5d-4c0e-9a0f-111122223333',
        userIdentity: { accessKeyId: session.accessKeyId },
        responseElements: { credentials: { accessKeyId: expect.stringMatching(/^ASIA/) } },
        additionalEventData: { chain: [session.accessKeyId] },
      },
    ])
    expect(JSON.stringify(house.events)).not.toContain(session.sessionToken)
  })

  it('STS-20: answers byte for byte alike for a role that is not there and one that refuses', async () => {
    const ask = (name: string) =>
      house.call(house.session(), { ...deployer, RoleArn: arnOf(name, otherAccount) })
    const [absent, refusing] = [await ask('Absent'), await ask('Vault')]
    expect({ ...absent, body: absent.body.replaceAll('Absent', 'Vault') }).toEqual(refusing)
    expect(house.events.map((event) => event.errorCode)).toEqual(['AccessDenied', 'AccessDenied'])
  })

  it('hands nothing out, and says nothing, when the record cannot be written', async () => {
    const session = house.session()
    house.auditDown = true
    for (const form of [
      deployer,
      { Action: 'GetCallerIdentity' },
      { ...deployer, RoleArn: arnOf('Vault') },
    ]) {
      const response = await house.call(session, form)
      expect([response.status, codeOf(response)]).toEqual([503, 'ServiceUnavailable'])
      expect(response.body).not.toContain('ASIA')
    }
  })
})

interface HostileRow {
  readonly id: string
  readonly name: string
  readonly form?: Readonly<Record<string, string>>
  readonly without?: string
  /** Added to the body as it is. */
  readonly append?: string
  readonly query?: Readonly<Record<string, string>>
  readonly status: number
  readonly code: string
  readonly message?: string
}

describe('hostile parameters', () => {
  it.each(jsonBeside<HostileRow[]>(import.meta.url, 'hostile-parameters.json'))('$id: $name', async (row) => {
    const form = new URLSearchParams({ Version: '2011-06-15', ...deployer })
    for (const [name, value] of Object.entries(row.form ?? {})) form.set(name, expanded(value))
    if (row.without !== undefined) form.delete(row.without)
    const request = await sign(
      house.session(),
      {
        body: form.toString() + expanded(row.append ?? ''),
        ...(row.query === undefined ? {} : { query: row.query }),
      },
      house.clock.now(),
    )
    const response = await house.send(request)
    expect([response.status, codeOf(response)]).toEqual([row.status, row.code])
    if (row.message !== undefined) expect(elementOf(response, 'Message') ?? '').toBe(row.message)
    expect(response.body).not.toContain('<SessionToken>')
    expect(house.events).toHaveLength(1)
    expect(house.events[0]?.responseElements).toBeNull()
    const inDispatch = row.code === 'InvalidAction' || row.code === 'MissingAction'
    expect(response.body.includes('AWSFault/2005-15-09')).toBe(inDispatch)
  })
})

/** `repeat:3:x` → `xxx`, so that the table stays readable. */
function expanded(value: string): string {
  return value.replace(/^repeat:(\d+):(.*)$/, (_, count: string, text: string) => text.repeat(Number(count)))
}
