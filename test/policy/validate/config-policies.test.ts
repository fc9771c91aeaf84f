import { describe, expect, it } from '@jest/globals'
import { validateConfigPolicies } from '../../../src/policy/validate/config-policies.js'

const open = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' }],
}

describe('validateConfigPolicies', () => {
  it('says of a text which line, of a value which path', () => {
    const text = JSON.stringify(open, undefined, 2)
    const found = validateConfigPolicies([
      { kind: 'trust', source: text, name: 'text' },
      { kind: 'trust', source: open, name: 'value' },
    ])
    expect(
      found.map(({ policy, finding, path, line }) => [policy.name, finding.issueCode, path, line]),
    ).toEqual([
      ['text', 'ROLEGATE_TRUST_OPEN_TO_EVERYONE', ['Statement', 0, 'Principal'], 6],
      ['value', 'ROLEGATE_TRUST_OPEN_TO_EVERYONE', ['Statement', 0, 'Principal'], undefined],
    ])
  })

  it('fails a strict check on errors, and on security warnings in trust policies only', () => {
    const passRole = {
      Version: '2012-10-17',
      Statement: { Effect: 'Allow', Action: 'iam:PassRole', Resource: '*' },
    }
    const strict = (kind: 'trust' | 'identity', source: unknown) =>
      validateConfigPolicies([{ kind, source }]).map(({ finding, failsStrict }) => [
        finding.findingType,
        failsStrict,
      ])
    expect(strict('trust', open)).toEqual([['SECURITY_WARNING', true]])
    expect(strict('identity', passRole)).toEqual([['SECURITY_WARNING', false]])
    expect(strict('identity', { Version: '2012-10-17' })).toEqual([['ERROR', true]])
    expect(strict('identity', { Version: '2012-10-17', Statement: [], Id: undefined })).toEqual([])
  })

  it('takes whatever a configuration may hold', () => {
    const cycle: Record<string, unknown> = {}
    cycle['Statement'] = cycle
    for (const source of [undefined, null, 5, cycle, 10n, () => 1, '', new Map()]) {
      const found = validateConfigPolicies([{ kind: 'trust', source }])
      expect(found.map(({ failsStrict }) => failsStrict)).toContain(true)
    }
    const accented = {
      Version: '2012-10-17',
      Statement: { Effect: 'Allow', Action: 's3:Get*', Resource: 'arn:aws:s3:::\u20ac' },
    }
    expect(validateConfigPolicies([{ kind: 'identity', source: accented }])).toEqual([])
  })
})
