import { randomBytes, randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { SessionCredentials } from '../../src/credentials/credentials.js'
import { createSessionCredentials } from '../../src/credentials/sealed-credentials.js'
import type { Assertion } from '../../src/federation/assertion.js'
import type { AssumeOutcome, AssumeRequest, RoleBroker } from '../../src/role/broker.js'
import { createRoleBroker } from '../../src/role/role-broker.js'
import type { LifetimeLimits } from '../../src/role/session-lifetime.js'
import { assertionOf } from '../support/assertion.js'
import { auditFile, type AuditFile } from '../support/audit-file.js'
import { testClock } from '../support/clock.js'
import { ringOf } from '../support/key-ring.js'
import { testOrigin } from '../support/origin.js'
import { directoryOf, homeAccount, trustsCorp, type RoleSketch } from '../support/roles.js'
import { silentMetrics } from '../support/silent-log.js'

const otherAccount = '222233334444'
const clock = testClock()

const assumesAll = {
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'], Resource: '*' },
  ],
}

const trustsDeveloper = {
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { AWS: `arn:aws:iam::${homeAccount}:role/Developer` },
      Action: ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'],
    },
  ],
}

const trustsRoles = (...arns: readonly string[]) => ({
  ...trustsDeveloper,
  Statement: [{ ...trustsDeveloper.Statement[0], Principal: { AWS: arns } }],
})

const sketches: readonly RoleSketch[] = [
  {
    name: 'Developer',
    trust: trustsCorp(homeAccount, { 'ForAnyValue:StringEquals': { 'saml:groups': 'developers' } }, [
      'sts:AssumeRoleWithSAML',
      'sts:TagSession',
      'sts:SetSourceIdentity',
    ]),
    permissions: [assumesAll],
    maxSessionSeconds: 129_600,
  },
  {
    name: 'Auditor',
    trust: trustsCorp(homeAccount, { 'ForAnyValue:StringEquals': { 'saml:groups': 'auditors' } }),
  },
  { name: 'Plain', trust: trustsCorp(homeAccount), maxSessionSeconds: 3600 },
  { name: 'WithMfa', trust: trustsCorp(homeAccount, { Bool: { 'aws:MultiFactorAuthPresent': 'true' } }) },
  { name: 'OnlyNadia', trust: trustsCorp(homeAccount, { StringEquals: { 'sts:RoleSessionName': 'nadia' } }) },
  { name: 'Deployer', account: otherAccount, trust: trustsDeveloper },
  {
    name: 'Relay',
    account: otherAccount,
    trust: trustsRoles(
      `arn:aws:iam::${homeAccount}:role/Developer`,
      `arn:aws:iam::${otherAccount}:role/Relay`,
    ),
    permissions: [assumesAll],
  },
  {
    name: 'Untagged',
    account: otherAccount,
    trust: { ...trustsDeveloper, Statement: [{ ...trustsDeveloper.Statement[0], Action: 'sts:AssumeRole' }] },
  },
  {
    name: 'External',
    account: otherAccount,
    trust: {
      ...trustsDeveloper,
      Statement: [
        { ...trustsDeveloper.Statement[0], Condition: { StringEquals: { 'sts:ExternalId': 'shibboleth' } } },
      ],
    },
  },
]

let records: AuditFile
let credentials: SessionCredentials
let broker: RoleBroker
let withdrawn: boolean
let limits: LifetimeLimits

beforeEach(async () => {
  records = await auditFile(clock.now)
  credentials = createSessionCredentials(await ringOf(), { random: randomBytes })
  withdrawn = false
  limits = { maxSessionSeconds: 129_600, chainedMaxSessionSeconds: 3600, maxChainLength: 10 }
  const directory = { ...directoryOf(sketches), vouchesFor: () => !withdrawn }
  broker = createRoleBroker({
    directory: () => directory,
    limits: () => limits,
    credentials,
    audit: records.audit,
    metrics: silentMetrics,
    now: clock.now,
    randomUuid: randomUUID,
  })
})
afterEach(() => records.close())

function request(roleName: string, overrides: Partial<AssumeRequest> = {}): AssumeRequest {
  const account = sketches.find((sketch) => sketch.name === roleName)?.account ?? homeAccount
  return {
    caller: { type: 'assertion', assertion: assertionOf() },
    roleArn: `arn:aws:iam::${account}:role/${roleName}`,
    sessionName: 'ada',
    eventName: 'AssumeRoleWithSAML',
    eventSource: 'sts.amazonaws.com',
    origin: testOrigin,
    ...overrides,
  }
}

const as = (assertion: Partial<Assertion>) => ({
  caller: { type: 'assertion' as const, assertion: assertionOf(assertion) },
})

async function granted(asked: AssumeRequest): Promise<Extract<AssumeOutcome, { granted: true }>> {
  const outcome = await broker.assume(asked)
  if (!outcome.granted) throw new Error(`denied: ${outcome.deniedAction}`)
  return outcome
}

async function asDeveloper(overrides: Partial<AssumeRequest> = {}) {
  const { session } = await granted(request('Developer', overrides))
  return { caller: { type: 'session' as const, session }, eventName: 'AssumeRole' }
}

describe('the role broker', () => {
  it('lists exactly the roles whose trust policy allows the assertion', () => {
    const names = (assertion: Partial<Assertion>) =>
      broker.rolesFor(assertionOf(assertion), testOrigin).map((role) => role.name)
    expect(names({})).toEqual(['Developer', 'Plain'])
    expect(names({ multiFactor: true })).toEqual(['Developer', 'Plain', 'WithMfa'])
    expect(names({ provider: 'another' })).toEqual([])
  })

  it('makes nobody a role whose provider was disabled after the sign-in', async () => {
    withdrawn = true
    expect(broker.rolesFor(assertionOf(), testOrigin)).toEqual([])
    expect(await broker.assume(request('Plain'))).toMatchObject({ granted: false })
    expect((await records.events()).at(-1)).toMatchObject({
      errorCode: 'AccessDenied',
      additionalEventData: { reason: 'sts:provider-gone' },
    })
  })

  it('lists a role that looks at the session name as it will be asked for', () => {
    const names = (username: string) =>
      broker.rolesFor(assertionOf({ username }), testOrigin).map((role) => role.name)
    expect(names('nadia')).toContain('OnlyNadia')
    expect(names('ada')).not.toContain('OnlyNadia')
  })

  it('issues credentials that open to the session it describes', async () => {
    const outcome = await granted(request('Developer', { durationSeconds: 129_600 }))
    const opened = credentials.open(outcome.credentials.accessKeyId, outcome.credentials.sessionToken)
    expect(opened?.secretAccessKey).toBe(outcome.credentials.secretAccessKey)
    expect(opened?.session).toEqual(outcome.session)
    expect(outcome.session.expiresAt).toEqual(new Date('2026-01-03T15:04:05Z'))
    expect(outcome.session.origin).toMatchObject({
      provider: `arn:aws:iam::${homeAccount}:saml-provider/corp`,
      subject: 'ada@example.test',
    })
  })

  it('answers an unknown role and a refusing trust policy alike, and records which it was', async () => {
    const refused = await broker.assume(request('Auditor'))
    const unknown = await broker.assume(request('Nowhere'))
    expect(refused).toEqual({
      granted: false,
      deniedAction: 'sts:AssumeRoleWithSAML',
      decision: { outcome: 'implicitDeny', matched: [], missing: ['resource'] },
    })
    expect(unknown).toEqual(refused)
    const [first, second] = await records.events()
    expect(first).toMatchObject({
      errorCode: 'AccessDenied',
      additionalEventData: { reason: 'sts:trust', explanation: 'implicitDeny: no allow from resource' },
    })
    expect(second).toMatchObject({
      errorCode: 'AccessDenied',
      additionalEventData: { reason: 'sts:no-such-role' },
    })
  })

  it('records a grant with the request id, the key id and the deciding statement, and no secret', async () => {
    const { credentials: issued } = await granted(request('Developer'))
    const [event] = await records.events()
    expect(event).toMatchObject({
      eventName: 'AssumeRoleWithSAML',
      requestID: testOrigin.requestId,
      userIdentity: { type: 'SAMLUser' },
      responseElements: {
        credentials: { accessKeyId: issued.accessKeyId, expiration: 'Jan 2, 2026, 4:04:05 AM' },
        assumedRoleUser: { arn: `arn:aws:sts::${homeAccount}:assumed-role/Developer/ada` },
      },
      additionalEventData: { decision: 'allowed' },
    })
    const text = await records.text()
    expect(text).not.toContain(issued.secretAccessKey)
    expect(text).not.toContain(issued.sessionToken)
  })

  it('gives nothing when the record cannot be written', async () => {
    await records.audit.close()
    await expect(broker.assume(request('Developer'))).rejects.toMatchObject({ code: 'AuditUnavailable' })
  })

  it('never issues beyond what the identity provider said', async () => {
    const sessionEndsAt = new Date('2026-01-02T03:30:00Z')
    const short = await granted(request('Developer', as({ sessionEndsAt })))
    expect(short.session.expiresAt).toEqual(sessionEndsAt)
    const capped = await granted(
      request('Developer', { ...as({ maxSessionSeconds: 900 }), durationSeconds: 3600 }),
    )
    expect(capped.session.expiresAt).toEqual(new Date('2026-01-02T03:19:05Z'))
  })

  it('restricts to the roles that the provider lists, when it lists any', async () => {
    const roleClaims = [{ roleArn: `arn:aws:iam::${homeAccount}:role/Plain` }]
    expect((await broker.assume(request('Developer', as({ roleClaims })))).granted).toBe(false)
    expect((await broker.assume(request('Plain', as({ roleClaims })))).granted).toBe(true)
  })

  it('refuses more than the role allows, in the words AWS uses', async () => {
    await expect(broker.assume(request('Plain', { durationSeconds: 3601 }))).rejects.toMatchObject({
      code: 'InvalidRequest',
      message: 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    })
  })

  it('asks for sts:TagSession when tags come along', async () => {
    const tags = new Map([['team', 'core']])
    expect(await broker.assume(request('Plain', as({ tags })))).toMatchObject({
      granted: false,
      deniedAction: 'sts:TagSession',
    })
    const { session } = await granted(request('Developer', as({ tags })))
    expect(session.tags).toEqual(tags)
  })

  it('does not let a caller overwrite a tag that the provider asserted', async () => {
    const asserted = as({ tags: new Map([['team', 'core']]) })
    await expect(
      broker.assume(request('Developer', { ...asserted, tags: new Map([['Team', 'admin']]) })),
    ).rejects.toMatchObject({ code: 'InvalidParameterValue' })
  })
})

describe('role chaining', () => {
  it('three deep, keeps transitive tags, and the keys that a provider asserted from every caller', async () => {
    const first = await asDeveloper(
      as({
        tags: new Map([
          ['Team', 'core'],
          ['Shift', 'day'],
        ]),
        transitiveTagKeys: ['Team'],
      }),
    )
    const second = await granted(
      request('Relay', { ...first, tags: new Map([['Step', '2']]), transitiveTagKeys: ['Step'] }),
    )
    expect(second.session.origin.assertedTagKeys).toEqual(['team', 'shift'])
    const caller = { caller: { type: 'session' as const, session: second.session }, eventName: 'AssumeRole' }
    const third = await granted(request('Relay', caller))
    expect(third.session.tags).toEqual(
      new Map([
        ['Team', 'core'],
        ['Step', '2'],
      ]),
    )
    expect(third.session.chain).toHaveLength(2)
    for (const [key, message] of [
      // Asserted, and long gone: it never was transitive.
      ['SHIFT', "The tag key `SHIFT` can't be set because the identity provider asserted it."],
      ['team', "The tag key `team` can't be set because the identity provider asserted it."],
      [
        'step',
        "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.",
      ],
    ] as const) {
      const again = broker.assume(request('Relay', { ...caller, tags: new Map([[key, 'x']]) }))
      await expect(again).rejects.toMatchObject({ code: 'InvalidParameterValue', message })
    }
    expect((await records.events()).slice(1, 3)).toMatchObject([
      {
        requestParameters: {
          incomingTransitiveTags: { Team: 'core' },
          tags: [{ key: 'Step', value: '2' }],
          transitiveTagKeys: ['Step'],
        },
      },
      { requestParameters: { incomingTransitiveTags: { Team: 'core', Step: '2' } } },
    ])
  })

  it('asks for sts:TagSession when tags are inherited only', async () => {
    const caller = await asDeveloper(as({ tags: new Map([['team', 'core']]), transitiveTagKeys: ['team'] }))
    expect(await broker.assume(request('Untagged', caller))).toMatchObject({
      granted: false,
      deniedAction: 'sts:TagSession',
    })
    await granted(request('Untagged', await asDeveloper(as({ tags: new Map([['team', 'core']]) }))))
  })

  it('asks for sts:SetSourceIdentity when it is inherited only', async () => {
    const caller = await asDeveloper(as({ sourceIdentity: 'ada' }))
    expect(await broker.assume(request('Untagged', caller))).toMatchObject({
      granted: false,
      deniedAction: 'sts:SetSourceIdentity',
    })
  })

  it('goes on for as many roles as the server allows', async () => {
    limits = { ...limits, maxChainLength: 3 }
    let caller = await asDeveloper()
    for (let roles = 2; roles <= 3; roles += 1) {
      const { session } = await granted(request('Relay', caller))
      caller = { caller: { type: 'session', session }, eventName: 'AssumeRole' }
    }
    await expect(broker.assume(request('Relay', caller))).rejects.toMatchObject({
      code: 'InvalidRequest',
      message: 'The role chain of this request exceeds the 3 roles that this server allows.',
    })
    expect((await records.events()).at(-1)).toMatchObject({
      errorCode: 'ValidationError',
      additionalEventData: { reason: 'sts:chain-length' },
    })
  })

  it('has the maximum that is configured', async () => {
    limits = { ...limits, chainedMaxSessionSeconds: 7200 }
    const caller = await asDeveloper()
    await granted(request('Deployer', { ...caller, durationSeconds: 7200 }))
    await expect(
      broker.assume(request('Deployer', { ...caller, durationSeconds: 7201 })),
    ).rejects.toMatchObject({
      message:
        'The requested DurationSeconds exceeds the 7200 seconds session limit for roles assumed by role chaining.',
    })
  })

  it('carries the origin, the chain, transitive tags and the source identity across accounts', async () => {
    const caller = await asDeveloper({
      ...as({
        sourceIdentity: 'ada',
        tags: new Map([
          ['team', 'core'],
          ['shift', 'day'],
        ]),
        transitiveTagKeys: ['team'],
      }),
    })
    const { session } = await granted(request('Deployer', caller))
    expect(session).toMatchObject({
      account: otherAccount,
      sourceIdentity: 'ada',
      tags: new Map([['team', 'core']]),
      transitiveTagKeys: ['team'],
      chain: [{ accessKeyId: caller.caller.session.accessKeyId }],
      origin: { subject: 'ada@example.test' },
    })
  })

  it('has its own maximum', async () => {
    const caller = await asDeveloper()
    await expect(
      broker.assume(request('Deployer', { ...caller, durationSeconds: 3601 })),
    ).rejects.toMatchObject({
      message:
        'The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.',
    })
    await granted(request('Deployer', { ...caller, durationSeconds: 3600 }))
  })

  it('refuses a changed source identity and an overwritten transitive tag', async () => {
    const caller = await asDeveloper({
      ...as({ sourceIdentity: 'ada', tags: new Map([['team', 'core']]), transitiveTagKeys: ['team'] }),
    })
    await expect(
      broker.assume(request('Deployer', { ...caller, sourceIdentity: 'eve' })),
    ).rejects.toMatchObject({
      message: 'The source identity is already set for this assume role session',
    })
    await expect(
      broker.assume(request('Deployer', { ...caller, tags: new Map([['TEAM', 'x']]) })),
    ).rejects.toMatchObject({ code: 'InvalidParameterValue' })
  })

  it('needs the external id that the trust policy asks for', async () => {
    const caller = await asDeveloper()
    expect((await broker.assume(request('External', caller))).granted).toBe(false)
    expect((await broker.assume(request('External', { ...caller, externalId: 'shibboleth' }))).granted).toBe(
      true,
    )
  })

  it('is narrowed by the session policies of the caller', async () => {
    const nothing = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: '*' }],
    })
    const caller = await asDeveloper({ sessionPolicies: [nothing] })
    expect((await broker.assume(request('Deployer', caller))).granted).toBe(false)
  })

  it('ends when the role behind the session is another one of the same name', async () => {
    const caller = await asDeveloper()
    const stale = { ...caller.caller.session, roleId: 'AROASOMEBODYELSEXXXXX' }
    const outcome = await broker.assume(
      request('Deployer', { ...caller, caller: { type: 'session', session: stale } }),
    )
    expect(outcome.granted).toBe(false)
  })
})
