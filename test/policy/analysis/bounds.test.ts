import { describe, expect, it } from '@jest/globals'
import { checkAccessNotGranted } from '../../../src/policy/analysis/access-not-granted.js'
import { checkNoNewAccess } from '../../../src/policy/analysis/no-new-access.js'
import { checkNoPublicAccess } from '../../../src/policy/analysis/no-public-access.js'
import { compilePolicy, type PolicyDocument, type PolicyKind } from '../../../src/policy/document.js'
import { awsLimits } from '../../../src/policy/kind.js'

const generous = { ...awsLimits, identity: 2_000_000, trust: 2_000_000 }

function documentOf(statements: unknown, kind: PolicyKind = 'identity'): PolicyDocument {
  const compiled = compilePolicy({ Version: '2012-10-17', Statement: statements }, kind, kind, generous)
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems[0]))
  return compiled.policy
}

const allow = (action: unknown, resource: unknown = '*') => ({
  Effect: 'Allow',
  Action: action,
  Resource: resource,
})
const times = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i))

describe('large and hostile documents', () => {
  const many = times(10_000, (i) => `s3:Action${i}`)

  it('ten thousand actions are compared, and the one that is new is found', () => {
    expect(checkNoNewAccess(documentOf(allow(many)), documentOf(allow([...many].reverse()))).result).toBe(
      'PASS',
    )
    const verdict = checkNoNewAccess(documentOf(allow(many.slice(0, -1))), documentOf(allow(many)))
    expect(verdict).toMatchObject({ reasons: [{ witness: { action: 's3:Action9999', exact: true } }] })
  })

  it('a document is never wider than itself, however wild its patterns are', () => {
    const wild = documentOf(allow('s3:*', `arn:aws:s3:::${'a*'.repeat(20_000)}`))
    expect(checkNoNewAccess(wild, wild, 1_000).result).toBe('PASS')
  })

  it('what takes too long is a FAIL without a witness', () => {
    const old = times(20, (i) => allow('s3:*', `arn:aws:s3:::*a${'?'.repeat(i + 5)}`))
    const verdict = checkNoNewAccess(documentOf(old), documentOf(allow('s3:*', 'arn:aws:s3:::*a*b')), 100_000)
    expect(verdict).toMatchObject({ result: 'FAIL', reasons: [{ statementIndex: 0 }] })
    expect(verdict).not.toHaveProperty('reasons.0.witness.exact', true)
  })

  it('more callers than can be told apart are a FAIL', () => {
    const trust = documentOf(
      {
        Effect: 'Allow',
        Principal: {
          AWS: [
            ...times(2_000, (i) => `arn:aws:iam::111122223333:role/r${i}`),
            ...times(2_000, (i) => `AROAAAAAAAAAAAA${i}`),
          ],
        },
        Action: 'sts:AssumeRole',
      },
      'trust',
    )
    for (const verdict of [
      checkNoNewAccess(trust, trust),
      checkAccessNotGranted(trust, [{ actions: ['sts:AssumeRole'] }]),
      checkNoPublicAccess(trust),
    ]) {
      expect(verdict).toMatchObject({ result: 'FAIL', reasons: [{ statementIndex: 0 }] })
      expect(verdict).not.toHaveProperty('reasons.0.witness')
    }
  })

  it('conditions that multiply are followed only as far as they must be', () => {
    const conditional = times(40, (i) => ({
      ...allow('s3:*'),
      Condition: { StringEquals: { [`k:${i}`]: 'a' }, StringLike: { [`j:${i}`]: 'b*' } },
    }))
    expect(checkNoNewAccess(documentOf(conditional), documentOf(allow('s3:*'))).result).toBe('FAIL')
    const whole = [
      ...conditional,
      { ...allow('*'), Condition: { Null: { 'k:x': 'true' } } },
      { ...allow('*'), Condition: { Null: { 'k:x': 'false' } } },
    ]
    expect(checkNoNewAccess(documentOf(whole), documentOf(allow('s3:*'))).result).toBe('PASS')
  })

  it('odd keys and names are keys and names', () => {
    const odd = documentOf({
      ...allow('s3:*', 'arn:aws:s3:::b/${__proto__:constructor}'),
      Condition: { StringEquals: { 'constructor:__proto__': ['toString', '__proto__'] } },
    })
    expect(checkNoNewAccess(odd, odd).result).toBe('PASS')
    expect(checkNoNewAccess(documentOf([]), odd)).toMatchObject({ reasons: [{ witness: { exact: true } }] })
  })
})
