/** What credentials of some kinds may not call of the identity service, wherever somebody asks about them. */
import { beforeEach, describe, expect, it } from '@jest/globals'
import { authzHouse, reportsHost, shown, type AuthzHouse } from '../support/authz-house.js'
import { homeAccount } from '../support/roles.js'

const resource = `arn:aws:iam::${homeAccount}:user/ada`
const around = { service: 'reports', hosts: [reportsHost], sourceIp: '198.51.100.7' }
const resourcePolicy = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: '*' }, Action: '*', Resource: '*' }],
}

let house: AuthzHouse
beforeEach(async () => {
  house = await authzHouse()
})

const sentences = {
  user: 'sessions of GetSessionToken without a second factor call no action of iam',
  'federated-user': 'sessions of GetFederationToken call no action of iam',
} as const
const kinds = Object.entries(sentences) as [keyof typeof sentences, string][]

describe.each(kinds)('credentials of the type %s, whose policies allow iam', (kind, sentence) => {
  const denied = {
    decision: 'implicitDeny',
    reasons: [{ layer: 'credentials', effect: 'missing' }],
    explanation: [`Denied: ${sentence}.`],
  }

  it.each(['iam:GetUser', 'iam:CreateUser'])('may not %s, and are told why', async (action) => {
    const request = shown(await house.signed(house.robotSession(kind)))
    const { status, body } = await house.ask({ ...around, action, resource, resourcePolicy, request })
    expect([status, JSON.parse(body)]).toEqual([
      200,
      expect.objectContaining({ authenticated: true, ...denied }),
    ])
    const { encodedMessage } = JSON.parse(body) as { readonly encodedMessage: string }
    expect(house.readMessage(encodedMessage)).toMatchObject({ allowed: false, explicitDeny: false })
  })

  it('are denied by the verifier within a process', async () => {
    const { method, rawPath: path, headers } = await house.signed(house.robotSession(kind))
    const request = { method, path, headers }
    const question = { ...around, action: 'iam:GetUser', resource, request }
    expect(await house.verifier.check(question)).toMatchObject({ authenticated: true, ...denied })
  })

  it('are not let through by a proxy', async () => {
    const signed = await house.signed(house.robotSession(kind), { host: 'users.example.test' })
    const headers = [
      ...signed.headers,
      ['x-original-method', 'GET'],
      ['x-original-uri', signed.rawPath],
    ] as const
    expect((await house.check({ headers })).status).toBe(403)
  })

  it('are on record with the reason', async () => {
    const signed = await house.signed(house.robotSession(kind))
    await house.ask({ ...around, action: 'iam:GetUser', resource, request: shown(signed) })
    expect(house.events.at(-1)?.requestParameters).toMatchObject({
      questions: [{ outcome: 'implicitDeny', because: `implicitDeny: ${sentence}` }],
    })
  })

  it('may what is no action of the identity service', async () => {
    const request = shown(await house.signed(house.robotSession(kind)))
    const may = `arn:aws:reports::${homeAccount}:2027/may`
    for (const action of ['reports:Read', 'reports:iam']) {
      const { body } = await house.ask({ ...around, action, resource: may, request })
      expect(JSON.parse(body)).toMatchObject({ decision: 'allowed' })
    }
  })
})

describe('whoever may call the identity service as far as the credentials go', () => {
  it('is judged by policies: a user, with a second factor, and a role', async () => {
    for (const client of [house.robotKey, house.robotSession('user with MFA')]) {
      const request = shown(await house.signed(client))
      const { body } = await house.ask({ ...around, action: 'iam:GetUser', resource, request })
      expect(JSON.parse(body)).toMatchObject({ decision: 'allowed' })
      const signed = await house.signed(client, { host: 'users.example.test' })
      const headers = [
        ...signed.headers,
        ['x-original-method', 'GET'],
        ['x-original-uri', signed.rawPath],
      ] as const
      expect((await house.check({ headers })).status).toBe(200)
    }
    const request = shown(await house.signed(house.session('Reader')))
    const { body } = await house.ask({ ...around, action: 'iam:GetUser', resource, request })
    expect(JSON.parse(body)).toMatchObject({
      decision: 'implicitDeny',
      reasons: [{ layer: 'identity', effect: 'missing' }],
    })
  })
})
