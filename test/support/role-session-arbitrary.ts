import * as fc from 'fast-check'
import type { RoleSession } from '../../src/role/role-session.js'

const text = fc.string({ unit: 'grapheme', maxLength: 24 })
const map = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<ReadonlyMap<string, Value>> =>
  fc.array(fc.tuple(text, value), { maxLength: 4 }).map((pairs) => new Map(pairs))
const instant = fc.date({ min: new Date('1970-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
const account = fc.integer({ min: 0, max: 999_999_999_999 }).map((number) => String(number).padStart(12, '0'))

/** Any session at all, far stranger than the broker makes them. */
export const unnamedSessions: fc.Arbitrary<Omit<RoleSession, 'accessKeyId'>> = fc
  .record(
    {
      roleArn: text,
      roleId: text,
      account,
      sessionName: text,
      issuedAt: instant,
      expiresAt: instant,
      sourceIdentity: text,
      tags: map(text),
      transitiveTagKeys: fc.array(text, { maxLength: 4 }),
      sessionPolicies: fc.array(text, { maxLength: 2 }),
      origin: fc.record({
        provider: text,
        issuer: text,
        subject: text,
        persistentKeys: map(fc.oneof(text, fc.array(text, { maxLength: 3 }))),
        multiFactor: fc.boolean(),
      }),
      chain: fc.array(text, { maxLength: 3 }),
    },
    {
      requiredKeys: [
        'roleArn',
        'roleId',
        'account',
        'sessionName',
        'issuedAt',
        'expiresAt',
        'tags',
        'transitiveTagKeys',
        'origin',
        'chain',
      ],
    },
  )
  .map((session) => session as Omit<RoleSession, 'accessKeyId'>)

/** One as the broker makes them for a person who signed in. */
export const typicalSession: Omit<RoleSession, 'accessKeyId'> = {
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
    persistentKeys: new Map([['saml:sub', 'ada@example.test']]),
    multiFactor: true,
  },
  chain: [],
}
