/** What docker-compose.yml starts, started here without containers: the same files, scripts and commands. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { parse } from 'yaml'
import { loadConfig } from '../../src/config/load-config.js'
import type { Config } from '../../src/config/config.js'
import { createLdapProvider } from '../../src/federation/ldap/ldap-provider.js'
import type { IdentityProvider } from '../../src/federation/assertion.js'
import { createRedisStore } from '../../src/store/redis-store.js'
import { freePort, waitUntil } from '../support/redis.js'
import { keptLog } from '../support/silent-log.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
let folder: string
let secrets: string
const running: ChildProcess[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rolegate-deploy-'))
  secrets = join(folder, 'secrets')
  execFileSync('sh', [join(root, 'deploy/prepare.sh'), secrets])
})
afterAll(async () => {
  for (const { pid, exitCode } of running) {
    if (pid !== undefined && exitCode === null) process.kill(-pid, 'SIGKILL')
  }
  await rm(folder, { recursive: true, force: true })
})

const secret = (name: string) => readFileSync(join(secrets, name), 'utf8')

/** In a process group of its own, which ends as a whole. */
function start(command: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const [program = '', ...args] = command
  const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`
  const child = spawn(program, args, {
    detached: true,
    stdio: 'ignore',
    env: { ...process.env, ...environment, PATH: path },
  })
  running.push(child)
  // Its input closes when this process ends in whatever way, and then it ends the group.
  const guard = spawn('sh', ['-c', 'read -r _; kill -9 -- "-$1" 2>/dev/null', 'sh', String(child.pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  child.once('exit', () => guard.kill('SIGKILL'))
  guard.unref()
}

async function configuration(addresses: { readonly directory?: string; readonly redis?: string } = {}) {
  const loaded = await loadConfig({
    directory: join(root, 'deploy/config'),
    dataDirectory: join(folder, 'data'),
    certificatesDirectory: join(folder, 'certs'),
    environment: { ROLEGATE_PUBLIC_URL: 'https://localhost:8443' },
    rewrite: (text) =>
      text
        .replaceAll('/run/secrets', secrets)
        .replaceAll('ldaps://directory:1636', addresses.directory ?? 'ldaps://directory:1636')
        .replaceAll('redis:6379', addresses.redis ?? 'redis:6379'),
  })
  return loaded
}
async function configOf(addresses: Parameters<typeof configuration>[0]): Promise<Config> {
  const loaded = await configuration(addresses)
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  return loaded.config
}

describe('deploy/config', () => {
  it('has no problems and no warnings with the environment and the secrets that the compose file gives', async () => {
    const loaded = await configuration()
    expect(loaded).toMatchObject({ ok: true, warnings: [] })
  })

  it('serves the proxy’s address, shares its keys, and weakens nothing but the closed network to Redis', async () => {
    const { server, insecure } = await configOf({})
    expect(server.publicUrl).toBe('https://localhost:8443')
    expect(server.keyRing).toBe(secret('key_ring'))
    expect(server.store).toMatchObject({ type: 'redis', password: secret('redis_password') })
    expect(insecure).toEqual(['rolegate.yaml: store.insecureAllowPlaintext'])
  })
})

describe('the directory of the compose file', () => {
  let provider: IdentityProvider
  beforeAll(async () => {
    const port = await freePort()
    for (const name of ['data', 'run']) mkdirSync(join(folder, 'ldap', name), { recursive: true })
    start(['sh', join(root, 'deploy/ldap/start.sh')], {
      SECRETS: secrets,
      DATA: join(folder, 'ldap/data'),
      RUN: join(folder, 'ldap/run'),
      URL: `ldaps://127.0.0.1:${port}/`,
    })
    const config = await configOf({ directory: `ldaps://localhost:${port}` })
    const settings = config.providers.find((one) => one.kind === 'ldap')!
    const { publicUrl } = config.server
    provider = createLdapProvider(settings, { now: () => new Date(), log: keptLog(), publicUrl })
    await waitUntil(
      async () => (await signIn('ada', secret('ldap_people_password'))) !== null,
      'the directory',
    )
  })
  const signIn = (name: string, password: string) => provider.password!.authenticate(name, password)

  it.each([
    ['ada', ['administrators', 'developers'], 'engineering'],
    ['grace', ['auditors'], 'security'],
    ['linus', ['developers'], 'engineering'],
    ['olga', [], 'finance'],
  ])('signs %s in with groups %j', async (name, groups, department) => {
    const assertion = await signIn(name, secret('ldap_people_password'))
    expect([...(assertion?.groups ?? ['nobody'])].toSorted()).toEqual(groups)
    expect(assertion?.conditionKeys.get('ldap:department')).toBe(department)
  })

  it('refuses a wrong password, an empty one, and the service account as a person', async () => {
    expect(await signIn('ada', 'wrong')).toBeNull()
    expect(await signIn('ada', '')).toBeNull()
    expect(await signIn('rolegate', secret('ldap_service_password'))).toBeNull()
  })
})

describe('the Redis of the compose file', () => {
  it('takes its password from the secret, keeps what it is given, and lets the store in', async () => {
    const port = await freePort()
    const file = readFileSync(join(root, 'docker-compose.yml'), 'utf8')
    const { services } = parse(file, { merge: true }) as {
      services: { redis: { command: readonly string[] } }
    }
    const command = services.redis.command.map((word) =>
      word
        .replaceAll('$$', '$')
        .replaceAll('/run/secrets', secrets)
        .replaceAll('/etc/redis/redis.conf', join(root, 'deploy/redis/redis.conf'))
        .replaceAll('redis-server -', `redis-server - --port ${port} --dir ${folder} --bind 127.0.0.1`),
    )
    start(command)
    const { server } = await configOf({ redis: `127.0.0.1:${port}` })
    if (server.store.type !== 'redis') throw new Error('not redis')
    const store = await createRedisStore(server.store, { log: keptLog() })
    expect(await store.add('key', 'value', new Date(Date.now() + 60_000))).toBe(true)
    expect(await store.take('key')).toBe('value')
    await store.close()
    const wrong = createRedisStore({ ...server.store, password: 'wrong' }, { log: keptLog() })
    await expect(wrong).rejects.toMatchObject({ code: 'StoreUnavailable' })
  })
})
