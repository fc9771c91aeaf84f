import { beforeEach, describe, expect, it } from '@jest/globals'
import { Fault } from '../../src/fault.js'
import { testOrigin } from '../support/origin.js'
import { homeAccount } from '../support/roles.js'
import {
  arnOf,
  codeOf,
  directoryProvider,
  elementOf,
  otherAccount,
  readOnlyArn,
  stsHouse,
  tokenProvider,
  type StsHouse,
} from '../support/sts-house.js'

const samlToken = Buffer.from('<Response/>').toString('base64')
const jwt = `e30.${Buffer.from('{"iss":"https://issuer.example.test/realm"}').toString('base64url')}.AA`
const saml = {
  Action: 'AssumeRoleWithSAML',
  RoleArn: arnOf('Saml'),
  PrincipalArn: `arn:aws:iam::${homeAccount}:saml-provider/corp`,
  SAMLAssertion: samlToken,
}
const web = {
  Action: 'AssumeRoleWithWebIdentity',
  RoleArn: arnOf('Web'),
  RoleSessionName: 'pipeline',
  WebIdentityToken: jwt,
}
const ldap = {
  Action: 'AssumeRoleWithLDAPIdentity',
  RoleArn: arnOf('Ldap'),
  LDAPUsername: 'ada',
  LDAPPassword: 'engine',
}

let house: StsHouse
beforeEach(async () => {
  house = await stsHouse()
  house.providers = [
    tokenProvider('saml', 'saml-provider/corp', {
      token: samlToken,
      assertion: {
        roleSessionName: 'ada',
        conditionKeys: new Map([
          ['saml:aud', 'https://rolegate.example.test/signin/corp/callback'],
          ['saml:sub_type', 'persistent'],
        ]),
        issuer: 'https://example.com/saml',
      },
    }),
    tokenProvider('oidc', 'oidc-provider/issuer.example.test/realm', {
      token: jwt,
      assertion: {
        issuer: 'https://issuer.example.test/realm',
        subject: 'repo:acme/web',
        audience: 'sts.amazonaws.com',
        conditionKeys: new Map(),
      },
    }),
    directoryProvider('staff', 'ada', 'engine'),
  ]
})

describe('STS-65: without a signature', () => {
  it.each([
    ['GetCallerIdentity', 403, 'MissingAuthenticationToken'],
    ['AssumeRole', 403, 'MissingAuthenticationToken'],
    ['AssumeRoleWithSAML', 400, 'ValidationError'],
    ['AssumeRoleWithWebIdentity', 400, 'ValidationError'],
    ['AssumeRoleWithLDAPIdentity', 400, 'ValidationError'],
    ['AssumeRoleWithLocalIdentity', 400, 'InvalidAction'],
    ['AssumeRoot', 403, 'MissingAuthenticationToken'],
    ['DecodeAuthorizationMessage', 403, 'MissingAuthenticationToken'],
    ['GetAccessKeyInfo', 403, 'MissingAuthenticationToken'],
    ['GetDelegatedAccessToken', 403, 'MissingAuthenticationToken'],
    ['GetFederationToken', 403, 'MissingAuthenticationToken'],
    ['GetSessionToken', 403, 'MissingAuthenticationToken'],
    ['GetWebIdentityToken', 403, 'MissingAuthenticationToken'],
  ])('%s alone gets nowhere', async (Action, status, code) => {
    const response = await house.callUnsigned({ Action })
    expect([response.status, codeOf(response)]).toEqual([status, code])
    expect(house.events).toHaveLength(1)
  })

  it('a wrong Authorization header is of no interest to actions that bring their proof', async () => {
    const response = await house.send({
      method: 'POST',
      rawPath: '/',
      rawQuery: '',
      headers: [
        ['host', 'sts.example.test'],
        ['content-type', 'Application/X-WWW-Form-URLencoded; charset=utf-8'],
        ['authorization', 'AWS4-HMAC-SHA256 nonsense'],
      ],
      body: Buffer.from(new URLSearchParams({ Version: '2011-06-15', ...web }).toString()),
    })
    expect(response.status).toBe(200)
  })
})

describe('what every issuing action takes', () => {
  it.each([saml, web, ldap])(
    'session policies by ARN and inline, and the size of the token: $Action',
    async (form) => {
      const policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}'
      const response = await house.callUnsigned({
        ...form,
        Policy: policy,
        'PolicyArns.member.1.arn': readOnlyArn,
        MinimumSessionTokenSize: '2000',
        DurationSeconds: '900',
      })
      expect(elementOf(response, 'SessionTokenSize')).toBe('2000')
      expect(Number(elementOf(response, 'PackedPolicySize'))).toBeGreaterThan(0)
      const opened = house.credentials.open(
        elementOf(response, 'AccessKeyId') ?? '',
        elementOf(response, 'SessionToken') ?? '',
      )
      expect(opened?.session).toMatchObject({ sessionPolicies: [policy], policyArns: [readOnlyArn] })
      expect(house.events[0]?.requestParameters).toMatchObject({
        durationSeconds: 900,
        policy,
        policyArns: [{ arn: readOnlyArn }],
      })
    },
  )

  it.each([saml, web, ldap])('none of them wrong: $Action', async (form) => {
    const wrong = async (parameters: Readonly<Record<string, string>>) =>
      codeOf(await house.callUnsigned({ ...form, ...parameters }))
    expect(await wrong({ 'PolicyArns.member.1.arn': 'arn:aws:iam::aws:policy/Absent' })).toBe(
      'ValidationError',
    )
    expect(await wrong({ Policy: '{}' })).toBe('MalformedPolicyDocument')
    expect(await wrong({ MinimumSessionTokenSize: '4097' })).toBe('ValidationError')
    expect(await wrong({ DurationSeconds: '43201' })).toBe('ValidationError')
    expect(await wrong({ DurationSeconds: '' })).toBe('MalformedInput')
    expect(house.events.map(({ responseElements }) => responseElements)).toEqual(Array(5).fill(null))
  })
})

describe('the record of a proof', () => {
  it('says in the words of CloudTrail what a SAML assertion said', async () => {
    const assertion = {
      roleSessionName: 'ada',
      issuer: 'https://example.com/saml',
      tags: new Map([['Team', 'blue']]),
      transitiveTagKeys: ['Team'],
    }
    house.providers = [tokenProvider('saml', 'saml-provider/corp', { token: samlToken, assertion })]
    const response = await house.callUnsigned(saml)
    expect(house.events).toMatchObject([
      {
        requestParameters: {
          roleArn: saml.RoleArn,
          principalArn: saml.PrincipalArn,
          roleSessionName: 'ada',
          principalTags: { Team: 'blue' },
          transitiveTagKeys: ['Team'],
        },
        responseElements: {
          subject: 'ada@example.test',
          issuer: 'https://example.com/saml',
          nameQualifier: elementOf(response, 'NameQualifier'),
          assumedRoleUser: { arn: elementOf(response, 'Arn') },
        },
        resources: [
          { ARN: saml.RoleArn, type: 'AWS::IAM::Role' },
          { ARN: saml.PrincipalArn, type: 'AWS::IAM::SAMLProvider' },
        ],
        awsRegion: 'us-east-1',
      },
    ])
  })

  it('and what a web identity token said', async () => {
    await house.callUnsigned(web)
    expect(house.events[0]?.responseElements).toMatchObject({
      subjectFromWebIdentityToken: 'repo:acme/web',
      provider: 'https://issuer.example.test/realm',
      audience: 'sts.amazonaws.com',
    })
  })
})

describe('AssumeRoleWithSAML', () => {
  it('says of the assertion what AWS says', async () => {
    const response = await house.callUnsigned(saml)
    expect(elementOf(response, 'SubjectType')).toBe('persistent')
    expect(elementOf(response, 'Audience')).toBe('https://rolegate.example.test/signin/corp/callback')
    expect(elementOf(response, 'Subject')).toBe('ada@example.test')
    expect(elementOf(response, 'Arn')).toBe(`arn:aws:sts::${homeAccount}:assumed-role/Saml/ada`)
    const names = [...response.body.matchAll(/<(\w+)>/g)].map(([, name]) => name)
    expect(names.slice(1)).toEqual([
      'AssumedRoleUser',
      'AssumedRoleId',
      'Arn',
      'Credentials',
      'AccessKeyId',
      'SecretAccessKey',
      'SessionToken',
      'Expiration',
      'Subject',
      'SubjectType',
      'Issuer',
      'Audience',
      'NameQualifier',
      'SessionTokenUtilization',
      'SessionTokenSize',
      'ResponseMetadata',
      'RequestId',
    ])
  })

  it('takes base64 with line breaks', async () => {
    const SAMLAssertion = samlToken.replace(/.{8}/g, '$&\r\n')
    expect((await house.callUnsigned({ ...saml, SAMLAssertion })).status).toBe(200)
  })

  it.each([
    [undefined, 'RoleSessionName is required in AuthnResponse'],
    ['x', 'RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}'],
    ['<b>', 'RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}'],
  ])('refuses the session name %j', async (roleSessionName, message) => {
    const assertion = roleSessionName === undefined ? {} : { roleSessionName }
    house.providers = [tokenProvider('saml', 'saml-provider/corp', { token: samlToken, assertion })]
    const response = await house.callUnsigned(saml)
    expect([codeOf(response), elementOf(response, 'Message')]).toEqual(['InvalidIdentityToken', message])
  })

  it('answers a refusing role and an absent one with the same bytes', async () => {
    const [absent, refusing] = [
      await house.callUnsigned({ ...saml, RoleArn: arnOf('Absent') }),
      await house.callUnsigned({ ...saml, RoleArn: arnOf('Web') }),
    ]
    expect(absent).toEqual(refusing)
    expect(elementOf(absent, 'Message')).toBe('Not authorized to perform sts:AssumeRoleWithSAML')
  })
})

describe('proofs', () => {
  it.each([
    [saml, 'SAMLAssertion'],
    [web, 'WebIdentityToken'],
    [ldap, 'LDAPPassword'],
  ])('STS-55: are refused in the URL, where logs would keep them', async (form, secret) => {
    const query = new URLSearchParams({ Version: '2011-06-15', ...form }).toString()
    for (const method of ['GET', 'POST']) {
      const response = await house.send({
        method,
        rawPath: '/',
        rawQuery: query,
        headers: [['host', 'sts.example.test']],
        body: Buffer.alloc(0),
      })
      expect([response.status, codeOf(response)]).toEqual([400, 'InvalidParameterValue'])
      expect(elementOf(response, 'Message')).toContain(secret)
    }
  })

  it('are not echoed and not recorded, not even when they are too long or too short', async () => {
    const secret = 'hunter2'.repeat(4000)
    for (const form of [
      { ...saml, SAMLAssertion: secret.repeat(5) },
      { ...web, WebIdentityToken: secret },
      { ...ldap, LDAPPassword: secret },
      { ...ldap, LDAPPassword: 'hunter2' },
    ]) {
      const response = await house.callUnsigned(form)
      expect(response.status).toBeGreaterThanOrEqual(400)
      expect(response.body).not.toContain('hunter2')
    }
    expect(house.events).toHaveLength(4)
    expect(JSON.stringify(house.events)).not.toContain('hunter2')
  })

  it('of a provider that cannot be asked end in an error that SDKs try again', async () => {
    const down = new Fault('ProviderUnavailable', 'the directory cannot be reached', {
      cause: new Error('ECONNREFUSED'),
    })
    house.providers = [
      {
        ...directoryProvider('staff', 'ada', 'engine'),
        password: { authenticate: () => Promise.reject(down) },
      },
    ]
    const response = await house.callUnsigned(ldap)
    expect([response.status, codeOf(response)]).toEqual([400, 'IDPCommunicationError'])
    expect(response.body).not.toContain('ECONNREFUSED')
  })

  it('whose verification breaks say nothing about how', async () => {
    const broken = new TypeError('cannot read properties of undefined')
    house.providers = [
      {
        ...directoryProvider('staff', 'ada', 'engine'),
        password: { authenticate: () => Promise.reject(broken) },
      },
    ]
    const response = await house.callUnsigned(ldap)
    expect([response.status, codeOf(response)]).toEqual([500, 'InternalFailure'])
    expect(response.body).not.toContain('undefined')
    expect(house.events).toMatchObject([{ errorCode: 'InternalFailure' }])
  })
})

describe('AssumeRoleWithWebIdentity', () => {
  it('STS-54: refuses a provider id beside an OpenID Connect token', async () => {
    const response = await house.callUnsigned({ ...web, ProviderId: 'www.amazon.com' })
    expect([response.status, codeOf(response)]).toEqual([400, 'ValidationError'])
  })

  it('answers with subject, provider and audience', async () => {
    const response = await house.callUnsigned(web)
    expect(elementOf(response, 'SubjectFromWebIdentityToken')).toBe('repo:acme/web')
    expect(elementOf(response, 'Provider')).toBe('https://issuer.example.test/realm')
    expect(elementOf(response, 'Audience')).toBe('sts.amazonaws.com')
  })

  it('escapes what a token says', async () => {
    const token = `e30.${Buffer.from('{"iss":"<b>&\\u0000"}').toString('base64url')}.AA`
    const response = await house.callUnsigned({ ...web, WebIdentityToken: token })
    expect(elementOf(response, 'Message')).toBe(
      'No OpenIDConnect provider found in your account for &lt;b&gt;&amp;\ufffd',
    )
  })
})

describe('AssumeRoleWithLDAPIdentity', () => {
  it('names the session after the user, or as it is asked to', async () => {
    const named = await house.callUnsigned({ ...ldap, RoleSessionName: 'night-shift' })
    expect(elementOf(named, 'Arn')).toMatch(/\/Ldap\/night-shift$/)
    expect(elementOf(await house.callUnsigned(ldap), 'Arn')).toMatch(/\/Ldap\/ada$/)
  })

  it('asks the directory that was named, and the only one when none was', async () => {
    house.providers = [directoryProvider('staff', 'ada', 'engine'), directoryProvider('guests', 'bob', 'x')]
    const ask = async (form: Readonly<Record<string, string>>) => {
      const response = await house.callUnsigned({ ...ldap, ...form })
      return response.status === 200 ? 'granted' : codeOf(response)
    }
    const arnIn = (account: string, name: string) => `arn:aws:iam::${account}:ldap-provider/${name}`
    expect(await ask({})).toBe('ValidationError')
    expect(await ask({ ProviderName: 'staff' })).toBe('granted')
    expect(await ask({ ProviderArn: arnIn(homeAccount, 'staff') })).toBe('granted')
    expect(await ask({ ProviderArn: arnIn(homeAccount, 'guests') })).toBe('IDPRejectedClaim')
    expect(await ask({ ProviderName: 'absent' })).toBe('InvalidIdentityToken')
    expect(await ask({ ProviderName: 'guests', ProviderArn: arnIn(homeAccount, 'staff') })).toBe(
      'InvalidIdentityToken',
    )
    expect(await ask({ ProviderArn: arnIn(otherAccount, 'staff') })).toBe('AccessDenied')
    house.providers = []
    expect(await ask({})).toBe('InvalidIdentityToken')
  })

  it('does not look at a password for which there is no place left', async () => {
    const asked: string[] = []
    house.attempt = (account, address) => {
      asked.push(`${account} from ${address}`)
      return Promise.resolve({ allowed: false, retryAfterSeconds: 41.2 })
    }
    const response = await house.callUnsigned(ldap)
    expect([response.status, codeOf(response), response.headers['retry-after']]).toEqual([
      400,
      'Throttling',
      '42',
    ])
    expect(asked).toEqual([`staff/ada from ${testOrigin.sourceIp}`])
    expect(house.events).toMatchObject([{ errorCode: 'Throttling', userIdentity: { userName: 'ada' } }])
  })

  it('gives the place back after a right password, and when the directory could not be asked', async () => {
    const ends: string[] = []
    const end = (name: string) => () => {
      ends.push(name)
      return Promise.resolve()
    }
    house.attempt = () =>
      Promise.resolve({ allowed: true, succeeded: end('succeeded'), abandoned: end('abandoned') })
    await house.callUnsigned({ ...ldap, LDAPPassword: 'wrong' })
    expect(ends).toEqual([])
    await house.callUnsigned(ldap)
    expect(ends).toEqual(['succeeded'])
    const down = () => Promise.reject(new Fault('ProviderUnavailable', 'the directory cannot be reached'))
    house.providers = [{ ...directoryProvider('staff', 'ada', 'engine'), password: { authenticate: down } }]
    await house.callUnsigned(ldap)
    expect(ends).toEqual(['succeeded', 'abandoned'])
  })
})

describe('which requests are for STS', () => {
  it.each([
    ['POST', '/', '', true],
    ['POST', '/sts', '', true],
    ['GET', '/sts/', '', true],
    ['PUT', '/sts', '', true],
    ['GET', '/', 'Action=GetCallerIdentity', true],
    ['GET', '/', 'x=1&X-Amz-Algorithm=AWS4-HMAC-SHA256', true],
    ['GET', '/', '', false],
    ['GET', '/', 'xAction=1', false],
    ['HEAD', '/', 'Action=GetCallerIdentity', false],
    ['POST', '//', '', false],
    ['POST', '/sts/../', '', false],
    ['POST', '/%73ts', '', false],
    ['POST', '/signin', '', false],
  ])('SIGV4-09: %s %s?%s: %j', (method, path, query, accepted) => {
    expect(house.room.accepts(method, path, query, '')).toBe(accepted)
  })
})
