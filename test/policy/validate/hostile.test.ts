import { describe, expect, it } from '@jest/globals'
import type { PolicyKind } from '../../../src/policy/document.js'
import { validatePolicy } from '../../../src/policy/validate/validate.js'

const statement = { Effect: 'Allow', Action: '*', Resource: '*' }

function codes(text: string, kind: PolicyKind = 'identity'): readonly string[] {
  return [...new Set(validatePolicy(text, kind).map(({ issueCode }) => issueCode))].sort()
}

function many<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i))
}

function policy(change: object): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: { ...statement, ...change } })
}

// Quadratic work would take minutes on these, and the test's time limit is its verdict.
describe('hostile texts', () => {
  it('of more than a megabyte are not read', () => {
    expect(codes(`"${'x'.repeat(1_100_000)}`)).toEqual(['ROLEGATE_REFUSED'])
    expect(codes(' '.repeat(10_000_000), 'service-control')).toEqual(['POLICY_SIZE_EXCEEDS_SCP_QUOTA'])
  })

  it('nested deeply are one syntax error', () => {
    expect(codes('['.repeat(1_000_000))).toEqual(['JSON_SYNTAX_ERROR'])
    expect(codes('{"Statement":'.repeat(50_000))).toEqual(['JSON_SYNTAX_ERROR'])
  })

  it('with a hundred thousand values', () => {
    const text = policy({ Condition: { NumericEquals: { 's3:max-keys': many(100_000, () => 'x') } } })
    expect(codes(text)).toContain('TYPE_MISMATCH_NUMBER')
  })

  it('with tens of thousands of patterns, each a wildcard of its own', () => {
    expect(codes(policy({ Action: many(30_000, (i) => `s3:*a${i}*`) }))).toContain('REDUNDANT_ACTION')
    expect(codes(policy({ Resource: many(20_000, (i) => `arn:aws:s3:::*b${i}*`) }))).toContain(
      'REDUNDANT_RESOURCE',
    )
  })

  it('with tens of thousands of keys, members and principals', () => {
    const keys = Object.fromEntries(many(40_000, (i) => [`aws:k${i}`, 'x']))
    expect(codes(policy({ Condition: { StringEquals: keys } }))).toContain('INVALID_GLOBAL_CONDITION_KEY')
    expect(codes(policy(Object.fromEntries(many(40_000, (i) => [`k${i}`, 1]))))).toContain(
      'INVALID_POLICY_ELEMENT',
    )
    const sessions = many(10_000, (i) => `arn:aws:sts::111122223333:assumed-role/r/s${i}`)
    const role = 'arn:aws:iam::111122223333:role/r'
    const text = policy({
      Resource: undefined,
      Action: 'sts:AssumeRole',
      Principal: { AWS: [role, ...sessions] },
    })
    expect(codes(text, 'trust')).toContain('REDUNDANT_PRINCIPAL_IN_ROLE_TRUST_POLICY')
  })

  it('with thousands of statements that use session tags', () => {
    const text = JSON.stringify({
      Version: '2012-10-17',
      Statement: many(4_000, (i) => ({
        Effect: 'Allow',
        Principal: { AWS: '111122223333' },
        Action: 'sts:AssumeRole',
        Condition: { StringEquals: { 'aws:RequestTag/team': `t${i}` } },
      })),
    })
    expect(codes(text, 'trust')).toContain('MISSING_ACTION_FOR_CONDITION_KEY')
  })

  it('with many providers under many conditions', () => {
    const hosts = many(5_000, (i) => `h${i}.example.com`)
    const text = policy({
      Resource: undefined,
      Action: 'sts:AssumeRoleWithWebIdentity',
      Principal: { Federated: hosts.map((host) => `arn:aws:iam::111122223333:oidc-provider/${host}`) },
      Condition: { StringLike: Object.fromEntries(hosts.map((host) => [`${host}:sub`, 'a*:b'])) },
    })
    expect(codes(text, 'trust')).toContain('ROLEGATE_SUBJECT_WILDCARD_CROSSES_SEPARATOR')
  })

  it('that are one enormous string of stars, colons or variables', () => {
    for (const unit of ['*', ':', '?', '.', '${aws:a}', '*x', '${', '${aws:x', '/', '@', '*:']) {
      const long = unit.repeat(Math.floor(150_000 / unit.length))
      const change = {
        Action: long,
        Resource: `arn:aws:s3:::${long}`,
        Condition: {
          StringLike: { 'aws:userid': long, [`h${long}`]: '*', 'h.example.com:sub': `repo:${long}` },
        },
      }
      expect(policy(change).length).toBeLessThan(1_048_576)
      expect(codes(policy(change)).length).toBeGreaterThan(0)
      const trust = {
        Resource: undefined,
        Action: 'sts:AssumeRoleWithWebIdentity',
        Principal: {
          Federated: 'arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com',
        },
        Condition: { StringLike: { 'token.actions.githubusercontent.com:sub': `repo:${long}` } },
      }
      expect(codes(policy(trust), 'trust').length).toBeGreaterThan(0)
    }
  })
})
