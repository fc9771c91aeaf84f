import * as fc from 'fast-check'
import type { UnnamedSession } from '../../src/role/session.js'

const text = fc.string({ unit: 'grapheme', maxLength: 24 })
const map = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<ReadonlyMap<string, Value>> =>
  fc.array(fc.tuple(text, value), { maxLength: 4 }).map((pairs) => new Map(pairs))
const instant = fc.date({ min: new Date('1970-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
const account = fc.integer({ min: 0, max: 999_999_999_999 }).map((number) => String(number).padStart(12, '0'))

const policies = {
  sessionPolicies: fc.array(text, { maxLength: 2 }),
  policyArns: fc.array(text, { maxLength: 2 }),
}
const facts = {
  account,
  issuedAt: instant,
  expiresAt: instant,
  sourceIdentity: text,
  origin: fc.record(
    {
      provider: text,
      issuer: text,
      subject: text,
      providerSession: text,
      startedAt: instant,
      persistentKeys: map(fc.oneof(text, fc.array(text, { maxLength: 3 }))),
      multiFactor: fc.boolean(),
      assertedTagKeys: fc.array(text, { maxLength: 3 }),
    },
    { requiredKeys: ['issuer', 'subject', 'startedAt', 'persistentKeys', 'multiFactor', 'assertedTagKeys'] },
  ),
  chain: fc.array(
    fc.record({ accessKeyId: text, roleId: text, issuedAt: instant }, { requiredKeys: ['accessKeyId'] }),
    { maxLength: 3 },
  ),
}
type Made = (
  fields: Record<string, fc.Arbitrary<unknown>>,
  optional: readonly string[],
) => fc.Arbitrary<UnnamedSession>
const session: Made = (fields, optional) => {
  const all: Record<string, fc.Arbitrary<unknown>> = { ...facts, ...fields }
  return fc
    .record(all, {
      requiredKeys: Object.keys(all).filter((key) => key !== 'sourceIdentity' && !optional.includes(key)),
    })
    .map((made) => made as unknown as UnnamedSession)
}

/** Any session at all, of every kind, far stranger than anybody makes them. */
export const unnamedSessions: fc.Arbitrary<UnnamedSession> = fc.oneof(
  session(
    {
      type: fc.constant('role'),
      roleArn: text,
      roleId: text,
      sessionName: text,
      tags: map(text),
      transitiveTagKeys: fc.array(text, { maxLength: 4 }),
      ...policies,
      contexts: fc.array(fc.record({ providerArn: text, issuer: text, subject: text }), {
        minLength: 1,
        maxLength: 2,
      }),
    },
    ['sessionPolicies', 'policyArns', 'contexts'],
  ),
  session({ type: fc.constant('user'), userArn: text, userId: text, multiFactorAt: instant }, [
    'multiFactorAt',
  ]),
  session(
    {
      type: fc.constant('federated-user'),
      userArn: text,
      userId: text,
      name: text,
      tags: map(text),
      ...policies,
    },
    ['sessionPolicies', 'policyArns'],
  ),
  session({ type: fc.constant('root'), taskPolicyArn: text }, []),
)

/** One as the broker makes them for a person who signed in. */
export const typicalSession = {
  type: 'role',
  roleArn: 'arn:aws:iam::111122223333:role/engineering/Developer',
  roleId: 'AROADEVELOPERAAAAAAAA',
  account: '111122223333',
  sessionName: 'ada@example.test',
  issuedAt: new Date('2026-01-02T03:04:05.678Z'),
  expiresAt: new Date('2026-01-02T04:04:05.678Z'),
  tags: new Map(),
  transitiveTagKeys: [],
  origin: {
    provider: 'arn:aws:iam::111122223333:saml-provider/corp',
    issuer: 'https://idp.example.test/saml',
    subject: 'ada@example.test',
    startedAt: new Date('2026-01-02T03:00:00.000Z'),
    persistentKeys: new Map([['saml:sub', 'ada@example.test']]),
    multiFactor: true,
    assertedTagKeys: [],
  },
  chain: [],
} as const satisfies UnnamedSession
