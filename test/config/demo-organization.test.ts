import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from '@jest/globals'
import type { Config } from '../../src/config/config.js'
import { loadConfig } from '../../src/config/load-config.js'
import type { ContextValue } from '../../src/policy/context.js'
import { evaluate } from '../../src/policy/evaluate.js'
import type { Principal } from '../../src/policy/principal.js'
import type { Role } from '../../src/role/role.js'

let config: Config

beforeAll(async () => {
  const loaded = await loadConfig({
    directory: fileURLToPath(new URL('../../config', import.meta.url)),
    dataDirectory: '/data',
    certificatesDirectory: '/nowhere',
    environment: {},
  })
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  expect(loaded.warnings).toEqual([])
  config = loaded.config
})

const sources = {
  saml: { resource: 'saml-provider/demo-saml', action: 'sts:AssumeRoleWithSAML', prefix: 'saml', mfa: true },
  oidc: {
    resource: 'oidc-provider/127.0.0.1:8081',
    action: 'sts:AssumeRoleWithWebIdentity',
    prefix: '127.0.0.1:8081',
    mfa: true,
  },
  ldap: {
    resource: 'ldap-provider/demo-ldap',
    action: 'sts:AssumeRoleWithLDAPIdentity',
    prefix: 'ldap',
    mfa: false,
  },
  local: {
    resource: 'local-provider/local',
    action: 'sts:AssumeRoleWithLocalIdentity',
    prefix: 'local',
    mfa: false,
  },
} as const

const people = {
  ada: { groups: ['platform-admins', 'developers'], department: 'Engineering', mfa: true },
  grace: { groups: ['developers'], department: 'Engineering', mfa: false },
  alan: { groups: ['auditors'], department: 'Finance', mfa: false },
  edsger: { groups: ['contractors', 'developers'], department: 'Engineering', mfa: false },
} as const

function decide(
  role: Role,
  principal: Principal,
  action: string,
  context: readonly (readonly [string, ContextValue])[],
) {
  return evaluate(
    { principal, action, resource: role.arn, resourceAccount: role.account, context: new Map(context) },
    { identity: [], resource: role.trustPolicy },
  ).outcome
}

function outcome(
  role: Role,
  person: keyof typeof people,
  source: keyof typeof sources,
  action: string = sources[source].action,
) {
  const { groups, department, mfa } = people[person]
  const { resource, prefix, mfa: knowsMfa } = sources[source]
  return decide(role, { type: 'federated', provider: `arn:aws:iam::${role.account}:${resource}` }, action, [
    [`${prefix}:groups`, groups],
    [`${prefix}:department`, department],
    [`${prefix}:sub`, person],
    [`${prefix}:aud`, 'the relying party'],
    ['aws:multifactorauthpresent', String(mfa && knowsMfa)],
  ])
}

/** Every provider of the demo says a tag and a source identity, and a role has to take both. */
const alongside = ['sts:TagSession', 'sts:SetSourceIdentity']

const rolesOf = (person: keyof typeof people, source: keyof typeof sources): readonly string[] =>
  config.roles
    .filter((role) =>
      [undefined, ...alongside].every((action) => outcome(role, person, source, action) === 'allowed'),
    )
    .map(({ name }) => name)
    .sort()

const roleNamed = (name: string): Role => config.roles.find((role) => role.name === name)!

describe('the demonstration organisation', () => {
  it('has four accounts in two units, one of them with a leading zero, and thirteen roles', () => {
    const { accounts } = config.organization
    expect(accounts).toHaveLength(4)
    expect(new Set(accounts.map(({ unit }) => unit.split('/')[0])).size).toBe(2)
    expect(accounts.map(({ id }) => id)).toContain('012345678901')
    expect(config.roles).toHaveLength(13)
  })

  it('lets only local accounts sign in until the demo starts its providers', () => {
    expect(config.providers.map(({ name }) => name)).toEqual(['local'])
    expect(config.providers).toMatchObject([
      {
        sessionTags: [{ from: 'department', to: 'Department', transitive: true, required: false }],
        sourceIdentity: { from: 'username', required: false },
      },
    ])
    expect(config.insecure).toEqual([])
  })

  it.each(['saml', 'oidc'] as const)('opens to ada by %s, second factor included', (source) => {
    expect(rolesOf('ada', source)).toEqual([
      'CustomerData',
      'Developer',
      'EngineeringSandbox',
      'PlatformAdmin',
      'PlatformReader',
      'SecurityAudit',
    ])
  })

  it.each(['ldap', 'local'] as const)('opens to ada by %s, without what needs a second factor', (source) => {
    expect(rolesOf('ada', source)).toEqual([
      'CustomerData',
      'Developer',
      'EngineeringSandbox',
      'PlatformReader',
      'SecurityAudit',
    ])
  })

  it.each(['saml', 'oidc', 'ldap', 'local'] as const)('opens to everybody else alike by %s', (source) => {
    expect(rolesOf('grace', source)).toEqual([
      'CustomerData',
      'Developer',
      'EngineeringSandbox',
      'PlatformReader',
    ])
    expect(rolesOf('alan', source)).toEqual(['CustomerData', 'FinanceViewer', 'SecurityAudit'])
    expect(rolesOf('edsger', source)).toEqual([
      'ContractorSandbox',
      'Developer',
      'EngineeringSandbox',
      'PlatformReader',
    ])
    expect(outcome(roleNamed('CustomerData'), 'edsger', source)).toBe('explicitDeny')
  })

  it('opens one role to workload tokens only', () => {
    const role = roleNamed('DeployPipeline')
    const provider = `arn:aws:iam::${role.account}:oidc-provider/127.0.0.1:8081`
    const token = (aud: string, sub: string, action = 'sts:AssumeRoleWithWebIdentity') =>
      decide(role, { type: 'federated', provider }, action, [
        ['127.0.0.1:8081:aud', aud],
        ['127.0.0.1:8081:sub', sub],
      ])
    for (const action of [undefined, ...alongside]) {
      expect(token('sts.amazonaws.com', 'grace', action)).toBe('allowed')
    }
    expect(token('sts.amazonaws.com', 'alan')).toBe('implicitDeny')
    expect(token('rolegate', 'grace')).toBe('implicitDeny')
  })

  it.each([
    ['Developer', 'ReleaseManager', 'false'],
    ['PlatformAdmin', 'IncidentResponder', 'true'],
  ])('chains from %s to %s across accounts, with both halves in place', (from, to, mfa) => {
    const source = roleNamed(from)
    const target = roleNamed(to)
    expect(source.account).not.toBe(target.account)
    const principal: Principal = {
      type: 'role-session',
      account: source.account,
      arn: `arn:aws:sts::${source.account}:assumed-role/${source.name}/ada`,
      roleArn: source.arn,
    }
    const requestFor = (action: string) => ({
      principal,
      action,
      resource: target.arn,
      resourceAccount: target.account,
      context: new Map([['aws:multifactorauthpresent', mfa]]),
    })
    const halves = { identity: source.permissions, resource: target.trustPolicy }
    for (const action of ['sts:AssumeRole', ...alongside]) {
      expect(evaluate(requestFor(action), halves).outcome).toBe('allowed')
      expect(evaluate(requestFor(action), { ...halves, identity: [] }).outcome).toBe('implicitDeny')
    }
  })

  it.each([
    ['backup-agent', 'BackupOperator', undefined],
    ['breakglass-ada', 'PlatformAdmin', 'true'],
  ])('lets the user %s assume %s and no other role', (name, roleName, mfa) => {
    const user = config.users.find((one) => one.name === name)!
    const assumed = config.roles.filter((role) => {
      const request = {
        principal: { type: 'user', account: user.account, arn: user.arn },
        action: 'sts:AssumeRole',
        resource: role.arn,
        resourceAccount: role.account,
        context: new Map(mfa === undefined ? [] : [['aws:multifactorauthpresent', mfa]]),
      } as const
      return (
        evaluate(request, { identity: user.permissions, resource: role.trustPolicy }).outcome === 'allowed'
      )
    })
    expect(assumed.map((role) => role.name)).toEqual([roleName])
  })

  it('breaks no glass without a second factor', () => {
    const user = config.users.find(({ name }) => name === 'breakglass-ada')!
    expect(user.owner).toEqual({ provider: 'local', username: 'ada' })
    const role = roleNamed('PlatformAdmin')
    const outcomeWith = (context: readonly (readonly [string, string])[]) =>
      evaluate(
        {
          principal: { type: 'user', account: user.account, arn: user.arn },
          action: 'sts:AssumeRole',
          resource: role.arn,
          resourceAccount: role.account,
          context: new Map(context),
        },
        { identity: user.permissions, resource: role.trustPolicy },
      ).outcome
    expect(outcomeWith([['aws:multifactorauthpresent', 'true']])).toBe('allowed')
    expect(outcomeWith([['aws:multifactorauthpresent', 'false']])).toBe('implicitDeny')
    expect(outcomeWith([])).toBe('implicitDeny')
  })

  it('attaches a managed policy, and takes root sessions from the platform account', () => {
    const writer = config.managedPolicies.find(({ arn }) => arn.endsWith(':policy/backup/BackupWriter'))
    expect(roleNamed('BackupOperator').permissions).toEqual([writer?.document])
    expect(config.organization).toMatchObject({
      managementAccount: '111122223333',
      rootSessionAdministrators: [],
    })
  })
})
