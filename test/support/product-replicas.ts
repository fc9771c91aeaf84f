/**
 * The built product several times, as on several machines: folders of their own, one Redis, one public address, the
 * same bare keys by reference, and identity providers that all of them know.
 */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startOidcProvider } from './oidc-provider.js'
import { startProduct, type Product } from './product.js'
import { configureTokenService } from './product-token-service.js'
import { ask, formType } from './product-visitor.js'
import { freePort, startRedis, type RedisServer } from './redis.js'
import { makeKeyAndCertificate } from './saml-certificate.js'
import { grace, startTestSamlIdp } from './saml-idp.js'

export const federatedRole = 'arn:aws:iam::777788889999:role/Federated'
export const samlProvider = 'arn:aws:iam::777788889999:saml-provider/corp'

export interface Replicas {
  /** In the order of their ports; the last port is for one that comes later. */
  readonly ports: readonly number[]
  /** Of all replicas, whichever answers. */
  readonly publicUrl: string
  readonly redis: RedisServer
  start(port: number, ringFile: string): Promise<Product>
  /** Writes bare keys, the first of them active, into a file of that name. @returns its path. */
  writeRing(name: string, keys: readonly string[]): Promise<string>
  /** Settings that are taken over while a replica runs. */
  change(replica: Product, settings: object): Promise<void>
  webIdentityToken(): Promise<string>
  samlAssertion(): Promise<string>
  /** After the replicas themselves. */
  stop(): Promise<void>
}

export const newRingKey = (): string => randomBytes(32).toString('base64')

export async function prepareReplicas(count: number): Promise<Replicas> {
  const folder = await mkdtemp(join(tmpdir(), 'rolegate-replicas-'))
  const ports = await Promise.all(Array.from({ length: count }, freePort))
  const publicUrl = `http://127.0.0.1:${String(ports[0])}`
  // What Redis acknowledged is there again when it comes back.
  const redis = await startRedis(['--appendonly', 'yes', '--appendfsync', 'always'])
  const oidc = await startOidcProvider({ name: 'pipelines' })
  const saml = await startTestSamlIdp({
    signing: makeKeyAndCertificate('idp'),
    relyingParty: {
      entityId: `${publicUrl}/signin/corp/metadata`,
      acsUrl: `${publicUrl}/signin/corp/callback`,
    },
  })
  const settings = (ringFile: string) => ({
    server: { publicUrl, publicHosts: ports.map((port) => `127.0.0.1:${String(port)}`) },
    keyRing: `\${file:${ringFile}}`,
    store: { type: 'redis', nodes: [`127.0.0.1:${String(redis.port)}`], timeout: '500ms' },
  })
  const providers = [
    {
      kind: 'oidc',
      name: 'pipelines',
      displayName: 'Pipelines',
      issuer: oidc.issuer,
      insecureAllowHttp: true,
      audiences: ['pipelines'],
    },
    { kind: 'saml', name: 'corp', displayName: 'Corp', metadata: saml.metadataXml },
  ]
  const trustsBoth = [
    [samlProvider, 'sts:AssumeRoleWithSAML'],
    [`arn:aws:iam::777788889999:oidc-provider/${new URL(oidc.issuer).host}`, 'sts:AssumeRoleWithWebIdentity'],
  ].map(([Federated, Action]) => ({ Effect: 'Allow', Principal: { Federated }, Action }))
  const roles = [
    {
      account: '777788889999',
      name: 'Federated',
      trustPolicy: { Version: '2012-10-17', Statement: trustsBoth },
    },
  ]
  const ringOf = new Map<Product, string>()

  async function proof(url: string, form: Readonly<Record<string, string>>): Promise<string> {
    const { origin, pathname } = new URL(url)
    const answer = await ask(origin, pathname, {
      body: new URLSearchParams(form).toString(),
      headers: formType,
    })
    if (answer.status !== 200) throw new Error(`${url} answered ${String(answer.status)}`)
    return answer.text.trim()
  }
  return {
    ports,
    publicUrl,
    redis,
    async start(port, ringFile) {
      const replica = await startProduct({
        demo: false,
        port,
        async configure({ config }) {
          await configureTokenService(config, settings(ringFile))
          await writeFile(join(config, 'providers', 'replicas.json'), JSON.stringify({ providers }))
          await writeFile(join(config, 'roles', 'replicas.json'), JSON.stringify({ roles }))
        },
      })
      ringOf.set(replica, ringFile)
      return replica
    },
    async writeRing(name, keys) {
      const file = join(folder, name)
      await writeFile(`${file}.new`, `${keys.join('\n')}\n`, { mode: 0o600 })
      await rename(`${file}.new`, file)
      return file
    },
    change: (replica, more) =>
      configureTokenService(replica.configDirectory, { ...settings(ringOf.get(replica) ?? ''), ...more }),
    webIdentityToken() {
      const { username, password } = oidc.person('grace')
      return proof(oidc.tokenForCurlUrl, { username, password, audience: 'pipelines' })
    },
    samlAssertion: () =>
      proof(`${saml.url}/assertion`, { username: grace.username, password: grace.password }),
    async stop() {
      await Promise.all([redis.stop(), oidc.close(), saml.close()])
      await rm(folder, { recursive: true, force: true })
    },
  }
}
