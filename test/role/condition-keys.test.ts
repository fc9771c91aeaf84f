/**
 * Every condition key that each kind of caller brings, with its value, and none besides: a key that is missing or too
 * much decides what policies mean.
 */
import { describe, expect, it } from '@jest/globals'
import type { RequestOrigin } from '../../src/audit/event.js'
import type { Assertion } from '../../src/federation/assertion.js'
import { questionsFor } from '../../src/role/authorize.js'
import type { AssumeCaller } from '../../src/role/broker.js'
import type { Caller } from '../../src/role/caller.js'
import { originOfAssertion, originOfCaller } from '../../src/role/lineage.js'
import { permissionOf } from '../../src/role/permission.js'
import type { PassedParameters } from '../../src/role/request-context.js'
import type { RoleSession } from '../../src/role/role-session.js'
import { assertionOf } from '../support/assertion.js'
import { jsonBeside } from '../support/json.js'
import { testOrigin } from '../support/origin.js'
import { directoryOf, homeAccount, roleOf, trustsCorp, userOf, type RoleSketch } from '../support/roles.js'

type Keys = Readonly<Record<string, string | readonly string[]>>
interface Table {
  /** Of every request that somebody signed. */
  readonly signed: Keys
  /** Of every request to assume the role `Target`. */
  readonly assuming: Keys
  readonly callers: Readonly<Record<string, Keys>>
  readonly federatedCalls: Readonly<Record<string, Keys>>
  readonly passed: Keys
}
const table = jsonBeside<Table>(import.meta.url, 'condition-keys.json')

const now = new Date('2026-01-02T03:04:05.678Z')
const earlier = new Date('2026-01-02T03:00:00.000Z')
const outside = '999988887777'
const origin: RequestOrigin = { ...testOrigin, region: 'eu-central-1' }
const sketches: readonly RoleSketch[] = [
  {
    name: 'Caller',
    path: '/teams/',
    trust: trustsCorp(homeAccount),
    tags: new Map([
      ['Team', 'role'],
      ['Cost', '7'],
    ]),
  },
  {
    name: 'Target',
    trust: trustsCorp(homeAccount),
    tags: new Map([['Stage', 'prod']]),
  },
  { name: 'Foreign', account: outside, trust: trustsCorp(outside) },
]
const [callerRole, targetRole, foreignRole] = sketches.map(roleOf) as [
  ReturnType<typeof roleOf>,
  ReturnType<typeof roleOf>,
  ReturnType<typeof roleOf>,
]
const user = userOf({ name: 'deploy', path: '/services/', tags: new Map([['Team', 'user']]) })
const directory = directoryOf(sketches, { users: [user], outside: [outside] })

const userKey: Caller = { type: 'user', user, accessKeyId: 'AKIARTRZJWS6AAAAAAAA' }
const facts = {
  accessKeyId: 'ASIARTRZJWS6AAAAAAAA',
  account: homeAccount,
  issuedAt: earlier,
  expiresAt: new Date('2026-01-02T04:00:00Z'),
  origin: originOfCaller(userKey, earlier),
  chain: [],
}
const ofUser = { userArn: user.arn, userId: user.id }

const saml = assertionOf({
  conditionKeys: new Map<string, string | readonly string[]>([
    ['saml:aud', 'https://rolegate.example.test/signin/corp/callback'],
    ['saml:iss', 'https://idp.example.test/saml'],
    ['saml:sub', 'ada@example.test'],
    ['saml:sub_type', 'persistent'],
    ['saml:cn', ['Ada']],
    // What no provider may say.
    ['aws:userid', 'root'],
    ['STS:ExternalId', 'guessed'],
    ['iam:ResourceTag/Stage', 'test'],
  ]),
})
const oidc = assertionOf({
  kind: 'oidc',
  issuer: 'https://issuer.example.test/realm',
  subject: 'repo:acme/web',
  multiFactor: true,
  authenticatedAt: earlier,
  conditionKeys: new Map<string, string | readonly string[]>([
    ['issuer.example.test/realm:aud', 'sts.amazonaws.com'],
    ['issuer.example.test/realm:sub', 'repo:acme/web'],
    ['issuer.example.test/realm:amr', ['pwd', 'otp']],
    ['issuer.example.test/realm:email', 'a@example.test'],
  ]),
})
const ldap = assertionOf({
  kind: 'ldap',
  provider: 'staff',
  issuer: 'ldap://directory.example.test',
  conditionKeys: new Map<string, string | readonly string[]>([
    ['ldap:username', 'ada'],
    ['ldap:groups', ['developers']],
  ]),
})
const local = assertionOf({
  kind: 'local',
  provider: 'local',
  issuer: 'rolegate:local',
  conditionKeys: new Map([['local:username', 'ada']]),
})

function roleSession(assertion: Assertion | undefined, overrides: Partial<RoleSession> = {}): Caller {
  return {
    type: 'session',
    session: {
      type: 'role',
      ...facts,
      ...(assertion === undefined ? {} : { origin: originOfAssertion(assertion, callerRole) }),
      roleArn: callerRole.arn,
      roleId: callerRole.id,
      sessionName: 'ada',
      tags: new Map(),
      transitiveTagKeys: [],
      ...overrides,
    },
  }
}

const callers: Readonly<Record<string, Caller>> = {
  'a user with a long-term key': userKey,
  'a session of GetSessionToken without MFA': {
    type: 'session',
    session: { type: 'user', ...facts, ...ofUser },
  },
  'a session of GetSessionToken with MFA': {
    type: 'session',
    session: { type: 'user', ...facts, ...ofUser, multiFactorAt: earlier },
  },
  'a role session of a user': roleSession(undefined),
  'a role session born of SAML, with tags and a source identity': roleSession(saml, {
    tags: new Map([['TEAM', 'session']]),
    sourceIdentity: 'ada',
  }),
  'a role session born of OpenID Connect with several factors': roleSession(oidc),
  'a role session born of LDAP': roleSession(ldap),
  'a role session in an account outside the organisation': roleSession(undefined, {
    account: outside,
    roleArn: foreignRole.arn,
    roleId: foreignRole.id,
  }),
  'a federated user': {
    type: 'session',
    session: {
      type: 'federated-user',
      ...facts,
      ...ofUser,
      name: 'bob',
      tags: new Map([['Shift', 'day']]),
    },
  },
  'a root session': {
    type: 'session',
    session: {
      type: 'root',
      ...facts,
      sourceIdentity: 'ada',
      taskPolicyArn: 'arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy',
    },
  },
}

const nothing: PassedParameters = { tags: new Map(), transitiveTagKeys: [] }

function keysOfAssuming(caller: AssumeCaller, passed: PassedParameters, from = origin): Keys {
  const questions = questionsFor(caller, directory, {
    now,
    origin: from,
    organization: directory.organization,
    role: targetRole,
    account: directory.account(targetRole.account),
    passed,
  })
  if (typeof questions === 'string') throw new Error(questions)
  return Object.fromEntries(questions[0]?.request.context ?? [])
}

describe('condition keys', () => {
  it('cover every kind of caller in the table', () => {
    expect(Object.keys(table.callers)).toEqual(Object.keys(callers))
  })

  it.each(Object.entries(callers))('of %s who asks for something', (name, caller) => {
    const { question } = permissionOf(
      { caller, action: 's3:GetObject', resource: '*', resourceAccount: homeAccount, origin },
      directory,
      now,
    )
    expect(Object.fromEntries(question?.request.context ?? [])).toEqual({
      ...table.signed,
      ...table.callers[name],
    })
  })

  it.each(Object.entries(callers))('of %s who assumes a role', (name, caller) => {
    const own = { ...table.signed, ...table.callers[name], ...table.assuming }
    expect(keysOfAssuming(caller, nothing)).toEqual(own)
  })

  it.each(Object.entries({ saml, oidc, ldap, local }))('of a call with a proof: %s', (name, assertion) => {
    const unsigned = keysOfAssuming({ type: 'assertion', assertion }, nothing, testOrigin)
    const { 'aws:requestedregion': _, ...signed } = table.signed
    expect(unsigned).toEqual({
      ...signed,
      'aws:requestedregion': 'us-east-1',
      ...table.assuming,
      ...table.federatedCalls[name],
    })
  })

  it('of what is passed when a role is assumed', () => {
    const passed = keysOfAssuming(userKey, {
      sessionName: 'run',
      externalId: 'agreed-42',
      sourceIdentity: 'jane',
      tags: new Map([
        ['Team', 'red'],
        ['Stage', 'dev'],
      ]),
      transitiveTagKeys: ['Team'],
      multiFactorAt: earlier,
      contextKeys: new Map([['sub', 'grace']]),
      contextProviders: ['arn:aws:iam::aws:contextProvider/openid'],
    })
    expect(passed).toEqual({
      ...table.signed,
      ...table.callers['a user with a long-term key'],
      ...table.assuming,
      ...table.passed,
    })
  })

  it("of a role whose tags the caller's transitive tags replace while its trust policy is judged", () => {
    const caller = roleSession(undefined, {
      tags: new Map([
        ['STAGE', 'dev'],
        ['Own', 'x'],
      ]),
      transitiveTagKeys: ['stage'],
    })
    const keys = keysOfAssuming(caller, nothing)
    expect(keys).toMatchObject({ 'aws:resourcetag/stage': 'dev', 'iam:resourcetag/stage': 'dev' })
    expect(keys).not.toHaveProperty('aws:resourcetag/own')
  })
})
