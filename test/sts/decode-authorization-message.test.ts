import { randomBytes } from 'node:crypto'
import { DecodeAuthorizationMessageCommand, InvalidAuthorizationMessageException } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createPurposeBox } from '../../src/credentials/purpose-box.js'
import type { Decision } from '../../src/policy/evaluate.js'
import {
  encodeAuthorizationMessage,
  openAuthorizationMessage,
  type DecidedRequest,
} from '../../src/role/authorization-message.js'
import { identityOfCaller } from '../../src/role/caller.js'
import { permissionOf } from '../../src/role/permission.js'
import { ringOf } from '../support/key-ring.js'
import { testOrigin } from '../support/origin.js'
import { directoryOf, homeAccount, policyOf, roleOf, trustsCorp } from '../support/roles.js'
import { otherAccount } from '../support/sts-house.js'
import { startSts, thrownBy, type StsServer } from '../support/sts-server.js'

const secretWord = 'project-nightingale'
const trust = trustsCorp(homeAccount)
const reads = {
  Effect: 'Allow',
  Action: 'sts:DecodeAuthorizationMessage',
  Resource: '*',
}
const roles = [
  {
    name: 'Reader',
    trust,
    permissions: [
      {
        Version: '2012-10-17',
        Statement: [
          reads,
          {
            Sid: 'NoSecrets',
            Effect: 'Deny',
            Action: 's3:*',
            Resource: `arn:aws:s3:::${secretWord}/*`,
          },
        ],
      },
    ],
  },
  { name: 'Blind', trust },
  {
    name: 'Foreign',
    account: otherAccount,
    trust,
    permissions: [{ Version: '2012-10-17', Statement: [reads] }],
  },
]
let sts: StsServer

beforeAll(async () => {
  sts = await startSts()
  sts.house.directory = directoryOf(roles)
})
afterAll(() => sts.close())

function session(name: string) {
  const { arn, id, account } = roleOf(roles.find((role) => role.name === name)!)
  return sts.house.session('Developer', { roleArn: arn, roleId: id, account })
}

const decode = (name: string, EncodedMessage: string) =>
  sts.client(session(name)).send(new DecodeAuthorizationMessageCommand({ EncodedMessage }))

/** A decision about a session of `Reader`, as a resource server of the other account comes to it. */
function decided(resource: string, resourceAccount: string): DecidedRequest {
  const caller = { type: 'session', session: session('Reader').session } as const
  const { decision, question } = permissionOf(
    {
      caller,
      action: 's3:GetObject',
      resource,
      resourceAccount,
      resourcePolicy: policyOf(
        {
          Version: '2012-10-17',
          Statement: [
            {
              Sid: 'HiddenName',
              Effect: 'Allow',
              Principal: { AWS: `arn:aws:iam::${homeAccount}:root` },
              Action: 's3:GetObject',
              Resource: '*',
            },
          ],
        },
        'resource',
        'bucket policy',
      ),
      context: new Map([
        ['s3:ResourceTag/Owner', 'somebody'],
        ['s3:prefix', 'a/'],
      ]),
      origin: testOrigin,
    },
    sts.house.directory,
    sts.house.clock.now(),
  )
  return { caller: identityOfCaller(caller), decision, request: question!.request }
}

const encode = (account: string, about: DecidedRequest) =>
  encodeAuthorizationMessage(sts.house.authorizationMessages, account, about)

describe('DecodeAuthorizationMessage', () => {
  it('shows an explicit deny to the caller’s account, by names and without the policy', async () => {
    const about = decided(`arn:aws:s3:::${secretWord}/plan`, homeAccount)
    const { DecodedMessage, $metadata } = await decode('Reader', encode(homeAccount, about))
    const message = JSON.parse(DecodedMessage!) as {
      readonly context: { readonly conditions: { readonly items: unknown[] } }
    }
    expect(message).toMatchObject({
      allowed: false,
      explicitDeny: true,
      matchedStatements: {
        items: [{ effect: 'DENY', policyType: 'identity', policy: 'test policy', statementId: 'NoSecrets' }],
      },
      failures: { items: [] },
      context: {
        principal: {
          id: expect.stringMatching(/^AROA[A-Z]{17}:ada$/),
          arn: `arn:aws:sts::${homeAccount}:assumed-role/Reader/ada`,
        },
        action: 's3:GetObject',
        resource: `arn:aws:s3:::${secretWord}/plan`,
      },
    })
    const conditions = message.context.conditions.items
    expect(conditions).toContainEqual({ key: 's3:prefix', values: { items: [{ value: 'a/' }] } })
    expect(conditions).toContainEqual({
      key: 's3:resourcetag/owner',
      values: { items: [{ value: 'somebody' }] },
    })
    expect(DecodedMessage).not.toMatch(/"Version"|Condition"|s3:\*/)
    expect(sts.house.events.at(-1)).toMatchObject({
      eventName: 'DecodeAuthorizationMessage',
      requestParameters: null,
      requestID: $metadata.requestId,
    })
  })

  it('says which layers gave no Allow, and keeps the names and tags of another account to itself', async () => {
    const about = decided('arn:aws:s3:::theirs/plan', otherAccount)
    const read = async (name: string, account: string) =>
      JSON.parse((await decode(name, encode(account, about))).DecodedMessage!) as unknown
    const own = await read('Reader', homeAccount)
    expect(own).toMatchObject({
      allowed: false,
      explicitDeny: false,
      matchedStatements: { items: [{ effect: 'ALLOW', policyType: 'resource' }] },
      failures: { items: [{ policyType: 'identity', allowed: false }] },
    })
    expect(JSON.stringify(own)).not.toMatch(/HiddenName|bucket policy|resourcetag/)
    const theirs = await read('Foreign', otherAccount)
    expect(JSON.stringify(theirs)).toMatch(/HiddenName/)
    expect(JSON.stringify(theirs)).toMatch(/resourcetag/)
  })

  it('is opened by principals of one account only', async () => {
    const about = decided('arn:aws:s3:::theirs/plan', otherAccount)
    const refusal = await thrownBy(decode('Foreign', encode(homeAccount, about)))
    expect(refusal).toBeInstanceOf(InvalidAuthorizationMessageException)
    expect(refusal.$metadata.httpStatusCode).toBe(400)
    const garbage = await thrownBy(decode('Foreign', 'garbage'))
    expect(garbage.message).toBe(refusal.message)
  })

  it('is worthless altered, cut, sealed for another purpose or by another installation', async () => {
    const about = decided('arn:aws:s3:::theirs/plan', otherAccount)
    const good = encode(homeAccount, about)
    const flipped = `${good.slice(0, 60)}${good[60] === 'A' ? 'B' : 'A'}${good.slice(61)}`
    const ring = await ringOf()
    const foreign = encodeAuthorizationMessage(
      createPurposeBox(ring, 'authorization-message'),
      homeAccount,
      about,
    )
    ring.close()
    for (const text of [
      flipped,
      good.slice(0, -1),
      `${good}A`,
      foreign,
      'A'.repeat(10_240),
      randomBytes(60).toString('base64url'),
    ]) {
      expect((await thrownBy(decode('Reader', text))).name).toBe('InvalidAuthorizationMessageException')
    }
    const tooLong = await thrownBy(decode('Reader', 'A'.repeat(10_241)))
    expect(tooLong.name).toBe('ValidationError')
    expect(tooLong.message).not.toContain('AAAA')
  })

  it('needs the permission', async () => {
    const about = decided('arn:aws:s3:::theirs/plan', otherAccount)
    expect(await thrownBy(decode('Blind', encode(homeAccount, about)))).toMatchObject({
      name: 'AccessDenied',
      $metadata: { httpStatusCode: 403 },
    })
  })
})

describe('a message', () => {
  const statement = (index: number) => ({
    layer: 'identity' as const,
    policy: randomBytes(200).toString('hex'),
    statement: `S${index}`,
    effect: 'Deny' as const,
  })
  const about = (decision: Decision, context: DecidedRequest['request']['context']): DecidedRequest => ({
    caller: { arn: `arn:aws:iam::${homeAccount}:user/a`, userId: 'AIDA', account: homeAccount },
    request: { action: 's3:GetObject', resource: '*', resourceAccount: homeAccount, context },
    decision,
  })
  const read = (encoded: string) =>
    JSON.parse(openAuthorizationMessage(sts.house.authorizationMessages, homeAccount, encoded)!) as {
      readonly matchedStatements: { readonly items: unknown[]; readonly truncated?: boolean }
      readonly context: { readonly conditions: { readonly items: unknown[]; readonly truncated?: boolean } }
    }

  it.each([
    ['random values', () => randomBytes(500).toString('base64')],
    // Deflates to little, and would inflate to more than is ever read back.
    ['equal values', () => 'x'.repeat(500)],
  ])(
    'is at most 10,240 characters, whatever there is to say, and admits what it left out: %s',
    (_what, value) => {
      const context = new Map(
        Array.from({ length: 400 }, (_, n) => [`k${n}`, Array.from({ length: 50 }, value)] as const),
      )
      const decision: Decision = {
        outcome: 'explicitDeny',
        matched: Array.from({ length: 500 }, (_, n) => statement(n)),
      }
      const encoded = encode(homeAccount, about(decision, context))
      expect(encoded.length).toBeLessThanOrEqual(10_240)
      const { matchedStatements, context: shown } = read(encoded)
      expect(matchedStatements.truncated).toBe(true)
      expect(shown.conditions.truncated).toBe(true)
      expect(shown.conditions.items.length).toBeLessThan(400)
    },
  )

  it('of ordinary size says everything', () => {
    const decision: Decision = { outcome: 'explicitDeny', matched: [statement(0)] }
    const { matchedStatements, context } = read(encode(homeAccount, about(decision, new Map([['a', 'b']]))))
    expect(matchedStatements).toEqual({ items: [expect.objectContaining({ statementId: 'S0' })] })
    expect(context.conditions).toEqual({ items: [{ key: 'a', values: { items: [{ value: 'b' }] } }] })
  })
})
