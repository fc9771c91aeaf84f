import { join } from 'node:path'
import { rm } from 'node:fs/promises'
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { ensureCertificates } from '../../src/config/certificates.js'
import type { Config } from '../../src/config/config.js'
import { openLiveConfig, type LiveConfig } from '../../src/config/live-config.js'
import type { Log } from '../../src/operation/log.js'
import { configFolder, temporaryDirectory, writeConfigFile } from '../support/config-folder.js'

const organization = (name: string) => `id: o-abcdefghij\nname: ${name}\naccounts: []\n`
const open: LiveConfig[] = []
let certificates: string

beforeAll(async () => {
  certificates = await temporaryDirectory()
  await ensureCertificates(certificates, 'localhost')
})

afterEach(() => {
  for (const live of open.splice(0)) live.close()
})

async function start(files: Readonly<Record<string, string>> = {}, certificatesDirectory = certificates) {
  const directory = await configFolder({ 'organization.yaml': organization('First'), ...files })
  const events: string[] = []
  const counts: string[] = []
  const record = (event: string): void => void events.push(event)
  const log: Log = { debug: record, info: record, warn: record, error: record }
  const opened = await openLiveConfig({
    directory,
    dataDirectory: '/data',
    certificatesDirectory,
    environment: {},
    log,
    now: () => new Date('2026-01-02T03:04:05Z'),
  })
  if (!opened.ok) throw new Error(JSON.stringify(opened.problems))
  const { live } = opened
  open.push(live)
  live.countWith({ configReload: (outcome) => void counts.push(outcome) })
  return { directory, live, events, counts, name: () => live.current().organization.name }
}

/** Resolves as soon as it holds; the test's own time limit is the only one. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20))
}

describe('the configuration in force', () => {
  it('is refused at the start with every problem', async () => {
    const directory = await configFolder({ 'organization.yaml': 'id: 1' })
    const log: Log = { debug() {}, info() {}, warn() {}, error() {} }
    const options = {
      directory,
      dataDirectory: '/d',
      certificatesDirectory: '/nowhere',
      environment: {},
      log,
    }
    expect(await openLiveConfig(options)).toMatchObject({
      ok: false,
      problems: [{ path: 'id' }, { path: 'name' }, { path: 'accounts' }],
    })
  })

  it('has the certificates that were made for its first start', async () => {
    const files = {
      'providers.yaml': 'providers: [{ kind: saml, name: s, metadata: "<EntityDescriptor />" }]',
      'rolegate.yaml': 'server: { tls: generated }',
    }
    const { live, events } = await start(files, join(await temporaryDirectory(), 'certificates'))
    expect(events).toEqual(['config.certificatesMade'])
    expect(live.current().providers[0]).toMatchObject({
      signing: {
        key: expect.stringContaining('PRIVATE KEY'),
        certificate: expect.stringContaining('CERTIFICATE'),
      },
    })
    expect(live.current().server.publicUrl).toBe('https://127.0.0.1:8080')
    expect(live.current().server.tls?.certificate).toContain('CERTIFICATE')
  })

  it('changes with a reload, and tells who listens before the reload is over', async () => {
    const { directory, live, events, counts, name } = await start()
    const told: string[] = []
    live.onChange(async (config: Config, previous: Config) => {
      await Promise.resolve()
      told.push(`${previous.organization.name} → ${config.organization.name}`)
    })
    await writeConfigFile(directory, 'organization.yaml', organization('Second'))
    expect(await live.reload()).toEqual([])
    expect(name()).toBe('Second')
    expect(told).toEqual(['First → Second'])
    expect(counts).toEqual(['success'])
    expect(events.at(-1)).toBe('config.reloaded')
    await live.reload()
    expect(told).toHaveLength(1)
  })

  it('stays the last good one while the files are wrong or gone', async () => {
    const { directory, live, events, counts, name } = await start()
    await writeConfigFile(directory, 'organization.yaml', 'id: [')
    expect(await live.reload()).not.toEqual([])
    await rm(directory, { recursive: true })
    expect(await live.reload()).toMatchObject([{ file: '.' }])
    expect(name()).toBe('First')
    expect(live.trouble()).toBe('last good, reload refused at 2026-01-02T03:04:05.000Z')
    expect(counts).toEqual(['failure', 'failure'])
    expect(events.filter((event) => event === 'config.reloadRefused')).toHaveLength(2)
    await writeConfigFile(directory, 'organization.yaml', organization('First'))
    await live.reload()
    expect(live.trouble()).toBeUndefined()
  })

  it('takes users and policies that are declared while it runs, and is not fooled by broken ones', async () => {
    const account = `${organization('First').replace(' []', '')}  - { id: "012345678901", name: One, alias: one }\n`
    const { live, directory } = await start({ 'organization.yaml': account })
    const policy = '{ Version: "2012-10-17", Statement: { Effect: Allow, Action: "s3:Get*", Resource: "*" } }'
    const reader = 'arn:aws:iam::012345678901:policy/Reader'
    await writeConfigFile(
      directory,
      'users/a.yaml',
      `users: [{ account: one, name: A, managedPolicies: ["${reader}"] }]\n`,
    )
    expect(await live.reload()).toMatchObject([{ file: 'users/a.yaml', path: 'users[0].managedPolicies[0]' }])
    expect(live.current().users).toEqual([])
    await writeConfigFile(
      directory,
      'policies.yaml',
      `policies: [{ account: one, name: Reader, policy: ${policy} }]\n`,
    )
    expect(await live.reload()).toEqual([])
    expect(live.current().users.map(({ name }) => name)).toEqual(['A'])
    expect(live.current().managedPolicies.map(({ arn }) => arn)).toContain(reader)
  })

  it('counts a listener that fails as a failure', async () => {
    const { directory, live, events, counts } = await start()
    live.onChange(() => Promise.reject(new Error('cannot')))
    await writeConfigFile(directory, 'organization.yaml', organization('Second'))
    await live.reload()
    expect(counts).toEqual(['failure'])
    expect(events).toContain('config.notApplied')
    expect(live.trouble()).toBe('not wholly applied at 2026-01-02T03:04:05.000Z')
  })

  it('reads files one reload after the other', async () => {
    const { directory, live, name } = await start()
    await writeConfigFile(directory, 'organization.yaml', organization('Second'))
    await Promise.all([live.reload(), live.reload(), live.reload()])
    expect(name()).toBe('Second')
  })
})

describe('watching', () => {
  it('reloads when a file changes, is added in a new folder, or breaks and is mended', async () => {
    const { directory, live, events, counts, name } = await start()
    live.watch()
    await writeConfigFile(directory, 'organization.yaml', organization('Second'))
    await until(() => name() === 'Second')

    await writeConfigFile(directory, 'organization.yaml', 'id: [')
    await until(() => events.includes('config.reloadRefused'))
    expect(name()).toBe('Second')
    await writeConfigFile(directory, 'organization.yaml', organization('Third'))
    await until(() => name() === 'Third')

    await writeConfigFile(directory, 'providers/local.yaml', 'providers: []\n')
    await until(() => counts.length === 4)
    await writeConfigFile(directory, 'providers/local.yaml', 'providers: [{ kind: local, name: local }]\n')
    await until(() => live.current().providers.length === 1)
    expect(counts).toEqual(['success', 'failure', 'success', 'success', 'success'])
  })
})
