/**
 * A directory for the demo: Debian's slapd on loopback with the demo people and groups, fresh at every start. Runs
 * as nobody when we are root, otherwise as ourselves. It ends with this process: by `close`, at exit, and through a
 * small guard also when this process is killed. Only when guard and all are killed at once one stays behind; the
 * next start recognises it by its pid file, program and folder, and ends it.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { chown, mkdir, readFile, readlink, realpath, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { escapeDnValue } from '../federation/ldap/dn.js'
import { loadEntries, type NewEntry } from '../federation/ldap/load-entries.js'
import type { Log } from '../operation/log.js'

export type DemoDirectory =
  | {
      readonly status: 'running'
      readonly url: string
      readonly baseDn: string
      /** An account that may read people and groups, and no passwords. */
      readonly bindDn: string
      readonly bindPassword: string
      close(): Promise<void>
    }
  | { readonly status: 'absent'; readonly hint: string }
  | { readonly status: 'failed'; readonly reason: string }

export interface DirectoryPerson {
  readonly username: string
  readonly displayName: string
  readonly email: string
  readonly department: string
  readonly groups: readonly string[]
  readonly password: string
}

const program = '/usr/sbin/slapd'
const baseDn = 'dc=demo,dc=example'
const administratorDn = `cn=administrator,${baseDn}`
const readerDn = `cn=rolegate,${baseDn}`
/** Debian's nobody and nogroup. */
const nobody = { uid: 65_534, gid: 65_534 }

/** People are `uid=<username>,ou=people`, groups `cn=<name>,ou=groups` with `member` and, on people, `memberOf`. */
export async function startDemoDirectory(options: {
  readonly dataDirectory: string
  readonly port: number
  readonly people: readonly DirectoryPerson[]
  readonly log: Log
}): Promise<DemoDirectory> {
  if (!existsSync(program)) return { status: 'absent', hint: 'apt-get install slapd ldap-utils' }
  const folder = join(options.dataDirectory, 'demo', 'directory')
  const passwords = { administrator: secret(), reader: secret() }
  let server: SlapdProcess | undefined
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await endStale(folder)
    await prepare(folder, slapdConfig(passwords.administrator))
    const url = `ldap://127.0.0.1:${options.port}`
    server = startProcess(folder, url)
    const { alive, problem } = server
    await loadEntries(
      url,
      { dn: administratorDn, password: passwords.administrator },
      [...skeleton(passwords.reader), ...peopleEntries(options.people), ...groupEntries(options.people)],
      { waitMs: 10_000, alive },
    ).catch((cause: unknown) => {
      throw alive() ? cause : new Error(problem(), { cause })
    })
    options.log.info('demo directory started', { url, people: options.people.length })
    return {
      status: 'running',
      url,
      baseDn,
      bindDn: readerDn,
      bindPassword: passwords.reader,
      close: server.end,
    }
  } catch (cause) {
    await server?.end()
    const reason = cause instanceof Error ? cause.message : String(cause)
    options.log.warn('demo directory not started', { reason })
    return { status: 'failed', reason }
  }
}

/** Paths are relative to the folder, which is the server's working directory: nobody may not walk down to it. */
function slapdConfig(administratorPassword: string): string {
  return `include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
pidfile ./slapd.pid
sizelimit 500
database mdb
suffix "${baseDn}"
rootdn "${administratorDn}"
rootpw ${hashed(administratorPassword)}
directory ./database
maxsize 33554432
index objectClass,uid,cn,member eq
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="${readerDn}" read by self read by * none
overlay memberof
memberof-group-oc groupOfNames
memberof-member-ad member
memberof-memberof-ad memberOf
`
}

async function prepare(folder: string, config: string): Promise<void> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(join(folder, 'database'), { recursive: true, mode: 0o700 })
  await writeFile(join(folder, 'slapd.conf'), config, { mode: 0o600 })
  if (process.getuid?.() !== 0) return
  for (const path of [folder, join(folder, 'database'), join(folder, 'slapd.conf')]) {
    await chown(path, nobody.uid, nobody.gid)
  }
}

interface SlapdProcess {
  readonly alive: () => boolean
  /** What it said before it ended. */
  readonly problem: () => string
  readonly end: () => Promise<void>
}

function startProcess(folder: string, url: string): SlapdProcess {
  const child: ChildProcess = spawn(program, ['-f', 'slapd.conf', '-h', `${url}/`, '-d', '0'], {
    cwd: folder,
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(process.getuid?.() === 0 ? nobody : {}),
  })
  let said = ''
  child.stderr?.on('data', (data: Buffer) => {
    said = `${said}${data.toString()}`.slice(-1_000)
  })
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
    child.once('error', (cause) => {
      said += cause.message
      resolve()
    })
  })
  const alive = () => child.pid !== undefined && child.exitCode === null && child.signalCode === null
  const kill = () => void (alive() && child.kill('SIGTERM'))
  // Its input closes when this process ends in whatever way; then it ends the server.
  const guard = spawn('/bin/sh', ['-c', 'read -r _; kill "$1" 2>/dev/null', 'sh', String(child.pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  guard.on('error', () => {})
  guard.unref()
  // A dead server's number may come to belong to somebody else.
  void ended.then(() => guard.kill('SIGKILL'))
  child.unref()
  process.once('exit', kill)
  return {
    alive,
    problem: () => said.trim() || `slapd ended with status ${child.exitCode ?? child.signalCode}`,
    async end() {
      process.off('exit', kill)
      child.ref()
      kill()
      await ended
    },
  }
}

/** Ends what an earlier start left, if the process of the pid file is slapd and lives in this very folder. */
async function endStale(folder: string): Promise<void> {
  const file = await readFile(join(folder, 'slapd.pid'), 'utf8').catch(() => '')
  const pid = Number.parseInt(file, 10)
  for (let tries = 0; tries < 100 && (await isOurs(pid, folder)); tries += 1) {
    if (tries === 0) process.kill(pid, 'SIGTERM')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** False too for a process that has ended and was not collected: it has no command line any more. */
async function isOurs(pid: number, folder: string): Promise<boolean> {
  try {
    const [command] = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0')
    return command === program && (await readlink(`/proc/${pid}/cwd`)) === (await realpath(folder))
  } catch {
    return false
  }
}

function skeleton(readerPassword: string): readonly NewEntry[] {
  const unit = (name: string): NewEntry => ({
    dn: `ou=${name},${baseDn}`,
    attributes: { objectClass: ['organizationalUnit'], ou: [name] },
  })
  return [
    { dn: baseDn, attributes: { objectClass: ['dcObject', 'organization'], dc: ['demo'], o: ['Demo'] } },
    {
      dn: readerDn,
      attributes: {
        objectClass: ['organizationalRole', 'simpleSecurityObject'],
        cn: ['rolegate'],
        userPassword: [hashed(readerPassword)],
      },
    },
    unit('people'),
    unit('groups'),
  ]
}

function peopleEntries(people: readonly DirectoryPerson[]): readonly NewEntry[] {
  return people.map((person) => ({
    dn: personDn(person),
    attributes: {
      objectClass: ['inetOrgPerson'],
      uid: [person.username],
      cn: [person.displayName],
      sn: [person.displayName.split(' ').at(-1) ?? person.displayName],
      displayName: [person.displayName],
      mail: [person.email],
      departmentNumber: [person.department],
      userPassword: [hashed(person.password)],
    },
  }))
}

function groupEntries(people: readonly DirectoryPerson[]): readonly NewEntry[] {
  const names = [...new Set(people.flatMap(({ groups }) => groups))].sort()
  return names.map((name) => ({
    dn: `cn=${escapeDnValue(name)},ou=groups,${baseDn}`,
    attributes: {
      objectClass: ['groupOfNames'],
      cn: [name],
      member: people.filter(({ groups }) => groups.includes(name)).map(personDn),
    },
  }))
}

function personDn({ username }: DirectoryPerson): string {
  return `uid=${escapeDnValue(username)},ou=people,${baseDn}`
}

/** The only salted form that slapd knows without further modules; the passwords are random and live for one start. */
function hashed(password: string): string {
  const salt = randomBytes(16)
  const digest = createHash('sha1').update(password).update(salt).digest()
  return `{SSHA}${Buffer.concat([digest, salt]).toString('base64')}`
}

function secret(): string {
  return randomBytes(24).toString('base64url')
}
