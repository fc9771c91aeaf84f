import { createHash } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import type { Config } from '../../src/config/config.js'
import { loadConfig, type LoadedConfig } from '../../src/config/load-config.js'
import { reviewPolicies } from '../../src/config/policy-review.js'
import { problemLine } from '../../src/config/problem-line.js'
import { configFolder, writeConfigFile } from '../support/config-folder.js'

const organization = [
  'id: o-abcdefghij',
  'name: Test',
  'accounts:',
  '  - { id: "012345678901", name: One, alias: one }',
  '  - { id: "111122223333", name: Two, alias: two }',
]

const load = (directory: string): Promise<LoadedConfig> =>
  loadConfig({
    directory,
    dataDirectory: '/data',
    certificatesDirectory: join(directory, 'no-certificates'),
    environment: { WIKI: 'Wiki.Example.com' },
  })

type Files = Readonly<Record<string, string | readonly string[]>>

async function loaded(files: Files): Promise<LoadedConfig & { readonly ok: true }> {
  const result = await load(await configFolder({ 'organization.yaml': organization, ...files }))
  if (!result.ok) throw new Error(result.problems.map((problem) => problemLine(problem, '')).join('\n'))
  return result
}

const configOf = async (files: Files): Promise<Config> => (await loaded(files)).config

const reading = '{ Version: "2012-10-17", Statement: { Effect: Allow, Action: "s3:Get*", Resource: "*" } }'

const policies = ['policies:', `  - { account: one, name: Reader, path: /team/, policy: ${reading} }`]

describe('users', () => {
  const files = {
    'providers.yaml': 'providers:\n  - { kind: local, name: local, enabled: false }\n',
    'policies.yaml': policies,
    'users.yaml': [
      'users:',
      '  - account: one',
      '    name: Agent',
      '    path: /services/',
      '    description: Copies things',
      '    tags: { team: x }',
      '    owner: { provider: local, username: ada }',
      `    permissions: [{ policy: ${reading} }]`,
      '    managedPolicies: ["arn:aws:iam::012345678901:policy/team/Reader", "arn:aws:iam::aws:policy/SecurityAudit"]',
      '    permissionsBoundary: arn:aws:iam::aws:policy/PowerUserAccess',
    ],
    'users/more.yaml': [
      'users:',
      '  - { account: two, name: Fixed, id: AIDAABCDEFGHIJKLMNOPQ, permissionsBoundaryFile: policies/b.yaml }',
    ],
    'policies/b.yaml': reading.slice(2, -2).replace(', Statement', '\nStatement'),
  }

  it('have whole ARNs, stable ids, and permissions of every sort', async () => {
    const { users, managedPolicies } = await configOf(files)
    const [agent, fixed] = users
    expect(agent).toMatchObject({
      arn: 'arn:aws:iam::012345678901:user/services/Agent',
      account: '012345678901',
      path: '/services/',
      description: 'Copies things',
      owner: { provider: 'local', username: 'ada' },
    })
    expect(agent?.id).toMatch(/^AIDA[A-Z2-7]{17}$/)
    expect(agent?.tags.get('team')).toBe('x')
    expect(agent?.permissions.map(({ name }) => name)).toEqual([
      'permissions policy policy-1 of arn:aws:iam::012345678901:user/services/Agent',
      'managed policy arn:aws:iam::012345678901:policy/team/Reader',
      'managed policy arn:aws:iam::aws:policy/SecurityAudit',
    ])
    const power = managedPolicies.find(({ arn }) => arn.endsWith('/PowerUserAccess'))
    expect(agent?.boundary).toBe(power?.document)
    expect(fixed).toMatchObject({
      id: 'AIDAABCDEFGHIJKLMNOPQ',
      permissions: [],
      boundary: { kind: 'boundary' },
    })
    expect(fixed?.owner).toBeUndefined()
    const [again] = (await configOf(files)).users
    expect(again?.id).toBe(agent?.id)
  })

  it('never share an id with a role of the same name, whose id is what it always was', async () => {
    const { users, roles } = await configOf({
      'users.yaml': 'users:\n  - { account: one, name: Same }\n',
      'roles.yaml': [
        'roles:',
        '  - account: one',
        '    name: Same',
        '    trustPolicy: { Version: "2012-10-17", Statement: [] }',
      ],
    })
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
    const digest = createHash('sha256')
      .update('rolegate role id arn:aws:iam::012345678901:role/Same')
      .digest()
    const id = [...digest.subarray(0, 17)].map((byte) => alphabet.charAt(byte % 32)).join('')
    expect(roles[0]?.id).toBe(`AROA${id}`)
    expect(users[0]?.id.slice(4)).not.toBe(id)
  })

  it('are what trust policies of our accounts may name; others are warned of', async () => {
    const trusting = (user: string) => [
      'roles:',
      '  - account: one',
      '    name: Target',
      '    trustPolicy:',
      '      Version: "2012-10-17"',
      '      Statement:',
      '        Effect: Allow',
      `        Principal: { AWS: "arn:aws:iam::${user}" }`,
      '        Action: sts:AssumeRole',
    ]
    const warnings = async (user: string) =>
      (await loaded({ ...files, 'roles.yaml': trusting(user) })).warnings.map((one) => problemLine(one, ''))
    expect(await warnings('012345678901:user/services/Agent')).toEqual([])
    expect(await warnings('999999999999:user/Agent')).toEqual([])
    expect(await warnings('012345678901:user/services/Agnt')).toEqual([
      'roles.yaml:8: roles[0].trustPolicy.Statement.Principal.AWS: no user `arn:aws:iam::012345678901:user/services/Agnt` is declared; did you mean `arn:aws:iam::012345678901:user/services/Agent`?',
    ])
  })

  it('change the footprint, as a document in policies/ does', async () => {
    const directory = await configFolder({ 'organization.yaml': organization, ...files })
    const { fingerprint, directories } = (await load(directory)).footprint
    expect(directories).toEqual(
      expect.arrayContaining([join(directory, 'users'), join(directory, 'policies')]),
    )
    await writeConfigFile(directory, 'users.yaml', [...files['users.yaml'], '    id: AIDAABCDEFGHIJKLMNOPA'])
    const other = (await load(directory)).footprint.fingerprint
    expect(other).not.toBe(fingerprint)
    await writeConfigFile(directory, 'policies/b.yaml', files['policies/b.yaml'].replace('Get', 'List'))
    expect((await load(directory)).footprint.fingerprint).not.toBe(other)
  })
})

describe('managed policies', () => {
  it('stand behind those that every account has, each also as a session policy', async () => {
    const { managedPolicies } = await configOf({ 'policies.yaml': policies })
    expect(managedPolicies[0]?.arn).toBe('arn:aws:iam::aws:policy/AdministratorAccess')
    const declared = managedPolicies.filter(({ account }) => account !== undefined)
    expect(declared).toMatchObject([
      {
        arn: 'arn:aws:iam::012345678901:policy/team/Reader',
        account: '012345678901',
        document: { kind: 'identity' },
        asSessionPolicy: { kind: 'session' },
      },
    ])
  })

  it('may have as many characters as at AWS, also as session policies', async () => {
    const resource = `arn:aws:s3:::${'x'.repeat(6000)}`
    const { managedPolicies } = await configOf({
      'policies.yaml': [
        'policies:',
        `  - { account: one, name: Long, policy: ${reading.replace('"*"', resource)} }`,
      ],
    })
    expect(managedPolicies.at(-1)?.asSessionPolicy.statements).toHaveLength(1)
  })
})

it('reviews the policies of users and services and managed ones, each once', async () => {
  const doubtful = (principal = '') =>
    `{ Version: "2012-10-17", Statement: { Effect: Allow, ${principal} Action: "s3:Get*", Resource: "*", Condition: { StringEquals: { "aws:nonsense": x } } } }`
  const { policies: written } = await loaded({
    'policies.yaml': ['policies:', `  - { account: one, name: P, policy: ${doubtful()} }`],
    'users.yaml': [
      'users:',
      '  - account: one',
      '    name: U',
      `    permissions: [{ policy: ${doubtful()} }]`,
    ],
    'rolegate.yaml': [
      'services:',
      `  - { name: s, account: one, hosts: [s.example.com], policy: ${doubtful('Principal: "*",')} }`,
    ],
  })
  const failing = reviewPolicies(written).filter(({ failsStrict }) => failsStrict)
  expect(failing.map(({ problem }) => problem.file).sort()).toEqual([
    'policies.yaml',
    'rolegate.yaml',
    'users.yaml',
  ])
})

describe('root sessions', () => {
  const administration = async (...lines: readonly string[]) => {
    const { managementAccount, rootSessionAdministrators } = (
      await configOf({ 'organization.yaml': [...organization, ...lines] })
    ).organization
    return { managementAccount, rootSessionAdministrators }
  }

  it('are taken by nobody unless they are on', async () => {
    const off = { managementAccount: undefined, rootSessionAdministrators: undefined }
    expect(await administration()).toEqual(off)
    expect(await administration('managementAccount: one')).toEqual(off)
    expect(
      await administration('managementAccount: one', 'rootSessions: { delegatedAdministrators: [two] }'),
    ).toEqual(off)
  })

  it('are taken by the management account and its delegates, by id', async () => {
    expect(
      await administration(
        'managementAccount: one',
        'rootSessions: { enabled: true, delegatedAdministrators: [two] }',
      ),
    ).toEqual({ managementAccount: '012345678901', rootSessionAdministrators: ['111122223333'] })
  })
})

describe('the settings of the token service', () => {
  it('are read, with accounts by id', async () => {
    const { server } = await configOf({
      'rolegate.yaml': [
        'server: { workers: 4 }',
        'store: { type: redis, nodes: [localhost] }',
        'sts: { replayProtection: true, maxChainLength: 3 }',
        'revocation: { strict: true, lostAfter: 1m }',
        'webIdentityTokens: { enabled: false, accounts: [one, two, "012345678901"] }',
      ],
    })
    expect(server).toMatchObject({
      workers: 4,
      store: { type: 'redis' },
      sts: { replayProtection: true, maxChainLength: 3 },
      revocation: { strict: true, lostAfterSeconds: 60 },
      webIdentityTokens: { enabled: false, accounts: ['012345678901', '111122223333'] },
    })
  })

  it('make one worker per core of `auto`', async () => {
    const { server } = await configOf({ 'rolegate.yaml': 'server: { workers: auto }\n' })
    expect(server.workers).toBe(Math.min(64, availableParallelism()))
  })
})

describe('services', () => {
  it('have defaults made of their name and account', async () => {
    const { server } = await configOf({
      'rolegate.yaml':
        'services:\n  - { name: reports, account: one, hosts: [Reports.Example.com, "[::1]:8443"] }\n',
    })
    expect(server.services).toEqual([
      {
        name: 'reports',
        account: '012345678901',
        hosts: ['reports.example.com', '[::1]:8443'],
        signingName: 'reports',
        action: 'reports:{method}',
        resource: 'arn:aws:reports::012345678901:{path}',
        allowUnsignedPayload: false,
      },
    ])
  })

  it('say everything themselves where they want to', async () => {
    const { server } = await configOf({
      'wiki.yaml':
        'Version: "2012-10-17"\nStatement: { Effect: Allow, Principal: "*", Action: "wiki:*", Resource: "*" }\n',
      'rolegate.yaml': [
        'services:',
        '  - name: wiki',
        '    account: two',
        '    hosts: ["${env:WIKI}"]',
        '    signingName: execute-api',
        '    action: wiki:Page{method}',
        '    resource: "arn:aws:wiki:eu::{host}/{path}"',
        '    policyFile: wiki.yaml',
        '    allowUnsignedPayload: true',
      ],
    })
    expect(server.services).toMatchObject([
      {
        hosts: ['wiki.example.com'],
        signingName: 'execute-api',
        action: 'wiki:Page{method}',
        resource: 'arn:aws:wiki:eu::{host}/{path}',
        policy: { kind: 'resource', name: 'resource policy of service wiki' },
        allowUnsignedPayload: true,
      },
    ])
  })
})
