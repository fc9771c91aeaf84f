import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { problemLine } from '../../src/config/problem-line.js'
import type { Config } from '../../src/config/config.js'
import { loadConfig, type LoadedConfig, type LoadOptions } from '../../src/config/load-config.js'
import { configFolder, writeConfigFile } from '../support/config-folder.js'

interface Case {
  readonly name: string
  readonly files: Readonly<Record<string, string | readonly string[]>>
  readonly environment?: Readonly<Record<string, string>>
  /** `file:line: path: reason`, with a column where text or a policy cannot be read; a reason of `*` is any, for sentences of other rooms. */
  readonly problems: readonly string[]
}

const cases = [
  'problems',
  'user-problems',
  'policy-problems',
  'organization-problems',
  'service-problems',
].flatMap(
  (name) =>
    JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8')) as readonly Case[],
)

const organization =
  'id: o-abcdefghij\nname: Test\naccounts:\n  - { id: "012345678901", name: One, alias: one }\n'

function load(directory: string, options: Partial<LoadOptions> = {}): Promise<LoadedConfig> {
  return loadConfig({
    directory,
    dataDirectory: '/data',
    certificatesDirectory: join(directory, 'no-certificates'),
    environment: {},
    ...options,
  })
}

async function configOf(files: Case['files'], options: Partial<LoadOptions> = {}): Promise<Config> {
  const loaded = await load(await configFolder({ 'organization.yaml': organization, ...files }), options)
  if (!loaded.ok) throw new Error(loaded.problems.map((problem) => problemLine(problem, '')).join('\n'))
  return loaded.config
}

describe('what is wrong with a configuration', () => {
  it.each(cases.map((one) => [one.name, one] as const))('%s', async (_, { files, environment, problems }) => {
    const loaded = await load(await configFolder(files), { environment: environment ?? {} })
    const lines = loaded.ok ? [] : loaded.problems.map((problem) => problemLine(problem, ''))
    const anyReason = problems.filter((line) => line.endsWith(': *')).map((line) => line.slice(0, -1))
    const shown = lines.map((line) => {
      const prefix = anyReason.find((start) => line.startsWith(start))
      return prefix === undefined ? line : `${prefix}*`
    })
    expect(shown.sort()).toEqual([...problems].sort())
  })

  it.each([
    [
      'a JSON file',
      'policies/p.json',
      '{\n  "Version": "2012-10-17",\n  "Statement": [}\n',
      'policies/p.json:3:17: ',
    ],
    [
      'a YAML file',
      'policies/p.yaml',
      'Version: "2012-10-17"\nStatement:\n  - Effect: allow\n    Action: s3:*\n    Resource: "*"\n',
      'policies/p.yaml:3:5: Statement[0].Effect: ',
    ],
  ])('names file, line and column of a malformed policy in %s', async (_, policyFile, text, place) => {
    const role = `roles:\n  - account: one\n    name: Reader\n    trustPolicy: { Statement: [] }\n    permissions: [{ policyFile: ${policyFile} }]\n`
    const loaded = await load(
      await configFolder({ 'organization.yaml': organization, 'roles.yaml': role, [policyFile]: text }),
    )
    const lines = loaded.ok ? [] : loaded.problems.map((problem) => problemLine(problem, ''))
    expect(lines).toContainEqual(expect.stringContaining(place))
  })

  it('never shows the value of a secret', async () => {
    const directory = await configFolder({
      'organization.yaml': organization,
      'rolegate.yaml':
        'keyRing: ${env:RING}\nstore: { type: redis, nodes: [localhost], password: hunter2-inline }\n',
    })
    const loaded = await load(directory, { environment: { RING: 'hunter2-environment' } })
    expect(loaded.ok).toBe(false)
    expect(JSON.stringify(loaded)).not.toContain('hunter2')
  })

  it('says that a folder does not exist', async () => {
    const loaded = await load('/nowhere/at/all')
    expect(loaded).toMatchObject({ ok: false, problems: [{ file: '.', path: '' }] })
  })

  it('does not wait for a pipe, and refuses what is no text', async () => {
    const directory = await configFolder({ 'organization.yaml': organization, 'rolegate.yaml/x': '' })
    execFileSync('mkfifo', [join(directory, 'roles.yaml')])
    await writeFile(join(directory, 'providers.yaml'), Buffer.of(0xff, 0xfe, 0x61, 0x00))
    const loaded = await load(directory)
    expect(loaded.ok ? [] : loaded.problems.map((problem) => problemLine(problem, ''))).toEqual([
      'providers.yaml: is not UTF-8 text',
      'roles.yaml: is not a file',
    ])
  })

  it('names the command line where that is the mistake', async () => {
    const loaded = await load(await configFolder({ 'organization.yaml': organization }), {
      overrides: { listen: 'nonsense' },
    })
    expect(loaded).toMatchObject({ ok: false, problems: [{ file: '--listen' }] })
  })
})

describe('a configuration that is right', () => {
  it('has working defaults', async () => {
    const config = await configOf({})
    expect(config.server).toEqual({
      publicUrl: 'http://127.0.0.1:8080',
      listen: { host: '127.0.0.1', port: 8080 },
      trustedProxies: [],
      publicHosts: ['127.0.0.1:8080'],
      workers: 1,
      store: { type: 'embedded' },
      sessions: { signInSeconds: 43_200, cliSeconds: 43_200 },
      sts: {
        maxSessionSeconds: 129_600,
        chainedMaxSessionSeconds: 129_600,
        clockSkewSeconds: 900,
        replayProtection: false,
        maxChainLength: 10,
      },
      revocation: { strict: false, lostAfterSeconds: 5 },
      webIdentityTokens: { enabled: true },
      services: [],
      throttle: { attempts: 10, windowSeconds: 900 },
      audit: { file: '/data/audit.jsonl', stdout: false },
      log: { level: 'info' },
      shutdownSeconds: 20,
      branding: { name: 'Rolegate' },
    })
    expect(config.insecure).toEqual([])
  })

  it('is frozen', async () => {
    const config = await configOf({})
    expect(() => Object.assign(config.server, { publicUrl: 'x' })).toThrow(TypeError)
    expect(() => Object.assign(config.organization, { name: 'x' })).toThrow(TypeError)
  })

  it('lets the command line choose the address', async () => {
    const { server } = await configOf(
      { 'rolegate.yaml': 'server: { listen: 127.0.0.1:1 }' },
      { overrides: { listen: '[::1]:9000', publicUrl: 'http://localhost:9000/' } },
    )
    expect(server.listen).toEqual({ host: '::1', port: 9000 })
    expect(server.publicUrl).toBe('http://localhost:9000')
    expect(server.publicHosts).toEqual(['localhost:9000'])
  })

  it('fetches secrets, and follows references in addresses', async () => {
    const ring = Buffer.alloc(32, 7).toString('base64')
    const { server } = await configOf(
      {
        'rolegate.yaml': [
          'server: { publicUrl: "https://${env:HOST}", listen: "127.0.0.1:${env:PORT}" }',
          'keyRing: ${file:secrets/ring}',
          'store: { type: redis, nodes: ["${env:REDIS}"], password: "${env:PASSWORD}", timeout: 500ms }',
        ],
        'secrets/ring': `${ring}\n`,
      },
      {
        environment: {
          HOST: 'r.example.com',
          PORT: '9',
          REDIS: 'localhost:7000',
          PASSWORD: '${env:HOST}\n: x',
        },
      },
    )
    expect(server).toMatchObject({
      publicUrl: 'https://r.example.com',
      listen: { port: 9 },
      keyRing: ring,
      // The value is used as it is: not a reference again, not YAML, not trimmed.
      store: {
        nodes: [{ host: 'localhost', port: 7000 }],
        password: '${env:HOST}\n: x',
        timeoutMs: 500,
        tls: false,
      },
    })
  })

  it('declares roles with stable ids, whole ARNs and durations in seconds', async () => {
    const trust =
      '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"012345678901"},"Action":"sts:AssumeRole"}}'
    const files = {
      'policies/trust.json': trust,
      'policies/read.yaml':
        'Version: "2012-10-17"\nStatement: { Effect: Allow, Action: "s3:Get*", Resource: "*" }\n',
      'roles/a.yaml': [
        'roles:',
        '  - account: one',
        '    name: Reader',
        '    path: /team/x/',
        '    maxSessionDuration: 1h30m',
        '    color: "#ABCDEF"',
        '    tags: { team: x }',
        '    trustPolicyFile: policies/trust.json',
        '    permissions: [{ policyFile: policies/read.yaml }]',
      ],
      'roles/b.json': JSON.stringify({
        roles: [{ account: '012345678901', name: 'Fixed', id: 'AROAABCDEFGHIJKLMNOPQ', trustPolicy: trust }],
      }),
    }
    const [reader, fixed] = (await configOf(files)).roles
    expect(reader).toMatchObject({
      arn: 'arn:aws:iam::012345678901:role/team/x/Reader',
      account: '012345678901',
      maxSessionSeconds: 5400,
      color: '#abcdef',
    })
    expect(reader?.id).toMatch(/^AROA[A-Z2-7]{17}$/)
    expect(reader?.tags.get('team')).toBe('x')
    expect(reader?.permissions).toHaveLength(1)
    expect(fixed).toMatchObject({ id: 'AROAABCDEFGHIJKLMNOPQ', maxSessionSeconds: 3600, path: '/' })
    const [again] = (await configOf(files)).roles
    expect(again?.id).toBe(reader?.id)
  })

  it('flattens units and keeps accounts at the root', async () => {
    const { accounts } = (
      await configOf({
        'organization.yaml': [
          'id: o-abcdefghij',
          'name: Test',
          'units: [{ name: Work, units: [{ name: Eu, units: [Prod] }] }, Other/Deep, Other]',
          'accounts:',
          '  - { id: "000000000001", name: A, unit: Work/Eu/Prod }',
          '  - { id: "000000000002", name: B, unit: Other/Deep }',
          '  - { id: "000000000003", name: C }',
        ],
      })
    ).organization
    expect(accounts.map(({ id, unit }) => [id, unit])).toEqual([
      ['000000000001', 'Work/Eu/Prod'],
      ['000000000002', 'Other/Deep'],
      ['000000000003', ''],
    ])
  })

  it('lists the insecure settings in force', async () => {
    const { insecure } = await configOf({
      'rolegate.yaml':
        'server: { listen: "0.0.0.0:80", publicUrl: "http://r.example.com", insecureHttp: true }',
      'providers.yaml': [
        'providers:',
        '  - { kind: oidc, name: dev, issuer: "http://localhost:1", insecureAllowHttp: true, audiences: [x] }',
      ],
    })
    expect([...insecure].sort()).toEqual([
      'providers.yaml: dev.insecureAllowHttp',
      'rolegate.yaml: server.insecureHttp',
    ])
  })

  it('derives what a provider needs from the public URL', async () => {
    const { providers } = await configOf(
      {
        'rolegate.yaml': 'server: { publicUrl: "https://r.example.com" }',
        'idp.xml': '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"/>',
        'providers.yaml': [
          'providers:',
          '  - { kind: oidc, name: o, issuer: "https://i.example/", client: { id: me, secret: "${env:S}" }, audiences: [sts] }',
          '  - { kind: saml, name: s, metadataFile: idp.xml }',
          '  - { kind: local, name: l, displayName: Here }',
        ],
      },
      { environment: { S: 'x' } },
    )
    expect(providers).toMatchObject([
      {
        issuer: 'https://i.example/',
        audiences: ['me', 'sts'],
        client: { redirectUri: 'https://r.example.com/signin/o/callback', secret: 'x' },
      },
      {
        displayName: 's',
        entityId: 'https://r.example.com/signin/s/metadata',
        acsUrl: 'https://r.example.com/signin/s/callback',
        signRequests: true,
      },
      { usersFile: '/data/users.json', displayName: 'Here' },
    ])
  })

  it('says in one shape which attributes become session tags and source identity', async () => {
    const { providers } = await configOf({
      'idp.xml': '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"/>',
      'providers.yaml': [
        'providers:',
        '  - kind: local',
        '    name: l',
        '    sessionTags: [department, { from: cost center, to: CostCenter, transitive: true, required: true }]',
        '    sourceIdentity: username',
        '  - kind: oidc',
        '    name: o',
        '    issuer: https://i.example',
        '    audiences: [sts]',
        '    contextAssertions: true',
        '    allowTagKeys: []',
        '    sourceIdentity: { from: sub, required: true }',
        '  - { kind: saml, name: s, metadataFile: idp.xml, allowTagKeys: [Team] }',
      ],
    })
    expect(providers).toMatchObject([
      {
        sessionTags: [
          { from: 'department', to: 'department', transitive: false, required: false },
          { from: 'cost center', to: 'CostCenter', transitive: true, required: true },
        ],
        sourceIdentity: { from: 'username', required: false },
      },
      {
        sessionTags: [],
        sourceIdentity: { from: 'sub', required: true },
        allowTagKeys: [],
        contextAssertions: true,
      },
      { allowTagKeys: ['Team'], sessionTags: [] },
    ])
    expect(providers[0]).not.toHaveProperty('allowTagKeys')
    expect(providers[2]).not.toHaveProperty('sourceIdentity')
  })

  it('warns of a trusted role that is not declared', async () => {
    const loaded = await load(
      await configFolder({
        'organization.yaml': organization,
        'roles.yaml': [
          'roles:',
          '  - account: one',
          '    name: Target',
          '    trustPolicy:',
          '      Statement:',
          '        Effect: Allow',
          '        Principal: { AWS: "arn:aws:iam::012345678901:role/Gone" }',
          '        Action: sts:AssumeRole',
        ],
      }),
    )
    expect(loaded).toMatchObject({ ok: true, warnings: [{ file: 'roles.yaml', line: 7 }] })
  })
})

describe('overlays', () => {
  const overlay = (text: string) => ({ overlays: [{ name: 'demo', text }] })
  const provider =
    'providers:\n  - { kind: oidc, name: o, enabled: %, issuer: "https://i.example", audiences: [x] }\n'

  it('bring a disabled provider to life under its name', async () => {
    const files = { 'providers.yaml': provider.replace('%', 'false') }
    expect((await configOf(files)).providers).toEqual([])
    const text = 'providers:\n  - { kind: oidc, name: o, issuer: "https://j.example", audiences: [x] }\n'
    expect((await configOf(files, overlay(text))).providers).toMatchObject([{ issuer: 'https://j.example' }])
  })

  it('do not replace a provider that is in use', async () => {
    const directory = await configFolder({
      'organization.yaml': organization,
      'providers.yaml': provider.replace('%', 'true'),
    })
    const loaded = await load(directory, overlay('providers:\n  - { kind: local, name: o }\n'))
    expect(loaded).toMatchObject({
      ok: false,
      problems: [{ file: 'demo', line: 2, path: 'providers[0].name' }],
    })
  })
})

describe('the footprint', () => {
  it('changes with the content of anything that was read, and not otherwise', async () => {
    const directory = await configFolder({
      'organization.yaml': organization,
      'rolegate.yaml': 'keyRing: ${file:ring}\n',
      ring: Buffer.alloc(32, 7).toString('base64'),
    })
    const { fingerprint, directories } = (await load(directory)).footprint
    expect(directories).toContain(directory)
    expect((await load(directory)).footprint.fingerprint).toBe(fingerprint)
    await writeConfigFile(directory, 'ring', Buffer.alloc(32, 8).toString('base64'))
    expect((await load(directory)).footprint.fingerprint).not.toBe(fingerprint)
  })
})
