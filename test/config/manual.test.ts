import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { problemLine } from '../../src/config/problem-line.js'
import { loadConfig } from '../../src/config/load-config.js'
import { ensureCertificates } from '../../src/config/certificates.js'
import { configFolder, temporaryDirectory } from '../support/config-folder.js'

const manual = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')
const examples = [...manual.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => text ?? '')
const organization = examples.find((text) => text.startsWith('id: ')) ?? ''

let certificates: string
let authority: string

beforeAll(async () => {
  certificates = await temporaryDirectory()
  await ensureCertificates(certificates, 'localhost')
  authority = readFileSync(join(certificates, 'tls.crt'), 'utf8')
})

const kindOf = (text: string): string =>
  /^(roles|users|policies|providers):/m.exec(text)?.[1] ??
  (text.startsWith('id: ') ? 'organization' : 'rolegate')

const exampleOf = (kind: string): string => examples.find((text) => kindOf(text) === kind) ?? ''

const document = { 'policies/read.json': '{"Version":"2012-10-17","Statement":[]}' }

/** What the examples of accounts lean on: each other, and a provider. */
const surroundings: Readonly<Record<string, string>> = {
  'providers.yaml': 'providers: [{ kind: saml, name: corp, metadata: "<EntityDescriptor />" }]\n',
  'policies.yaml': exampleOf('policies'),
  'users.yaml': exampleOf('users'),
}

describe('the examples of docs/configuration.md', () => {
  it('are all there', () => {
    const kinds = examples.flatMap((text) => [...text.matchAll(/kind: (\w+)/g)].map(([, kind]) => kind))
    expect(new Set(kinds)).toEqual(new Set(['ldap', 'saml', 'oidc', 'local']))
    expect(examples.map(kindOf)).toEqual(
      expect.arrayContaining(['rolegate', 'organization', 'roles', 'users', 'policies', 'providers']),
    )
  })

  it.each(examples.map((text) => [text.split('\n').slice(0, 4).join(' '), text] as const))(
    'load: %s',
    async (_, text) => {
      const kind = kindOf(text)
      const ring = Buffer.alloc(32, 1).toString('base64')
      const directory = await configFolder({
        'organization.yaml': organization,
        'rolegate.yaml': 'server: { publicUrl: "https://rolegate.example.com" }\n',
        ...(['roles', 'users', 'policies'].includes(kind) ? surroundings : {}),
        ...(text.includes('policies/read.json') ? document : {}),
        'corp-ca.pem': authority,
        'ad-ca.pem': authority,
        secret: ring,
        [`${kind}.yaml`]: text.replaceAll(/\/run\/secrets\/[\w-]+/g, 'secret'),
      })
      const loaded = await loadConfig({
        directory,
        dataDirectory: '/data',
        certificatesDirectory: certificates,
        environment: { REDIS_PASSWORD: 'x', LDAP_PASSWORD: 'x', OIDC_CLIENT_SECRET: 'x' },
      })
      expect(loaded.ok ? [] : loaded.problems.map((problem) => problemLine(problem, ''))).toEqual([])
    },
  )

  it('make one configuration of roles, users and policies, without a warning', async () => {
    const roles = examples.filter((text) => kindOf(text) === 'roles')
    const directory = await configFolder({
      ...surroundings,
      ...document,
      ...Object.fromEntries(roles.map((text, i) => [`roles/${i}.yaml`, text])),
      'organization.yaml': organization,
      'rolegate.yaml': examples.find((text) => text.includes('services:')) ?? '',
    })
    const loaded = await loadConfig({
      directory,
      dataDirectory: '/data',
      certificatesDirectory: certificates,
      environment: {},
    })
    if (!loaded.ok) throw new Error(loaded.problems.map((problem) => problemLine(problem, '')).join('\n'))
    const { config, warnings } = loaded
    expect(warnings).toEqual([])
    expect(config.users.map(({ arn }) => arn)).toEqual([
      'arn:aws:iam::012345678901:user/services/backup-agent',
      'arn:aws:iam::012345678901:user/breakglass-ada',
    ])
    const [agent] = config.users
    expect(agent?.permissions).toEqual([
      config.managedPolicies.find(({ arn }) => arn.endsWith('/BackupWriter'))?.document,
    ])
    expect(config.roles.find(({ name }) => name === 'Administrator')?.permissions).toHaveLength(1)
    expect(config.server.services).toMatchObject([
      { name: 'reports', account: '012345678901', signingName: 'reports', hosts: ['reports.example.com'] },
    ])
  })
})
