/**
 * Every action that the endpoint knows, and some that it does not, asked for without credentials, with a wrong
 * version, by GET and by POST: what is signed cannot run unsigned, and what is not in the table does not exist.
 */
import { STSClient } from '@aws-sdk/client-sts'
import * as model from '@aws-sdk/client-sts'
import { beforeAll, describe, expect, it } from '@jest/globals'
import type { WireResponse } from '../../src/http/wire.js'
import { presign } from '../support/aws-signer.js'
import { testOrigin } from '../support/origin.js'
import { codeOf, elementOf, stsHouse, type StsHouse } from '../support/sts-house.js'

const formType = 'application/x-www-form-urlencoded'
const version = '2011-06-15'
/** From the SDK's own list of commands, so that an action that is new there turns up here. */
const published = Object.keys(model)
  .filter((name) => /^[A-Z]\w+Command$/.test(name))
  .map((name) => name.slice(0, -'Command'.length))
const unsigned = ['AssumeRoleWithLDAPIdentity', 'AssumeRoleWithSAML', 'AssumeRoleWithWebIdentity']
const offered = [...new Set([...published, ...unsigned])]
const unknown = [
  'DeleteEverything',
  '__proto__',
  'toString',
  'constructor',
  'hasOwnProperty',
  'getcalleridentity',
  ' GetCallerIdentity',
  'GetCallerIdentity\0',
  'Ä',
  '<b>',
]

let house: StsHouse
beforeAll(async () => {
  house = await stsHouse()
})

function ask(
  method: 'GET' | 'POST',
  form: Readonly<Record<string, string>>,
  headers: readonly (readonly [string, string])[] = [],
): Promise<WireResponse> {
  const text = new URLSearchParams(form).toString()
  const isPost = method === 'POST'
  return house.room.handle({
    method,
    rawPath: '/',
    rawQuery: isPost ? '' : text,
    headers: [
      ['host', 'sts.example.test'],
      ...(isPost ? [['content-type', formType] as const] : []),
      ...headers,
    ],
    body: Buffer.from(isPost ? text : ''),
    origin: testOrigin,
  })
}

/** Id in header and body alike, the namespace and envelope that errors have, and nothing to be kept by caches. */
function expectError(response: WireResponse, status: number, code: string): void {
  expect([response.status, codeOf(response)]).toEqual([status, code])
  expect(elementOf(response, 'RequestId')).toBe(testOrigin.requestId)
  expect(response.headers).toMatchObject({
    'content-type': 'text/xml',
    'x-amzn-requestid': testOrigin.requestId,
    'cache-control': 'no-store',
  })
  const namespace =
    code === 'InvalidAction' || code === 'MissingAction'
      ? 'http://webservices.amazon.com/AWSFault/2005-15-09'
      : 'https://sts.amazonaws.com/doc/2011-06-15/'
  expect(response.body).toContain(`<ErrorResponse xmlns="${namespace}">`)
  expect(elementOf(response, 'Type')).toBe('Sender')
}

it('is a table of all the actions of the newest client', () => {
  expect(new STSClient({ region: 'x' }).config.apiVersion).toBe(version)
  expect(published.length).toBeGreaterThan(10)
})

describe.each(['GET', 'POST'] as const)('by %s', (method) => {
  it.each(offered.filter((name) => !unsigned.includes(name)))('%s wants a signature', async (Action) => {
    expectError(await ask(method, { Action, Version: version }), 403, 'MissingAuthenticationToken')
    const forged = 'AWS4-HMAC-SHA256 Credential=AKIAAAAAAAAAAAAAAAAA'
    expectError(
      await ask(method, { Action, Version: version }, [['authorization', forged]]),
      400,
      'IncompleteSignature',
    )
  })

  it.each(unsigned)('%s wants the proof that it brings', async (Action) => {
    expectError(await ask(method, { Action, Version: version }), 400, 'ValidationError')
  })

  it.each(offered)('%s exists in one version', async (Action) => {
    for (const Version of ['2011-06-14', '', '2011-06-15 ', '__proto__']) {
      const response = await ask(method, { Action, Version })
      expectError(response, 400, 'InvalidAction')
      expect(elementOf(response, 'Message')).toBe(
        `Could not find operation ${Action} for version ${Version === '' ? 'NO_VERSION_SPECIFIED' : Version}`,
      )
    }
    expectError(await ask(method, { Action }), 400, 'InvalidAction')
  })

  it.each(unknown)('there is no %j', async (Action) => {
    const response = await ask(method, { Action, Version: version })
    expectError(response, 400, 'InvalidAction')
    expect(response.body).not.toContain('<b>')
  })

  it('there is nothing without an action', async () => {
    expectError(await ask(method, { Version: version }), 400, 'MissingAction')
    expectError(await ask(method, { Action: '', Version: version }), 400, 'InvalidAction')
  })
})

it.each(offered.filter((name) => !unsigned.includes(name)))(
  '%s runs for nobody by a presigned address of another service',
  async (Action) => {
    const request = { query: { Action, Version: version }, service: 's3' }
    const presigned = await presign(house.session(), request, house.clock.now())
    expectError(await house.send(presigned), 403, 'SignatureDoesNotMatch')
  },
)

it.each(['PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'])('no action runs by %s', async (method) => {
  const response = await house.room.handle({
    method,
    rawPath: '/sts',
    rawQuery: `Action=GetCallerIdentity&Version=${version}`,
    headers: [['host', 'sts.example.test']],
    body: Buffer.alloc(0),
    origin: testOrigin,
  })
  expectError(response, 405, 'MethodNotAllowed')
})

it('records each of these requests, and nothing of what was sent but the name of the action', () => {
  expect(house.events.length).toBeGreaterThan(100)
  expect(house.events.every(({ errorCode }) => errorCode !== undefined)).toBe(true)
  expect(
    house.events.every(({ eventName }) => eventName === 'Unknown' || /^[A-Za-z]+$/.test(eventName)),
  ).toBe(true)
})
