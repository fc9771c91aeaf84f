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
  /^(roles|providers):/m.exec(text)?.[1] ?? (text === organization ? 'organization' : 'rolegate')

describe('the examples of docs/configuration.md', () => {
  it('are all there', () => {
    const kinds = examples.flatMap((text) => [...text.matchAll(/kind: (\w+)/g)].map(([, kind]) => kind))
    expect(new Set(kinds)).toEqual(new Set(['ldap', 'saml', 'oidc', 'local']))
    expect(examples.map(kindOf)).toEqual(
      expect.arrayContaining(['rolegate', 'organization', 'roles', 'providers']),
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
        ...(kind === 'roles'
          ? {
              'providers.yaml': 'providers: [{ kind: saml, name: corp, metadata: "<EntityDescriptor />" }]\n',
            }
          : {}),
        ...(kind === 'roles' ? { 'policies/read.json': '{"Version":"2012-10-17","Statement":[]}' } : {}),
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
})
