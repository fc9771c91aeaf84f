/** A bounded storm of parameters: whatever is sent, the answer is the client's fault or a grant, never ours. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { auditLine } from '../../src/audit/audit-line.js'
import type { WireResponse } from '../../src/http/wire.js'
import { homeAccount } from '../support/roles.js'
import { arnOf, codeOf, elementOf, stsHouse, type CallerKind, type StsHouse } from '../support/sts-house.js'

let house: StsHouse
beforeAll(async () => {
  house = await stsHouse()
})
afterAll(() => {
  house.events.length = 0
})

const policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}]}'
const honest: Readonly<Record<string, readonly string[]>> = {
  RoleArn: [arnOf('ops/Operator'), arnOf('WithMfa'), arnOf('Absent')],
  RoleSessionName: ['run'],
  Name: ['bob'],
  DurationSeconds: ['900', '43200', '129600'],
  MinimumSessionTokenSize: ['0', '4096'],
  Policy: [policy, policy.slice(0, -1)],
  'PolicyArns.member.1.arn': ['arn:aws:iam::aws:policy/ReadOnly', arnOf('Operator')],
  'Tags.member.1.Key': ['Team', 'aws:x'],
  'Tags.member.1.Value': ['', 'blue'],
  'Tags.member.2.Key': ['TEAM', 'Cost'],
  'Tags.member.2.Value': ['red'],
  'TransitiveTagKeys.member.1': ['Team', 'Absent'],
  ExternalId: ['agreed-42'],
  SourceIdentity: ['jane', 'aws:jane'],
  SerialNumber: [`arn:aws:iam::${homeAccount}:mfa/services/deploy`],
  TokenCode: ['000000', '492039'],
  'ProvidedContexts.member.1.ProviderArn': ['arn:aws:iam::aws:contextProvider/absent'],
  'ProvidedContexts.member.1.ContextAssertion': ['e30.e30.AA'],
}
const names = Object.keys(honest)
const strange = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '',
    '0',
    '-1',
    'NaN',
    '1e9',
    '900.0',
    '2147483648',
    'null',
    '[]',
    '{}',
    '\u0000',
    '*',
    '${aws:userid}',
  ),
  fc
    .constantFrom('x', '9', '{', 'é')
    .chain((unit) => fc.integer({ min: 1, max: 4100 }).map((size) => unit.repeat(size))),
)
const form = fc.uniqueArray(
  fc
    .constantFrom(...names)
    .chain((name) =>
      fc.tuple(
        fc.oneof(
          { weight: 9, arbitrary: fc.constant(name) },
          fc.constantFrom(`${name}.x`, `${name}.member.2`),
        ),
        fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...honest[name]!) }, strange),
      ),
    ),
  { selector: ([name]) => name, maxLength: names.length },
)
const callers: readonly CallerKind[] = ['user', 'idle user', 'role', 'user session', 'federated user', 'root']

describe('any parameters at all', () => {
  it('end in an answer that is no 5xx, and in one record', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(
          'AssumeRole',
          'GetSessionToken',
          'GetFederationToken',
          'GetCallerIdentity',
          'AssumeRoot',
        ),
        fc.constantFrom(...callers),
        form,
        async (Action, caller, pairs) => {
          house.events.length = 0
          const response = await house.call(house.credentialsOf(caller), {
            Action,
            ...Object.fromEntries(pairs),
          })
          expect([response.status < 500, codeOf(response)]).toEqual([true, codeOf(response)])
          expect(response.body).toMatch(/^<(?:ErrorResponse|\w+Response) xmlns="/)
          expect(house.events).toHaveLength(1)
          expectBounded(response, pairs)
        },
      ),
      { numRuns: 600 },
    )
  }, 60_000)
})

const mostBytes = 16_384
const bytes = (text: string) => Buffer.byteLength(text)

/** What was recorded of the parameters is what the sender sent; everything beside that has a bound of its own. */
function expectBounded(response: WireResponse, pairs: readonly (readonly [string, string])[]): void {
  expect(bytes(response.body)).toBeLessThanOrEqual(mostBytes)
  expect(house.events).toHaveLength(1)
  const sent = pairs.reduce((sum, [name, value]) => sum + bytes(encodeURIComponent(name + value)), 0)
  const [event] = house.events
  const recorded = event?.requestParameters === null ? 0 : sent
  expect(bytes(auditLine(event!))).toBeLessThanOrEqual(mostBytes + recorded)
}

const members = (count: number, ...fields: readonly (readonly [name: string, value: string])[]) =>
  Array.from({ length: count }, (_, index) =>
    fields.map(([name, value]) => [name.replace('N', String(index + 1)), value] as const),
  ).flat()

const unsignedForms = [
  {
    Action: 'AssumeRoleWithWebIdentity',
    RoleArn: arnOf('Web'),
    RoleSessionName: 'run',
    WebIdentityToken: 'AAAA',
  },
  {
    Action: 'AssumeRoleWithSAML',
    RoleArn: arnOf('Saml'),
    PrincipalArn: `arn:aws:iam::${homeAccount}:saml-provider/corp`,
    SAMLAssertion: 'AAAA',
  },
  {
    Action: 'AssumeRoleWithLDAPIdentity',
    RoleArn: arnOf('Ldap'),
    RoleSessionName: 'run',
    LDAPUsername: 'ada',
    LDAPPassword: 'AAAA',
  },
] as const

describe('the answer and the record do not grow with what is sent', () => {
  const hostile = ['\u0001', '"', '&', '\u0001'.repeat(300), '"'.repeat(2_100), '💥'.repeat(600)]
  const lists: readonly (readonly [name: string, most: number])[] = [
    ['PolicyArns.member.N.arn', 10],
    ['Tags.member.N.Key', 50],
    ['TransitiveTagKeys.member.N', 50],
    ['ProvidedContexts.member.N.ProviderArn', 5],
    ['Audience.member.N', 10],
  ]

  it.each(unsignedForms)(
    '$Action, which nobody has to sign, with 989 policies that are none',
    async (form) => {
      const pairs = members(989, ['PolicyArns.member.N.arn', '\u0001'])
      house.events.length = 0
      const response = await house.callUnsigned({ ...form, ...Object.fromEntries(pairs) })
      expect([response.status, codeOf(response)]).toEqual([400, 'ValidationError'])
      expect(elementOf(response, 'Message')).toBe(
        "1 validation error detected: Value '[989 members]' at 'policyArns' failed to satisfy constraint: Member must have length less than or equal to 10",
      )
      expectBounded(response, pairs)
    },
  )

  it.each(lists.flatMap(([name, most]) => hostile.map((value) => ({ name, most, value }))))(
    '$name, as many as there may be and more',
    async ({ name, most, value }) => {
      for (const count of [1, most, most + 1, 900]) {
        if (count * value.length > 400_000) continue
        const pairs = members(count, [name, value])
        for (const Action of ['AssumeRole', 'GetFederationToken', 'GetWebIdentityToken']) {
          house.events.length = 0
          const response = await house.call(house.credentialsOf('user'), {
            Action,
            RoleArn: arnOf('ops/Operator'),
            RoleSessionName: 'run',
            Name: 'bob',
            ...Object.fromEntries(pairs),
          })
          expect(response.status).toBeLessThan(500)
          expectBounded(response, pairs)
        }
      }
    },
  )

  it('and the number of violations in front is the true one, whatever is shown of them', async () => {
    const pairs = members(50, ['Tags.member.N.Key', '\u0001'.repeat(129)], ['Tags.member.N.Value', '\u0001'])
    const response = await house.call(house.credentialsOf('user'), {
      Action: 'AssumeRole',
      RoleArn: arnOf('ops/Operator'),
      RoleSessionName: 'run',
      ...Object.fromEntries(pairs),
    })
    const message = elementOf(response, 'Message') ?? ''
    expect(message).toMatch(/^150 validation errors detected: /)
    expect(message.split('; ').length).toBeLessThanOrEqual(10)
  })

  it('and the record keeps the beginning of a long sentence', async () => {
    house.events.length = 0
    const pairs = members(10, ['PolicyArns.member.N.arn', '\u0001'.repeat(300)])
    await house.callUnsigned({ ...unsignedForms[0], ...Object.fromEntries(pairs) })
    const { errorMessage = '' } = house.events[0]!
    expect(errorMessage).toMatch(/^10 validation errors detected: /)
    expect(errorMessage.length).toBeLessThanOrEqual(1_001)
  })

  it('any unsigned form of many parameters', async () => {
    const value = fc.oneof(strange, fc.constantFrom(...hostile))
    const many = fc.array(
      fc.tuple(fc.constantFrom(...lists.map(([name]) => name)), fc.integer({ min: 1, max: 120 }), value),
      {
        maxLength: 3,
      },
    )
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...unsignedForms), many, form, async (base, lots, few) => {
        const pairs = [...lots.flatMap(([name, count, text]) => members(count, [name, text])), ...few]
        house.events.length = 0
        const response = await house.callUnsigned({ ...base, ...Object.fromEntries(pairs) })
        expect(response.status).toBeLessThan(500)
        expectBounded(response, pairs)
      }),
      { numRuns: 200 },
    )
  }, 60_000)
})
