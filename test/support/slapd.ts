/**
 * A real slapd for tests: free loopback ports, LDAPS and StartTLS with certificates made for the run, people and
 * groups with every awkward name. Ends with the process that started it, also when that process is killed.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { escapeDnValue } from '../../src/federation/ldap/dn.js'
import { loadEntries, type NewEntry } from '../../src/federation/ldap/load-entries.js'
import { createAuthority } from './certificates.js'

export interface Slapd {
  readonly url: string
  readonly ldaps: string
  readonly port: number
  /** PEM of the authority that signed the server's certificate for `localhost` and `127.0.0.1`. */
  readonly ca: string
  readonly reader: { readonly dn: string; readonly password: string }
  /** Like the reader, but the server holds back what is beyond 500 entries. */
  readonly limitedReader: { readonly dn: string; readonly password: string }
  /** SIGSTOP and SIGCONT: the ports stay open and say nothing. */
  freeze(): void
  thaw(): void
  readonly stop: () => Promise<void>
  readonly restart: () => Promise<void>
}

export const baseDn = 'dc=example,dc=test'
const program = '/usr/sbin/slapd'
const administrator = { dn: `cn=admin,${baseDn}`, password: 'admin-secret' }

export interface SlapdPerson {
  readonly uid: string
  readonly password?: string
  readonly attributes?: Readonly<Record<string, readonly string[]>>
  /** Below `ou=people`, e.g. `ou=interns`. */
  readonly unit?: string
}

export interface SlapdGroup {
  readonly cn: string
  readonly members: readonly string[]
  /** Default `ou=groups`. */
  readonly unit?: string
}

/** Nobody but the reader may read the entry of `blind`, not even that person. */
export async function startSlapd(options: {
  readonly people: readonly SlapdPerson[]
  readonly groups?: readonly SlapdGroup[]
  /** Without certificates the server knows no StartTLS. */
  readonly tls?: boolean
}): Promise<Slapd> {
  if (!existsSync(program)) throw new Error('slapd is missing: apt-get install slapd ldap-utils')
  const tls = options.tls ?? true
  const folder = mkdtempSync(join(tmpdir(), 'rolegate-slapd-'))
  mkdirSync(join(folder, 'database'))
  const authority = createAuthority()
  const server = authority.issue()
  writeFileSync(join(folder, 'ca.pem'), authority.certificate)
  writeFileSync(join(folder, 'server.pem'), server.certificate)
  writeFileSync(join(folder, 'server.key'), server.key)
  writeFileSync(join(folder, 'slapd.conf'), config(folder, tls))
  const root = process.getuid?.() === 0
  if (root) for (const name of ['', ...readdirSync(folder)]) chownSync(join(folder, name), 65_534, 65_534)

  const port = await freePort()
  const tlsPort = await freePort()
  const urls = [`ldap://127.0.0.1:${port}/`, ...(tls ? [`ldaps://127.0.0.1:${tlsPort}/`] : [])]
  let running: Running | undefined
  const start = async (entries: readonly NewEntry[]) => {
    running = launch(['-f', join(folder, 'slapd.conf'), '-h', urls.join(' '), '-d', '0'], root)
    const { alive } = running
    await loadEntries(`ldap://127.0.0.1:${port}`, administrator, entries, { waitMs: 15_000, alive })
  }
  try {
    await start([...tree(), ...options.people.map(personEntry), ...(options.groups ?? []).map(groupEntry)])
  } catch (cause) {
    await running?.end()
    throw cause
  }
  return {
    url: `ldap://127.0.0.1:${port}`,
    ldaps: `ldaps://localhost:${tlsPort}`,
    port,
    ca: authority.certificate,
    reader: { dn: `cn=reader,${baseDn}`, password: 'reader-secret' },
    limitedReader: { dn: `cn=limited,${baseDn}`, password: 'limited-secret' },
    freeze: () => running?.signal('SIGSTOP'),
    thaw: () => running?.signal('SIGCONT'),
    restart: async () => {
      await running?.end()
      await start([])
    },
    stop: async () => {
      await running?.end()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export function personDn({ uid, unit }: SlapdPerson): string {
  return `uid=${escapeDnValue(uid)},${unit === undefined ? '' : `${unit},`}ou=people,${baseDn}`
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

function personEntry(person: SlapdPerson): NewEntry {
  return {
    dn: personDn(person),
    attributes: {
      objectClass: ['inetOrgPerson', 'adLike'],
      uid: [person.uid],
      cn: [person.uid],
      sn: [person.uid],
      ...(person.password === undefined ? {} : { userPassword: [person.password] }),
      ...person.attributes,
    },
  }
}

function groupEntry({ cn, members, unit = 'ou=groups' }: SlapdGroup): NewEntry {
  return {
    dn: `cn=${escapeDnValue(cn)},${unit},${baseDn}`,
    attributes: { objectClass: ['groupOfNames'], cn: [cn], member: members },
  }
}

function tree(): readonly NewEntry[] {
  const unit = (path: string): NewEntry => ({
    dn: `${path},${baseDn}`,
    attributes: { objectClass: ['organizationalUnit'], ou: [path.split(/[=,]/)[1] ?? ''] },
  })
  const account = (name: string): NewEntry => ({
    dn: `cn=${name},${baseDn}`,
    attributes: {
      objectClass: ['organizationalRole', 'simpleSecurityObject'],
      cn: [name],
      userPassword: [`${name}-secret`],
    },
  })
  return [
    {
      dn: baseDn,
      attributes: { objectClass: ['dcObject', 'organization'], dc: ['example'], o: ['Example'] },
    },
    account('reader'),
    account('limited'),
    unit('ou=people'),
    unit('ou=interns,ou=people'),
    unit('ou=groups'),
    unit('ou=elsewhere'),
    {
      dn: `ou=far,${baseDn}`,
      attributes: {
        objectClass: ['referral', 'extensibleObject'],
        ou: ['far'],
        ref: ['ldap://127.0.0.1:1/ou=far,dc=other,dc=test'],
      },
    },
  ]
}

/** The few attributes of Active Directory that a broker reads, under its own numbers. */
const adSchema = `
attributetype ( 1.2.840.113556.1.4.8 NAME 'userAccountControl' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.2 NAME 'objectGUID' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.146 NAME 'objectSid' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
objectclass ( 1.3.6.1.4.1.99999.1 NAME 'adLike' SUP top AUXILIARY MAY ( userAccountControl $ objectGUID $ objectSid ) )
`

function config(folder: string, tls: boolean): string {
  writeFileSync(join(folder, 'ad.schema'), adSchema)
  return `include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include ${folder}/ad.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
moduleload ppolicy
pidfile ${folder}/slapd.pid
sizelimit 500
${tls ? `TLSCertificateFile ${folder}/server.pem\nTLSCertificateKeyFile ${folder}/server.key` : ''}
database mdb
suffix "${baseDn}"
rootdn "${administrator.dn}"
rootpw ${administrator.password}
directory ${folder}/database
maxsize 67108864
dbnosync
index objectClass,uid,mail,cn,member eq
limits dn.exact="cn=reader,${baseDn}" size.soft=500 size.hard=500 size.prtotal=unlimited
access to attrs=userPassword by anonymous auth by * none
access to dn.exact="uid=blind,ou=people,${baseDn}" by dn.exact="cn=reader,${baseDn}" read by * none
access to * by dn.exact="cn=reader,${baseDn}" read by dn.exact="cn=limited,${baseDn}" read by self read by * none
overlay memberof
memberof-group-oc groupOfNames
memberof-member-ad member
memberof-memberof-ad memberOf
overlay ppolicy
`
}

interface Running {
  readonly alive: () => boolean
  signal(signal: NodeJS.Signals): void
  readonly end: () => Promise<void>
}

function launch(args: readonly string[], root: boolean): Running {
  const child: ChildProcess = spawn(program, args, {
    stdio: 'ignore',
    ...(root ? { uid: 65_534, gid: 65_534 } : {}),
  })
  const exited = new Promise<void>((resolve, reject) => {
    child.once('exit', () => resolve())
    child.once('error', reject)
  })
  // Its input closes when this process ends in whatever way, and then it ends the server.
  const guard = spawn('/bin/sh', ['-c', 'read -r _; kill -9 "$1" 2>/dev/null', 'sh', String(child.pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  void exited.then(
    () => guard.kill('SIGKILL'),
    () => guard.kill('SIGKILL'),
  )
  guard.unref()
  child.unref()
  const alive = () => child.exitCode === null && child.signalCode === null
  return {
    alive,
    signal: (signal) => child.kill(signal),
    end: async () => {
      child.ref()
      if (alive()) child.kill('SIGKILL')
      await exited
    },
  }
}
