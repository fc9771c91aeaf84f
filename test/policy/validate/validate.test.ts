import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { compilePolicy, type PolicyKind } from '../../../src/policy/document.js'
import { awsLimits } from '../../../src/policy/kind.js'
import type { Finding, PathElement, Position } from '../../../src/policy/validate/finding.js'
import { awsQuotas } from '../../../src/policy/validate/size.js'
import { validatePolicy } from '../../../src/policy/validate/validate.js'
import { arbitraryPolicyText } from './arbitrary-policy.js'
import { cases } from './case.js'

const kinds = Object.keys(awsLimits) as readonly PolicyKind[]
const anyKind = fc.constantFrom(...kinds)
const roomy = Object.fromEntries(kinds.map((kind) => [kind, 10_000_000])) as typeof awsLimits

/** What JSON.parse finds under a path; the last repeated member, as it does. */
function valueAt(root: unknown, path: readonly PathElement[]): unknown {
  let value = root
  for (const step of path) {
    if ('substring' in step) {
      const { start, length } = step.substring
      value = String(value).slice(start, start + length)
    } else if ('key' in step) {
      expect(Object.keys(value as object)).toContain(step.key)
      value = step.key
    } else value = (value as Record<string | number, unknown>)['index' in step ? step.index : step.value]
  }
  return value
}

/** Findings whose span is not inside the text, or whose line and column disagree with the offset. */
function misplaced(text: string, findings: readonly Finding[]): readonly Finding[] {
  const lines = text.split(/\r\n|\n|\r/)
  const fits = ({ line, column, offset }: Position) =>
    offset >= 0 &&
    offset <= text.length &&
    lines[line - 1] !== undefined &&
    text.slice(offset - column, offset) === lines[line - 1]!.slice(0, column)
  return findings.filter(
    ({ locations }) =>
      locations.length === 0 ||
      locations.some(({ span: { start, end } }) => !fits(start) || !fits(end) || end.offset < start.offset),
  )
}

describe('the place of a finding', () => {
  it.each(cases)('is where its path leads: $title', ({ kind, hit, miss }) => {
    for (const text of [hit, miss]) {
      const findings = validatePolicy(text, kind)
      expect(misplaced(text, findings)).toEqual([])
      if (findings.some(({ issueCode }) => issueCode === 'JSON_SYNTAX_ERROR')) continue
      for (const { path, span } of findings.flatMap(({ locations }) => locations)) {
        const slice = text.slice(span.start.offset, span.end.offset)
        const last = path[path.length - 1]
        const read: unknown = JSON.parse(last !== undefined && 'substring' in last ? `"${slice}"` : slice)
        expect(read).toEqual(valueAt(JSON.parse(text), path))
      }
    }
  })

  it('is said with lines from 1, columns and offsets from 0', () => {
    const text = '{\n  "Version": "2012-10-17",\n  "Statement": [\n    { "Sid": "" }\n  ]\n}'
    const found = validatePolicy(text, 'identity').find(({ issueCode }) => issueCode === 'EMPTY_SID_VALUE')
    expect(found?.locations).toEqual([
      {
        path: [{ value: 'Statement' }, { index: 0 }, { value: 'Sid' }],
        span: { start: { line: 4, column: 13, offset: 59 }, end: { line: 4, column: 15, offset: 61 } },
      },
    ])
  })

  it('counts code units of the value in a substring, and of the text in its span', () => {
    const text =
      '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s\\u002a:\\u0047et","Resource":"*"}}'
    const found = validatePolicy(text, 'identity').find(
      ({ issueCode }) => issueCode === 'WILDCARD_IN_SERVICE_NAME',
    )
    const [location] = found!.locations
    expect(location!.path.at(-1)).toEqual({ substring: { start: 0, length: 2 } })
    expect(text.slice(location!.span.start.offset, location!.span.end.offset)).toBe('s\\u002a')
  })
})

describe('validatePolicy', () => {
  it('has nothing to say about policies that are as they should be', () => {
    const github = 'token.actions.githubusercontent.com'
    const clean: readonly (readonly [PolicyKind, object])[] = [
      [
        'identity',
        { Action: ['s3:GetObject', 's3:PutObject'], Resource: 'arn:aws:s3:::b/${aws:username}/*' },
      ],
      [
        'trust',
        {
          Principal: { Federated: `arn:aws:iam::111122223333:oidc-provider/${github}` },
          Action: 'sts:AssumeRoleWithWebIdentity',
          Condition: {
            StringEquals: {
              [`${github}:aud`]: 'sts.amazonaws.com',
              [`${github}:sub`]: 'repo:octo@1/app@2:ref:refs/heads/main',
            },
          },
        },
      ],
      [
        'trust',
        {
          Principal: { Federated: 'arn:aws:iam::111122223333:saml-provider/corp' },
          Action: ['sts:AssumeRoleWithSAML', 'sts:TagSession', 'sts:SetSourceIdentity'],
          Condition: { 'ForAnyValue:StringEquals': { 'saml:groups': ['admins', 'owners'] } },
        },
      ],
      ['trust', { Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }],
    ]
    for (const [kind, statement] of clean) {
      const document = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...statement }] }
      expect(validatePolicy(JSON.stringify(document), kind)).toEqual([])
    }
  })

  it('finds no error exactly where the compiler refuses nothing but the size', () => {
    const refused = (text: string, kind: PolicyKind) => !compilePolicy(text, kind, 'p', roomy).ok
    const grammatical = (text: string, kind: PolicyKind) =>
      validatePolicy(text, kind).every(({ findingType }) => findingType !== 'ERROR')
    fc.assert(
      fc.property(arbitraryPolicyText, anyKind, (text, kind) => {
        if (refused(text, kind)) expect(grammatical(text, kind)).toBe(false)
      }),
      { numRuns: 2_000, seed: 11 },
    )
    for (const { hit, kind } of cases) if (refused(hit, kind)) expect(grammatical(hit, kind)).toBe(false)
  })

  it('never throws, and points into the text, whatever it is given', () => {
    fc.assert(
      fc.property(
        fc.oneof(arbitraryPolicyText, fc.json(), fc.string({ unit: 'binary' })),
        anyKind,
        (text, kind) => misplaced(text, validatePolicy(text, kind)).length === 0,
      ),
      { numRuns: 3_000, seed: 12 },
    )
  })

  it('does the same for the parts of a policy, cut anywhere', () => {
    const text = cases.find(({ code }) => code === 'ROLEGATE_GITHUB_OWNER_WILDCARD')!.hit
    for (let end = 0; end < text.length; end += 1) {
      const findings = validatePolicy(text.slice(0, end), 'trust')
      expect(findings.map(({ issueCode }) => issueCode)).toEqual(['JSON_SYNTAX_ERROR'])
      expect(misplaced(text.slice(0, end), findings)).toEqual([])
    }
  })

  it('takes names that objects inherit for what they are: unknown', () => {
    const text =
      '{"Version":"2012-10-17","__proto__":1,"Statement":{"Effect":"Allow","Action":"s3:a","Resource":"arn:aws:constructor:::x","Principal":{"constructor":"x"},"Condition":{"__proto__":{"__proto__":"x"},"toString":{}}}}'
    expect(
      validatePolicy(text, 'resource')
        .map(({ issueCode }) => issueCode)
        .sort(),
    ).toEqual([
      'EMPTY_OBJECT_CONDITION',
      'INVALID_CONDITION_OPERATOR',
      'INVALID_CONDITION_OPERATOR',
      'INVALID_POLICY_ELEMENT',
      'INVALID_PRINCIPAL_KEY',
    ])
  })

  it('measures by the quotas that it is given', () => {
    const text = JSON.stringify({ Version: '2012-10-17', Statement: [] })
    const codes = (quota: number) =>
      validatePolicy(text, 'trust', { quotas: { ...awsQuotas, trust: quota } }).map(
        ({ issueCode }) => issueCode,
      )
    expect(codes(text.length)).toEqual([])
    expect(codes(text.length - 1)).toEqual(['POLICY_SIZE_EXCEEDS_ROLE_TRUST_POLICY_QUOTA'])
  })
})
