/**
 * The demonstration: real identity providers in this process and, where slapd is installed, a directory beside it, all
 * on loopback, all with people and passwords made for this installation only. What it adds to the configuration is an
 * overlay; the rest of the server does not know that it is a demonstration.
 */
import { generateKeyPair, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ensureCertificates } from '../config/certificates.js'
import { selfSignedCertificate } from '../config/self-signed-certificate.js'
import type { Log } from '../operation/log.js'
import type { Demo } from '../portal/portal-deps.js'
import { ensureDemoUsers } from './demo-users.js'
import { startDemoDirectory } from './directory.js'
import { requireFreeAddress } from './free-address.js'
import { startDemoOidcProvider } from './oidc-provider.js'
import { demoPeople, peopleFile, type DemoPerson } from './people.js'
import { startDemoSamlIdp } from './saml-idp.js'

export interface RunningDemo {
  readonly people: readonly DemoPerson[]
  /** Where they and their passwords are kept. */
  readonly peopleFile: string
  readonly environment: Readonly<Record<string, string>>
  readonly overlays: readonly { readonly name: string; readonly text: string }[]
  /** Where the demo organisation's policies expect the OpenID provider, and where it is. */
  readonly moved: { readonly from: string; readonly to: string }
  readonly page: Demo
  /** Addresses of what runs, for the lines that the start prints. */
  readonly oidc: { readonly tokenUrl: string } | undefined
  readonly saml: { readonly assertionUrl: string } | undefined
  readonly directoryHint: string | undefined
  close(): Promise<void>
}

interface DemoOptions {
  readonly listen: { readonly host: string; readonly port: number }
  readonly publicUrl: string
  readonly dataDirectory: string
  readonly certificatesDirectory: string
  readonly log: Log
}

/** Where the demo organisation's trust policies expect the OpenID provider. */
const usualIssuer = '127.0.0.1:8081'
const clientId = 'rolegate-demo'

/**
 * Each source on its own: one that cannot start is reported and missing, the others work.
 * @throws {Error} when the server's own address is taken: the demo that has it keeps its directory.
 */
export async function startDemo(options: DemoOptions): Promise<RunningDemo> {
  const { listen, dataDirectory, log } = options
  await requireFreeAddress(listen)
  const people = demoPeople(dataDirectory, randomBytes)
  await ensureDemoUsers(join(dataDirectory, 'users.json'), people, () => new Date())
  const port = { oidc: listen.port + 1, saml: listen.port + 2, ldap: listen.port + 3 }
  const notes: string[] = []
  const failed = (source: string) => (cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause)
    log.warn('demo.sourceMissing', { source, reason })
    notes.push(`${source} is missing: ${reason}`)
    return undefined
  }
  const clientSecret = randomBytes(24).toString('base64url')
  const oidc = await startDemoOidcProvider({
    port: port.oidc,
    dataDirectory,
    people,
    clientId,
    clientSecret,
    redirectUri: `${options.publicUrl}/signin/demo-oidc/callback`,
    log,
  }).catch(failed('The OpenID Connect provider'))
  const saml = await startSaml(options, port.saml, people).catch(failed('The SAML identity provider'))
  const directory = await startDemoDirectory({ dataDirectory, port: port.ldap, people, log })
  const directoryHint =
    directory.status === 'absent'
      ? `for a directory (LDAP), install one and start again: ${directory.hint}`
      : undefined
  if (directoryHint !== undefined) notes.push(directoryHint)
  if (directory.status === 'failed') notes.push(`The directory did not start: ${directory.reason}`)

  return {
    people,
    peopleFile: peopleFile(dataDirectory),
    environment: {
      ROLEGATE_DEMO_OIDC_SECRET: clientSecret,
      ...(directory.status === 'running' ? { ROLEGATE_DEMO_LDAP_PASSWORD: directory.bindPassword } : {}),
    },
    overlays: [
      {
        name: '--demo',
        text: JSON.stringify({
          providers: [
            ...(oidc === undefined ? [] : [oidcEntry(oidc.issuer)]),
            ...(saml === undefined ? [] : [samlEntry(saml.metadataXml)]),
            ...(directory.status === 'running' ? [ldapEntry(directory)] : []),
          ],
        }),
      },
    ],
    moved: { from: usualIssuer, to: `127.0.0.1:${port.oidc}` },
    page: {
      hints: people.map(({ username, password, groups, multiFactor }) => ({
        source: 'every source',
        username,
        password,
        note: `${groups.join(', ')}${multiFactor ? '; two factors at OpenID Connect and SAML' : ''}`,
      })),
      notes,
    },
    oidc: oidc && { tokenUrl: oidc.tokenForCurlUrl },
    saml: saml && { assertionUrl: `${saml.url}/assertion` },
    directoryHint,
    async close() {
      await Promise.all([
        oidc?.close(),
        saml?.close(),
        directory.status === 'running' ? directory.close() : undefined,
      ])
    },
  }
}

async function startSaml(options: DemoOptions, port: number, people: readonly DemoPerson[]) {
  const base = `${options.publicUrl}/signin/demo-saml`
  await ensureCertificates(options.certificatesDirectory, '127.0.0.1')
  const certificate = (name: string) => readFile(join(options.certificatesDirectory, `${name}.crt`), 'utf8')
  return startDemoSamlIdp({
    port,
    people,
    signing: await newSigningKey(),
    relyingParty: {
      entityId: `${base}/metadata`,
      acsUrl: `${base}/callback`,
      signingCertificate: await certificate('saml-signing'),
      encryptionCertificate: await certificate('saml-encryption'),
    },
  })
}

/** Fresh at every start: the metadata that goes with it is handed over in the same breath. */
async function newSigningKey(): Promise<{ readonly key: string; readonly certificate: string }> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 })
  const now = Date.now()
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: selfSignedCertificate({
      privateKey,
      commonName: 'Rolegate demo identity provider',
      hosts: [],
      usage: 'signing',
      notBefore: new Date(now - 3_600_000),
      notAfter: new Date(now + 365 * 86_400_000),
      randomBytes,
    }),
  }
}

function oidcEntry(issuer: string) {
  return {
    name: 'demo-oidc',
    kind: 'oidc',
    displayName: 'Demo OpenID Connect',
    issuer,
    insecureAllowHttp: true,
    client: {
      id: clientId,
      secret: '${env:ROLEGATE_DEMO_OIDC_SECRET}',
      scopes: ['openid', 'profile', 'email', 'groups'],
    },
    audiences: ['rolegate', 'sts.amazonaws.com'],
    attributes: ['department'],
    sessionTags: [{ from: 'department', to: 'Department', transitive: true }],
    sourceIdentity: 'preferred_username',
  }
}

function samlEntry(metadata: string) {
  return {
    name: 'demo-saml',
    kind: 'saml',
    displayName: 'Demo SAML',
    metadata,
    usernameAttribute: 'username',
    attributes: ['department'],
    sessionTags: [{ from: 'department', to: 'Department', transitive: true }],
    sourceIdentity: 'username',
  }
}

function ldapEntry(directory: { readonly url: string; readonly baseDn: string; readonly bindDn: string }) {
  return {
    name: 'demo-ldap',
    kind: 'ldap',
    displayName: 'Demo directory (LDAP)',
    urls: [directory.url],
    insecureAllowPlaintext: true,
    bind: { type: 'search', dn: directory.bindDn, password: '${env:ROLEGATE_DEMO_LDAP_PASSWORD}' },
    userSearch: { base: `ou=people,${directory.baseDn}`, idAttribute: 'entryUUID' },
    groups: { from: 'memberOf' },
    attributes: [{ from: 'departmentNumber', to: 'department' }],
    sessionTags: [{ from: 'departmentNumber', to: 'Department', transitive: true }],
    sourceIdentity: 'uid',
  }
}
