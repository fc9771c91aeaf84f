import { execFileSync } from 'node:child_process'
import { describe, expect, it } from '@jest/globals'
import {
  callerIdentity,
  environmentVariables,
  posixEnvironment,
  powershellEnvironment,
  profileBlocks,
  profileName,
  singleValues,
  windowsEnvironment,
} from '../../src/portal/credential-blocks.js'

const credentials = {
  accessKeyId: 'ASIAEXAMPLEEXAMPLE12',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  sessionToken: 'FwoGZXIvYXdzEXAMPLE//token+with/every=sign==',
  expiresAt: new Date('2026-01-02T04:04:05.678Z'),
}
const stsUrl = 'https://rolegate.example.test/sts'
const hostile: readonly (readonly [string, string])[] = [
  ['A', `it's $(touch x) \`id\` "q" \\ $HOME %PATH% !x! ; & | < > * ~`],
]

describe('environment for a POSIX shell', () => {
  it('sets what SDKs read, and nothing deprecated', () => {
    expect(posixEnvironment(environmentVariables(credentials, stsUrl)).text.split('\n')).toEqual([
      `export AWS_ACCESS_KEY_ID='ASIAEXAMPLEEXAMPLE12'`,
      `export AWS_SECRET_ACCESS_KEY='wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'`,
      `export AWS_SESSION_TOKEN='FwoGZXIvYXdzEXAMPLE//token+with/every=sign=='`,
      `export AWS_CREDENTIAL_EXPIRATION='2026-01-02T04:04:05Z'`,
      `export AWS_REGION='us-east-1'`,
      `export AWS_DEFAULT_REGION='us-east-1'`,
      `export AWS_ENDPOINT_URL_STS='https://rolegate.example.test/sts'`,
    ])
  })

  it('is read back by a real shell exactly as written', () => {
    const script = `${posixEnvironment(hostile).text}\nprintf %s "$A"`
    expect(execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' })).toBe(hostile[0]![1])
  })
})

describe('environment for Windows', () => {
  it('doubles quotes for PowerShell, the typographic ones too', () => {
    expect(powershellEnvironment([['A', `a'b\u2019c`]]).text).toBe(`$Env:A='a''b\u2019\u2019c'`)
  })

  it('is refused for cmd when the value cannot be said there', () => {
    expect(windowsEnvironment([['A', 'a b']]).text).toBe('set "A=a b"')
    for (const value of ['a"b', '%PATH%', 'a!b']) {
      expect(() => windowsEnvironment([['A', value]])).toThrow(RangeError)
    }
  })
})

describe('the line to try', () => {
  it('is plain where it can be, and quoted for every shell where not', () => {
    expect(callerIdentity(stsUrl).text).toBe(
      'aws sts get-caller-identity --endpoint-url https://rolegate.example.test/sts',
    )
    expect(callerIdentity('http://[::1]:8080/sts', 'prod-ReadOnly').text).toBe(
      'aws sts get-caller-identity --profile prod-ReadOnly --endpoint-url "http://[::1]:8080/sts"',
    )
    expect(() => callerIdentity('https://a.test/$(id)')).toThrow(RangeError)
  })
})

describe('any format', () => {
  it.each(['a\nb', 'a\r\nb', 'a\u0000b', 'a\u001b[31m', 'a\u202eb'])(
    'refuses a control character: %j',
    (value) => {
      for (const format of [posixEnvironment, powershellEnvironment, windowsEnvironment]) {
        expect(() => format([['A', value]])).toThrow(RangeError)
      }
      expect(() => profileBlocks('p', { ...credentials, sessionToken: value }, stsUrl)).toThrow(RangeError)
      expect(() => singleValues({ ...credentials, sessionToken: value })).toThrow(RangeError)
    },
  )
})

describe('profile blocks', () => {
  it('keep keys in the credentials file and services in the config file', () => {
    const [keys, config] = profileBlocks('prod-ReadOnly', credentials, stsUrl)
    expect(keys!.text.split('\n')).toEqual([
      '[prod-ReadOnly]',
      'aws_access_key_id = ASIAEXAMPLEEXAMPLE12',
      'aws_secret_access_key = wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
      'aws_session_token = FwoGZXIvYXdzEXAMPLE//token+with/every=sign==',
    ])
    expect(config!.text).toContain(
      '[services rolegate]\nsts =\n  endpoint_url = https://rolegate.example.test/sts',
    )
  })

  it.each([
    [{ id: '111122223333', alias: 'prod' }, 'ReadOnly', 'prod-ReadOnly'],
    [{ id: '111122223333' }, 'a+b=c,d@e', '111122223333-a-b-c-d-e'],
    [{ id: '111122223333' }, 'x]\n[other', '111122223333-x-other'],
  ])('are named so that no name opens another section', (account, role, expected) => {
    expect(profileName(account, role)).toBe(expected)
  })
})
