/** A bounded storm of parameters: whatever is sent, the answer is the client's fault or a grant, never ours. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { homeAccount } from '../support/roles.js'
import { arnOf, codeOf, stsHouse, type CallerKind, type StsHouse } from '../support/sts-house.js'

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
        },
      ),
      { numRuns: 600 },
    )
  }, 60_000)
})
