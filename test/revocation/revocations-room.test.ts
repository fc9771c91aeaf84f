import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { newAccessKeyId } from '../../src/credentials/access-key-id.js'
import type { WireResponse } from '../../src/http/wire.js'
import { assertionOf } from '../support/assertion.js'
import { host, management, member, revocationHouse, type RevocationHouse } from './house.js'

const issuer = 'https://idp.example.test'
const deployer = `arn:aws:iam::${member}:role/team/Deployer`
const ada = { type: 'person', issuer, subject: 'ada@example.test' }

let house: RevocationHouse
beforeEach(async () => {
  house = await revocationHouse()
})
afterEach(() => house.close())

const bodyOf = (response: WireResponse) => JSON.parse(response.body) as Readonly<Record<string, unknown>>
const outcome = (response: WireResponse) => [response.status, bodyOf(response)['code']]

describe('POST /v1/revocations', () => {
  it('ends a session before it answers, and says what it did', async () => {
    const victim = house.session('Deployer')
    const response = await house.call(house.session('Security'), {
      type: 'session',
      accessKeyId: victim.accessKeyId,
    })
    expect(response.status).toBe(200)
    expect(response.headers).toMatchObject({
      'content-type': 'application/json',
      'cache-control': 'no-store',
    })
    expect(bodyOf(response)).toMatchObject({
      requestId: response.headers['x-amzn-requestid'],
      revocation: {
        type: 'session',
        accessKeyId: victim.accessKeyId,
        by: `arn:aws:sts::${management}:assumed-role/Security/ada`,
      },
    })
    expect(house.replica.revocations.ends(victim.session)).toBe(true)
    expect(await house.audit.events()).toMatchObject([
      {
        eventSource: 'rolegate.amazonaws.com',
        eventName: 'RevokeSession',
        eventType: 'AwsApiCall',
        userIdentity: { type: 'AssumedRole', arn: `arn:aws:sts::${management}:assumed-role/Security/ada` },
        requestParameters: { accessKeyId: victim.accessKeyId },
        resources: [{ ARN: `arn:aws:rolegate::${member}:session/${victim.accessKeyId}`, accountId: member }],
        readOnly: false,
        recipientAccountId: management,
      },
    ])
  })

  it.each([
    ['role by ARN', { type: 'role', roleArn: deployer }],
    ['role by account and path', { type: 'role', account: member, role: 'team/Deployer' }],
    ['role by alias and name', { type: 'role', account: 'shop', role: 'Deployer' }],
  ])('ends all sessions of a %s', async (_how, body) => {
    const victim = house.session('Deployer')
    expect((await house.call(house.session('OneRole'), body)).status).toBe(200)
    expect(house.replica.revocations.ends(victim.session)).toBe(true)
  })

  it('ends a person, a provider’s session and a key; the key is deleted as well', async () => {
    const security = house.session('Security')
    const key = newAccessKeyId(member, randomBytes, 'AKIA')
    expect((await house.call(security, ada)).status).toBe(200)
    expect((await house.call(security, { type: 'provider-session', issuer, providerSession: 's-1' })).status).toBe(200) // prettier-ignore
    expect(bodyOf(await house.call(security, { type: 'key', accessKeyId: key }))).toMatchObject({
      revocation: { keyDeleted: true },
    })
    const { revocations } = house.replica
    expect(revocations.endsSignIn(assertionOf({ issuer }))).toBe(true)
    expect(revocations.endsSignIn(assertionOf({ issuer, subject: 'grace', providerSession: 's-1' }))).toBe(true) // prettier-ignore
    expect([revocations.endsKey(key), house.deleted]).toEqual([true, [key]])
  })

  it('names accounts of a local provider by their user name, and no others', async () => {
    await house.close()
    const accountNamed = async (name: string) => (name.toLowerCase() === 'ada' ? 'ada' : undefined)
    house = await revocationHouse({
      providers: [{ name: 'local', password: { accountNamed } }, { name: 'corp' }],
    })
    const call = (provider: string, username: string) =>
      house.call(house.session('Security'), { type: 'person', provider, username })
    expect(outcome(await call('corp', 'ada'))).toEqual([400, 'ValidationError'])
    expect(outcome(await call('nowhere', 'ada'))).toEqual([400, 'ValidationError'])
    expect(outcome(await call('local', 'Ada'))).toEqual([404, 'NoSuchEntity'])
    expect((await call('local', 'ada')).status).toBe(200)
    const signIn = assertionOf({ kind: 'local', issuer: 'rolegate:local', subject: 'ada' })
    expect(house.replica.revocations.endsSignIn(signIn)).toBe(true)
  })

  it.each([
    ['nothing', ''],
    ['no JSON', '{'],
    ['a list', '[]'],
    ['no type', '{}'],
    ['another type', { type: 'planet' }],
    ['a type from the prototype', { type: 'constructor' }],
    ['a long-term key as a session', { type: 'session', accessKeyId: 'AKIAIOSFODNN7EXAMPLE' }],
    ['an id without an account', { type: 'session', accessKeyId: 'ASIAAAAAAAAAAAAAAAAA' }],
    ['a number for a text', { type: 'session', accessKeyId: 1 }],
    ['a misspelt field', { type: 'person', issuer, subjekt: 'ada' }],
    ['a field of another type of revocation', { ...ada, roleArn: deployer }],
    ['a pattern for a role', { type: 'role', roleArn: `arn:aws:iam::${member}:role/*` }],
    ['a user’s ARN for a role', { type: 'role', roleArn: `arn:aws:iam::${member}:user/ada` }],
    ['control characters', { ...ada, subject: 'ada\n' }],
    ['half a surrogate pair', { ...ada, subject: '\ud800' }],
    ['a session name beyond ASCII', { type: 'provider-session', issuer, providerSession: 'é' }],
    ['an endless subject', { ...ada, subject: 'a'.repeat(2_049) }],
  ])('refuses %s and ends nothing', async (_what, body) => {
    expect(outcome(await house.call(house.session('Security'), body))).toEqual([400, 'ValidationError'])
    expect(house.replica.revocations.inForce()).toEqual([])
    expect(await house.audit.events()).toMatchObject([{ errorCode: 'ValidationError' }])
  })
})

describe('who may revoke', () => {
  it.each([
    ['without a permission', 'Developer', { type: 'role', roleArn: deployer }],
    ['with a permission for another role', 'OneRole', { type: 'role', roleArn: `arn:aws:iam::${member}:role/MemberAdmin` }], // prettier-ignore
    ['in another account than the role', 'MemberAdmin', { type: 'role', roleArn: `arn:aws:iam::${management}:role/Developer` }], // prettier-ignore
    ['a person, from a member account, whatever it allows', 'MemberAdmin', ada],
    ['a provider’s session, from a member account', 'MemberAdmin', { type: 'provider-session', issuer, providerSession: 's' }], // prettier-ignore
    ['a person of another issuer than the policy names', 'Helpdesk', { ...ada, issuer: `${issuer}/x` }],
    ['a person whose issuer looks like subject and issuer', 'Helpdesk', { ...ada, issuer: 'https://evil.test', subject: `${issuer}/ada` }], // prettier-ignore
    [
      'a role of an account that is not there',
      'MemberAdmin',
      { type: 'role', account: 'nowhere', role: 'A' },
    ],
  ])('not: %s', async (_why, name, body) => {
    const response = await house.call(house.session(name), body)
    expect(outcome(response)).toEqual([403, 'AccessDenied'])
    expect(bodyOf(response)['message']).toMatch(/^User: arn:aws:sts::\d{12}:assumed-role\/\w+\/ada is not authorized to perform: rolegate:Revoke$/) // prettier-ignore
    expect(house.replica.revocations.inForce()).toEqual([])
    expect(await house.audit.events()).toMatchObject([
      { errorCode: 'AccessDenied', additionalEventData: { identityProven: true } },
    ])
  })

  it('yes: a member’s own role, a person of the issuer that a policy names, everything for the managers', async () => {
    expect((await house.call(house.session('MemberAdmin'), { type: 'role', roleArn: deployer })).status).toBe(200) // prettier-ignore
    expect((await house.call(house.session('Helpdesk'), ada)).status).toBe(200)
    expect((await house.call(house.session('Security'), { type: 'role', roleArn: deployer })).status).toBe(200) // prettier-ignore
  })

  it('is told that there is no such role only when he may revoke it', async () => {
    const body = { type: 'role', roleArn: `arn:aws:iam::${member}:role/Nobody` }
    expect(outcome(await house.call(house.session('MemberAdmin'), body))).toEqual([404, 'NoSuchEntity'])
    expect(outcome(await house.call(house.session('Developer'), body))).toEqual([403, 'AccessDenied'])
  })

  it('nobody may end people where no account speaks for the organisation', async () => {
    await house.close()
    house = await revocationHouse({ managementAccount: null })
    for (const name of ['Security', 'MemberAdmin'])
      expect(outcome(await house.call(house.session(name), ada))).toEqual([403, 'AccessDenied'])
    expect((await house.call(house.session('MemberAdmin'), { type: 'role', roleArn: deployer })).status).toBe(200) // prettier-ignore
  })

  it('only who signs, for this service, with credentials that are not revoked themselves', async () => {
    const security = house.session('Security')
    const unsigned = { method: 'POST', rawPath: '/v1/revocations', rawQuery: '', body: Buffer.from('{}') }
    const bare = await house.room.handle({ ...unsigned, headers: [['host', host]], origin: { requestId: 'r', sourceIp: '192.0.2.1', userAgent: '', secure: true } }) // prettier-ignore
    expect(outcome(bare)).toEqual([401, 'MissingAuthenticationToken'])
    expect(outcome(await house.call(security, ada, { service: 'sts' }))).toEqual([
      401,
      'SignatureDoesNotMatch',
    ])
    expect(outcome(await house.call(security, ada, { host: 'other.test' }))).toEqual([401, 'SignatureDoesNotMatch']) // prettier-ignore
    expect(outcome(await house.call({ ...security, secretAccessKey: 'x' }, ada))).toEqual([401, 'SignatureDoesNotMatch']) // prettier-ignore
    expect((await house.call(security, { type: 'session', accessKeyId: security.accessKeyId })).status).toBe(200) // prettier-ignore
    expect(outcome(await house.call(security, ada))).toEqual([401, 'ExpiredToken'])
    const events = await house.audit.events()
    expect(events.map(({ errorCode }) => errorCode ?? 'ok')).toEqual(['MissingAuthenticationToken', 'SignatureDoesNotMatch', 'SignatureDoesNotMatch', 'SignatureDoesNotMatch', 'ok', 'ExpiredToken']) // prettier-ignore
    expect(events[2]?.additionalEventData).not.toMatchObject({ identityProven: true })
  })
})

describe('a signed request that is sent again', () => {
  it('ends nothing a second time: who signs in after a revocation is not thrown out by its replay', async () => {
    const captured = await house.signed(house.session('Security'), { type: 'role', roleArn: deployer })
    expect((await house.room.handle(captured)).status).toBe(200)
    const [first] = house.replica.revocations.inForce()
    expect(outcome(await house.room.handle(captured))).toEqual([401, 'SignatureDoesNotMatch'])
    expect(house.replica.revocations.inForce()).toEqual([first])
    const refusal = (await house.audit.events()).at(-1)
    expect(refusal).toMatchObject({ additionalEventData: { reason: 'sts:replay', identityProven: false } })
  })

  it('counts while nobody can say whether it was used, since ending access is the safe side', async () => {
    house.storeDown = true
    const captured = await house.signed(house.session('Security'), { type: 'role', roleArn: deployer })
    expect((await house.room.handle(captured)).status).toBe(200)
    expect((await house.room.handle(captured)).status).toBe(200)
    expect(house.log.lines.map(({ event }) => event)).toContain('revocations.replayUnchecked')
  })

  it('lists again: that changes nothing, and stock clients sign two equal calls of one second alike', async () => {
    const captured = await house.signed(house.session('Security'))
    expect((await house.room.handle(captured)).status).toBe(200)
    expect((await house.room.handle(captured)).status).toBe(200)
  })
})

describe('a caller who fills the memory of every server', () => {
  it('is refused new revocations at the limit; known ones and those of others count still', async () => {
    await house.close()
    house = await revocationHouse({ mostBytes: 2_000 })
    // Each with credentials of its own: two equal calls of one second would have one signature.
    const revoke = (body: unknown) => house.call(house.session('Security'), body)
    const people = ['a', 'b', 'c', 'd', 'e'].map((subject) => ({ ...ada, subject }))
    const statuses: number[] = []
    for (const person of people) statuses.push((await revoke(person)).status)
    expect(statuses).toEqual([200, 200, 200, 429, 429])
    expect(outcome(await revoke(people[4]))).toEqual([429, 'LimitExceeded'])
    expect((await revoke(people[0])).status).toBe(200)
    const { revocations } = house.replica
    await revocations.revoke({ ...ada, type: 'person', subject: 'e' }, 'an identity provider')
    expect(revocations.inForce()).toHaveLength(4)
    expect(house.log.lines.map(({ event }) => event)).toContain('revocations.full')
    expect(await house.audit.events()).toContainEqual(
      expect.objectContaining({ errorCode: 'LimitExceeded', eventName: 'RevokePerson' }),
    )
  })
})

describe('when something does not work', () => {
  it('an unwritten record is an error, and the session is over all the same', async () => {
    const victim = house.session('Deployer')
    house.auditDown = true
    const body = { type: 'session', accessKeyId: victim.accessKeyId }
    const response = await house.call(house.session('Security'), body)
    expect(outcome(response)).toEqual([503, 'ServiceUnavailable'])
    expect(response.headers['retry-after']).toBeDefined()
    expect(house.replica.revocations.ends(victim.session)).toBe(true)
  })

  it('other methods and long bodies are answered in JSON', async () => {
    const put = await house.call(house.session('Security'), ada, { method: 'PUT' })
    expect(outcome(put)).toEqual([405, 'MethodNotAllowed'])
    expect(outcome(house.room.tooLarge('r-1'))).toEqual([413, 'RequestEntityTooLarge'])
    expect(house.room.accepts('POST', '/v1/revocations', '', '')).toBe(true)
    expect(house.room.accepts('POST', '/v1/revocations/', '', '')).toBe(false)
  })
})

describe('GET /v1/revocations', () => {
  const types = (response: WireResponse) =>
    (bodyOf(response)['revocations'] as { type: string }[]).map(({ type }) => type)

  it('lists all to the managers, to others those of their account, to nobody without permission', async () => {
    const security = house.session('Security')
    await house.call(security, { type: 'role', roleArn: deployer })
    await house.call(security, { type: 'role', roleArn: `arn:aws:iam::${management}:role/Developer` })
    await house.call(security, ada)
    await house.call(security, { type: 'session', accessKeyId: newAccessKeyId(member, randomBytes) })
    expect(types(await house.call(security))).toEqual(['role', 'role', 'person', 'session'])
    expect(types(await house.call(house.session('MemberAdmin')))).toEqual(['role', 'session'])
    expect(outcome(await house.call(house.session('Helpdesk')))).toEqual([403, 'AccessDenied'])
    expect((await house.audit.events()).at(-3)).toMatchObject({
      eventName: 'ListRevocations',
      readOnly: true,
    })
  })
})
