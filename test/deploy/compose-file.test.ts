import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { copyFile, cp, mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { parse } from 'yaml'

const root = fileURLToPath(new URL('../..', import.meta.url))

interface Service {
  readonly image?: string
  readonly build?: string
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
  readonly security_opt?: readonly string[]
  readonly volumes?: readonly string[]
  readonly secrets?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly networks: readonly string[] | Readonly<Record<string, { readonly ipv4_address?: string } | null>>
  readonly ports?: readonly string[]
  readonly healthcheck?: { readonly test: readonly string[] }
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>
  readonly volumes: Readonly<Record<string, unknown>>
  readonly secrets: Readonly<Record<string, { readonly file: string }>>
}

const compose = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8'), { merge: true }) as Compose
const services = Object.entries(compose.services)
const brokers = services.filter(([name]) => name.startsWith('broker-'))

/** The client with its compose plugin, or the older program, whichever is installed. */
const client = [['docker', 'compose'], ['docker-compose']].find(
  ([program = '', ...args]) => spawnSync(program, [...args, 'version']).status === 0,
)

describe('docker-compose.yml', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rolegate-compose-'))
    execFileSync('sh', [join(root, 'deploy/prepare.sh'), join(folder, 'deploy/secrets')])
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('runs two brokers of one build behind one proxy, and nothing else is reachable', () => {
    expect(brokers).toHaveLength(2)
    expect(new Set(brokers.map(([, { image, build }]) => `${build} ${image}`)).size).toBe(1)
    const published = services.filter(([, { ports }]) => ports !== undefined).map(([name]) => name)
    expect(published).toEqual(['proxy'])
    expect(compose.networks.inside?.internal).toBe(true)
    for (const [name, { networks }] of services) {
      const names = Array.isArray(networks) ? networks : Object.keys(networks)
      expect(names).toEqual(name === 'proxy' ? ['outside', 'inside'] : ['inside'])
    }
  })

  it.each(services)(
    'gives %s a read-only file system, no capabilities and no way to more',
    (_name, service) => {
      expect(service.read_only).toBe(true)
      expect(service.cap_drop).toEqual(['ALL'])
      expect(service.security_opt).toContain('no-new-privileges:true')
    },
  )

  it('asks every service for its health, and starts none before what it needs', async () => {
    const imageOfOurs = await readFile(join(root, 'Dockerfile'), 'utf8')
    for (const [name, { healthcheck, build }] of services) {
      const checked = healthcheck !== undefined || (build === '.' && imageOfOurs.includes('HEALTHCHECK'))
      expect({ name, checked }).toEqual({ name, checked: true })
    }
    for (const [, { depends_on: needs = {} }] of services) {
      for (const [other, { condition }] of Object.entries(needs)) {
        expect(compose.services[other]).toBeDefined()
        expect(condition).toBe('service_healthy')
      }
    }
  })

  it('asks a broker whether it is alive, and not whether all that it needs is there', async () => {
    const [, command = ''] =
      /^HEALTHCHECK .*\n\s+CMD (.*)$/m.exec(await readFile(join(root, 'Dockerfile'), 'utf8')) ?? []
    const [, ...args] = JSON.parse(command) as readonly string[]
    for (const [path, answers] of [
      ['/healthz', true],
      ['/readyz', false],
    ] as const) {
      const server = createServer(({ url }, response) => response.writeHead(url === path ? 200 : 503).end())
      await once(server.listen(0, '127.0.0.1'), 'listening')
      const { port } = server.address() as AddressInfo
      const asked = args.map((argument) => argument.replace(':8080', `:${String(port)}`))
      const [code] = (await once(spawn(process.execPath, asked), 'exit')) as [number]
      server.close()
      expect({ path, code }).toEqual({ path, code: answers ? 0 : 1 })
    }
    for (const [, { healthcheck }] of services)
      expect(JSON.stringify(healthcheck ?? {})).not.toContain('readyz')
  })

  it('mounts only what is there', () => {
    for (const [, { volumes = [] }] of services) {
      for (const volume of volumes) {
        const [source = ''] = volume.split(':')
        const known = source.startsWith('.') ? existsSync(join(root, source)) : source in compose.volumes
        expect({ source, known }).toEqual({ source, known: true })
      }
    }
  })

  it('takes every secret from a file that prepare.sh makes, and none from the environment', async () => {
    const used = services.flatMap(([, { secrets = [] }]) => secrets)
    expect(new Set(used)).toEqual(new Set(Object.keys(compose.secrets)))
    for (const { file } of Object.values(compose.secrets)) {
      expect((await stat(join(folder, file))).size).toBeGreaterThan(40)
    }
    const environment = services.flatMap(([, { environment = {} }]) => Object.keys(environment))
    expect(environment.filter((name) => /PASSWORD|SECRET|KEY|TOKEN/.test(name))).toEqual([])
  })

  it('gives the brokers every secret that their configuration reads', async () => {
    const texts = await Promise.all(
      ['rolegate.yaml', 'providers.yaml'].map((name) => readFile(join(root, 'deploy/config', name), 'utf8')),
    )
    const read = [...texts.join('').matchAll(/\/run\/secrets\/([\w.]+)/g)].map(([, name]) => name)
    for (const [, { secrets = [] }] of brokers) expect(new Set(secrets)).toEqual(new Set(read))
  })

  it('has the proxy at the one address that the brokers trust', async () => {
    const { networks } = compose.services.proxy ?? {}
    const address = Array.isArray(networks) ? undefined : Object.entries(networks ?? {})
    expect(address).toContainEqual(['inside', { ipv4_address: '172.30.80.10' }])
    expect(await readFile(join(root, 'deploy/config/rolegate.yaml'), 'utf8')).toContain(
      'trustedProxies: [172.30.80.10]',
    )
  })

  it(`is a whole${client === undefined ? '' : `, says ${client.join(' ')} config`}`, async () => {
    for (const name of ['docker-compose.yml', 'Dockerfile']) {
      await copyFile(join(root, name), join(folder, name))
    }
    for (const name of ['config', 'ldap', 'proxy', 'redis']) {
      await mkdir(join(folder, 'deploy'), { recursive: true })
      await cp(join(root, 'deploy', name), join(folder, 'deploy', name), { recursive: true })
    }
    // Without the client the other tests of this file stand alone; with it, its word counts too.
    if (client === undefined) return
    const [program = '', ...args] = client
    const { status, stderr } = spawnSync(program, [
      ...args,
      '-f',
      join(folder, 'docker-compose.yml'),
      'config',
      '-q',
    ])
    expect({ status, stderr: stderr.toString() }).toEqual({ status: 0, stderr: '' })
  })
})

describe('prepare.sh', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rolegate-prepare-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))
  const prepare = () =>
    execFileSync('sh', [join(root, 'deploy/prepare.sh'), join(folder, 'secrets')]).toString()

  it('closes the folder to others, makes different secrets each time, and leaves alone what is there', async () => {
    const said = prepare()
    const secrets = join(folder, 'secrets')
    expect((await stat(secrets)).mode & 0o777).toBe(0o700)
    expect((await stat(join(secrets, 'ca.key'))).mode & 0o777).toBe(0o600)
    const names = [
      'key_ring',
      'redis_password',
      'ldap_people_password',
      'ca.pem',
      'proxy.pem',
      'directory.key',
    ]
    const read = () => Promise.all(names.map((name) => readFile(join(secrets, name), 'utf8')))
    const first = await read()
    for (const secret of first.slice(0, 3)) expect(said).not.toContain(secret)
    prepare()
    expect(await read()).toEqual(first)
    await rm(secrets, { recursive: true })
    prepare()
    for (const [n, secret] of (await read()).entries()) expect(secret).not.toBe(first[n])
  })

  it('makes certificates that its authority vouches for, by name', () => {
    const secrets = join(folder, 'secrets')
    for (const [certificate, host] of [
      ['proxy.pem', 'localhost'],
      ['directory.pem', 'directory'],
    ] as const) {
      const args = [
        'verify',
        '-CAfile',
        join(secrets, 'ca.pem'),
        '-purpose',
        'sslserver',
        '-verify_hostname',
        host,
      ]
      expect(spawnSync('openssl', [...args, join(secrets, certificate)]).status).toBe(0)
    }
  })
})
