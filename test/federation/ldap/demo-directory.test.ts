import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import { startDemoDirectory, type DemoDirectory } from '../../../src/demo/directory.js'
import { createLdapProvider } from '../../../src/federation/ldap/ldap-provider.js'
import { testClock } from '../../support/clock.js'
import { keptLog } from '../../support/silent-log.js'
import { freePort } from '../../support/slapd.js'
import { ldapSettings } from './settings.js'

type Running = DemoDirectory & { status: 'running' }

const people = [
  {
    username: 'ada',
    displayName: 'Ada Lovelace',
    email: 'ada@demo.example',
    department: 'Engineering',
    groups: ['developers', 'admins'],
    password: 'ada-secret',
  },
  {
    username: 'alan',
    displayName: 'Alan Turing',
    email: 'alan@demo.example',
    department: 'Finance',
    groups: [],
    password: 'alan-secret',
  },
]

describe('the demo directory', () => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'rolegate-demo-'))
  const pidFile = join(dataDirectory, 'demo', 'directory', 'slapd.pid')
  const log = keptLog()
  let running: Running | undefined
  afterEach(async () => {
    await running?.close()
    running = undefined
    rmSync(dataDirectory, { recursive: true, force: true })
  })

  async function start(port: number): Promise<DemoDirectory> {
    const started = await startDemoDirectory({ dataDirectory, port, people, log })
    if (started.status === 'running') running = started
    return started
  }

  function signIn(directory: Running, username: string, password: string) {
    const provider = createLdapProvider(
      ldapSettings({
        urls: [directory.url],
        bind: { type: 'search', dn: directory.bindDn, password: directory.bindPassword },
        userSearch: { ...ldapSettings().userSearch, base: `ou=people,${directory.baseDn}` },
        attributes: [{ from: 'departmentNumber', to: 'department', list: false }],
        groups: {
          from: 'both',
          memberOfAttribute: 'memberOf',
          nameAttribute: 'cn',
          search: { base: `ou=groups,${directory.baseDn}`, scope: 'sub', filter: '(member={dn})' },
        },
      }),
      { now: testClock().now, log, publicUrl: 'http://127.0.0.1:8080' },
    )
    return provider.password!.authenticate(username, password)
  }

  it('lets its people sign in, with groups and department, from a folder that only we may enter', async () => {
    chmodSync(dataDirectory, 0o700)
    const directory = (await start(await freePort())) as Running
    expect(directory.status).toBe('running')
    const ada = await signIn(directory, 'ada', 'ada-secret')
    expect(ada).toMatchObject({
      displayName: 'Ada Lovelace',
      email: 'ada@demo.example',
      groups: ['admins', 'developers'],
    })
    expect(ada?.conditionKeys.get('ldap:department')).toBe('Engineering')
    expect((await signIn(directory, 'alan', 'alan-secret'))?.groups).toEqual([])
    expect(await signIn(directory, 'alan', 'ada-secret')).toBeNull()
    const config = readFileSync(join(dataDirectory, 'demo', 'directory', 'slapd.conf'), 'utf8')
    expect(config).not.toContain('ada-secret')
  })

  it('is gone after close, and can be started again', async () => {
    const port = await freePort()
    for (let times = 0; times < 2; times += 1) {
      const directory = (await start(port)) as Running
      expect(directory.status).toBe('running')
      const pid = Number(readFileSync(pidFile, 'utf8'))
      await directory.close()
      expect(existsSync(`/proc/${pid}`)).toBe(false)
    }
  })

  it('ends a server that an earlier start left behind, and no other process', async () => {
    const first = (await start(await freePort())) as Running
    const pid = Number(readFileSync(pidFile, 'utf8'))
    const second = await start(await freePort())
    expect(second.status).toBe('running')
    await first.close()
    expect(existsSync(`/proc/${pid}`)).toBe(false)

    const bystander = spawn('sleep', ['60'], { stdio: 'ignore' })
    await (second as Running).close()
    writeFileSync(pidFile, `${bystander.pid}\n`)
    expect((await start(await freePort())).status).toBe('running')
    expect(bystander.exitCode).toBeNull()
    bystander.kill('SIGKILL')
  })

  it('says why when it cannot start', async () => {
    const taken = (await start(await freePort())) as Running
    const other = mkdtempSync(join(tmpdir(), 'rolegate-demo-'))
    const port = Number(new URL(taken.url).port)
    const second = await startDemoDirectory({ dataDirectory: other, port, people, log })
    expect(second).toEqual({ status: 'failed', reason: expect.any(String) })
    rmSync(other, { recursive: true, force: true })
  })
})
