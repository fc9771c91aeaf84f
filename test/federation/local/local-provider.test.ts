import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createLocalProvider } from '../../../src/federation/local/local-provider.js'
import { createPasswordHasher, isPasswordHash } from '../../../src/federation/local/password-hash.js'
import { parseUsers, writeUsers, type LocalUser } from '../../../src/federation/local/users-file.js'
import type { LocalSettings } from '../../../src/federation/settings.js'
import { testClock } from '../../support/clock.js'
import { keptLog } from '../../support/silent-log.js'

const folder = mkdtempSync(join(tmpdir(), 'rolegate-local-'))
const usersFile = join(folder, 'users.json')
let alice: LocalUser
let bob: LocalUser

beforeAll(async () => {
  const hasher = await createPasswordHasher()
  alice = {
    name: 'alice',
    displayName: 'Alice Liddell',
    email: 'alice@example.test',
    groups: ['admins', 'developers'],
    attributes: { department: 'Engineering', site: ['Oxford', 'London'], username: 'bob', GROUPS: ['root'] },
    password: await hasher.hash('correct horse battery'),
    createdAt: '2026-01-01T00:00:00.000Z',
    changedAt: '2026-01-01T00:00:00.000Z',
  }
  bob = {
    ...alice,
    name: 'Bob',
    disabled: true,
    attributes: {},
    groups: [],
    password: await hasher.hash('x'.repeat(100)),
  }
})
beforeEach(() => writeUsers(usersFile, [alice, bob]))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function provider(changes: Partial<LocalSettings> = {}) {
  const log = keptLog()
  const made = createLocalProvider(
    {
      kind: 'local',
      name: 'staff',
      displayName: 'Local accounts',
      usersFile,
      attributes: [
        { from: 'department', to: 'Team', list: true },
        { from: 'absent', to: 'absent', list: true },
      ],
      ...changes,
    },
    { now: testClock().now, log, publicUrl: 'https://broker.test' },
  )
  return {
    ...made,
    log,
    signIn: (name: string, password: string) => made.password!.authenticate(name, password),
  }
}

describe('local accounts', () => {
  it('say who it was', async () => {
    const { signIn, arnResource } = provider()
    const assertion = await signIn('alice', 'correct horse battery')
    expect(arnResource).toBe('local-provider/staff')
    expect(assertion).toMatchObject({
      provider: 'staff',
      kind: 'local',
      issuer: 'rolegate:local',
      subject: 'alice',
      audience: 'https://broker.test',
      username: 'alice',
      displayName: 'Alice Liddell',
      email: 'alice@example.test',
      groups: ['admins', 'developers'],
      authenticatedAt: new Date('2026-01-02T03:04:05Z'),
      multiFactor: false,
    })
    expect(Object.fromEntries(assertion!.conditionKeys)).toEqual({
      'local:username': 'alice',
      'local:groups': ['admins', 'developers'],
      'local:department': 'Engineering',
      'local:site': ['Oxford', 'London'],
      'local:team': ['Engineering'],
    })
  })

  it('say tags and source identity as configured, the account’s own name whatever its attributes say', async () => {
    const tag = (from: string, to: string) => ({ from, to, transitive: false, required: false })
    const { signIn } = provider({
      sessionTags: [tag('department', 'Team'), tag('email', 'Mail'), tag('absent', 'Absent')],
      sourceIdentity: { from: 'username', required: true },
    })
    const assertion = await signIn('alice', 'correct horse battery')
    expect(Object.fromEntries(assertion!.tags)).toEqual({ Team: 'Engineering', Mail: 'alice@example.test' })
    expect(assertion).toMatchObject({ transitiveTagKeys: [], sourceIdentity: 'alice' })

    const twoSites = provider({ sessionTags: [tag('site', 'Site')] })
    await expect(twoSites.signIn('alice', 'correct horse battery')).rejects.toMatchObject({
      code: 'InvalidAssertion',
      reason: 'local:attribute-values',
    })
  })

  it('have one spelling, whatever was typed', async () => {
    const { signIn } = provider()
    expect((await signIn('ALICE', 'correct horse battery'))?.subject).toBe('alice')
    expect(await signIn('ａlice', 'correct horse battery')).toBeNull()
  })

  it.each([
    ['a wrong password', 'alice', 'correct horse batterx'],
    ['an empty password', 'alice', ''],
    ['a right prefix', 'alice', 'correct horse battery and more'],
    ['an unknown name', 'nobody', 'correct horse battery'],
    ['a name of the language', '__proto__', 'correct horse battery'],
    ['no name', '', ''],
    ['a disabled account', 'bob', 'x'.repeat(100)],
  ])('refuse %s', async (_what, name, password) => {
    expect(await provider().signIn(name, password)).toBeNull()
  })

  it('LDAP-24: the whole of a long password counts', async () => {
    await writeUsers(usersFile, [{ ...bob, disabled: false }])
    const { signIn } = provider()
    expect(await signIn('bob', 'x'.repeat(100))).not.toBeNull()
    expect(await signIn('bob', `${'x'.repeat(99)}y`)).toBeNull()
  })

  it('change when the file does', async () => {
    const { signIn } = provider()
    expect(await signIn('alice', 'correct horse battery')).not.toBeNull()
    await writeUsers(usersFile, [bob])
    expect(await signIn('alice', 'correct horse battery')).toBeNull()
  })

  it('keep the last good content while the file is broken, and say so once', async () => {
    const { signIn, log } = provider()
    expect(await signIn('alice', 'correct horse battery')).not.toBeNull()
    writeFileSync(usersFile, '{"version":1,"users":[{"name":"x"}]}')
    expect(await signIn('alice', 'correct horse battery')).not.toBeNull()
    expect(await signIn('alice', 'correct horse battery')).not.toBeNull()
    expect(log.lines).toHaveLength(1)
    expect(log.lines[0]).toMatchObject({ event: 'users file not usable', fields: { file: usersFile } })
    await writeUsers(usersFile, [alice])
    expect(await signIn('alice', 'correct horse battery')).not.toBeNull()
    rmSync(usersFile)
    expect(await signIn('alice', 'correct horse battery')).not.toBeNull()
    expect(log.lines).toHaveLength(2)
  })

  it('start with nobody when there is no file yet', async () => {
    rmSync(usersFile)
    const { signIn } = provider()
    expect(await signIn('alice', 'correct horse battery')).toBeNull()
    await writeUsers(usersFile, [alice])
    expect(await signIn('alice', 'correct horse battery')).not.toBeNull()
  })

  it('survive a crowd', async () => {
    const { signIn } = provider()
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => signIn('alice', 'correct horse battery')),
    )
    expect(answers.every((answer) => answer?.username === 'alice')).toBe(true)
  })
})

describe('the users file', () => {
  it('belongs to its owner only, and is replaced in one step', async () => {
    chmodSync(usersFile, 0o644)
    const before = statSync(usersFile).ino
    await writeUsers(usersFile, [alice])
    expect(statSync(usersFile).mode & 0o777).toBe(0o600)
    expect(statSync(usersFile).ino).not.toBe(before)
    utimesSync(usersFile, 1, 1)
    expect(parseUsers(readFileSync(usersFile, 'utf8'))).toEqual([alice])
  })

  const broken: Record<string, unknown> = {
    'no JSON': 'x',
    'another version': { version: 2, users: [] },
    'an unknown field': { version: 1, users: [], extra: 1 },
    'an unknown field of a user': { version: 1, users: [{ admin: true }] },
    'a name with a space': { name: 'a b' },
    'a name twice in two spellings': { version: 1, users: ['twice'] },
    'groups as text': { groups: 'admins' },
    'an attribute that is a number': { attributes: { a: 1 } },
    'a password in clear': { password: 'correct horse battery' },
    'a weak hash': { password: '$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy' },
    'a hash that costs too much': {
      password:
        '$argon2id$v=19$m=9999999,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    },
    'a time that is none': { createdAt: 'yesterday' },
  }
  it.each(Object.entries(broken))('is refused with %s, without quoting a password', (_what, content) => {
    const whole = (value: unknown): unknown => {
      if (typeof value === 'string' || (value as { version?: number }).version === undefined) return value
      const { users } = value as { users: unknown[] }
      return users[0] === 'twice' ? { version: 1, users: [alice, { ...alice, name: 'ALICE' }] } : value
    }
    const document = whole(content)
    const isDocument = typeof document === 'object' && document !== null && 'version' in document
    const text =
      typeof document === 'string'
        ? document
        : JSON.stringify(
            isDocument ? document : { version: 1, users: [{ ...alice, ...(document as object) }] },
          )
    let message = ''
    try {
      parseUsers(text)
    } catch (cause) {
      message = String(cause)
    }
    expect(message).not.toBe('')
    expect(message).not.toMatch(/correct horse|\$argon2id|\$2b/)
  })
})

describe('password hashes', () => {
  it('are argon2id with a salt of their own', async () => {
    const hasher = await createPasswordHasher()
    const [one, other] = [await hasher.hash('a password'), await hasher.hash('a password')]
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,/)
    expect(one).not.toBe(other)
    expect(isPasswordHash(one)).toBe(true)
    expect(await hasher.verify(one, 'a password')).toBe(true)
    expect(await hasher.verify(undefined, 'a password')).toBe(false)
  })

  it('do not depend on how a keyboard composes an accent', async () => {
    const hasher = await createPasswordHasher()
    expect(await hasher.verify(await hasher.hash('caf\u00e9'), 'cafe\u0301')).toBe(true)
  })
})
