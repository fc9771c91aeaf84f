import { describe, expect, it } from '@jest/globals'
import {
  accountOf,
  assumedRoleArn,
  parseArn,
  parseAssumedRoleArn,
  parseRoleArn,
  providerArn,
  roleArn,
} from '../../src/policy/arn.js'

const account = '000011112222'

describe('an ARN', () => {
  it('has six parts, the last of which takes the rest', () => {
    expect(parseArn('arn:aws:sqs:eu-1:1:queue:a/b:c')).toEqual({
      partition: 'aws',
      service: 'sqs',
      region: 'eu-1',
      account: '1',
      resource: 'queue:a/b:c',
    })
  })

  it.each(['', 'arn', 'arn:aws:s3', 'arn:aws:s3::b', 'urn:aws:s3:::b', ' arn:aws:s3:::b'])(
    'is not `%s`',
    (text) => {
      expect(parseArn(text)).toBeUndefined()
      expect(accountOf(text)).toBeUndefined()
    },
  )

  it('names an account when that part has twelve digits', () => {
    expect(accountOf(`arn:aws:iam::${account}:root`)).toBe(account)
    expect(accountOf('arn:aws:s3:::b')).toBeUndefined()
    expect(accountOf('arn:aws:iam::1:root')).toBeUndefined()
  })
})

describe('ARNs that rooms build', () => {
  it.each([
    ['/', 'app'],
    ['/team/sub/', 'app'],
  ])('of a role with path %s come apart again', (path, name) => {
    expect(parseRoleArn(roleArn(account, path, name))).toEqual({ account, path, name })
  })

  it('of a session come apart again', () => {
    expect(parseAssumedRoleArn(assumedRoleArn(account, 'app', 'ann'))).toEqual({
      account,
      roleName: 'app',
      sessionName: 'ann',
    })
  })

  it('of a provider', () => {
    expect(providerArn(account, 'saml-provider/corp')).toBe(`arn:aws:iam::${account}:saml-provider/corp`)
  })

  it.each([
    `arn:aws:iam::${account}:role/`,
    `arn:aws:iam::${account}:user/app`,
    'arn:aws:iam::1:role/app',
    'role/app',
  ])('of a role are not `%s`', (text) => {
    expect(parseRoleArn(text)).toBeUndefined()
  })

  it.each([
    'assumed-role/app',
    'assumed-role//ann',
    'assumed-role/app/',
    'assumed-role/a/b/c',
    'role/app/ann',
  ])('of a session do not end in `%s`', (resource) => {
    expect(parseAssumedRoleArn(`arn:aws:sts::${account}:${resource}`)).toBeUndefined()
  })
})
