import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { createLdapProvider } from '../../../src/federation/ldap/ldap-provider.js'
import type { LdapSettings } from '../../../src/federation/settings.js'
import { testClock } from '../../support/clock.js'
import { closePeers, operations, startWire } from '../../support/directory-peer.js'
import { keptLog } from '../../support/silent-log.js'
import { baseDn, personDn, startSlapd, type Slapd } from '../../support/slapd.js'
import { groupSearch, ldapSettings } from './settings.js'

const oddNames = [
  'comma, name',
  'plus+sign',
  'parens (a)(b)',
  'a*b',
  'back\\slash',
  'says "hello"',
  '#hash',
  'semi;colon<less>more=equal',
  "o'brien",
  'Ünïcödé 日本 🦊',
  'a*b(c)\\d',
  '{username}',
  'trailing=',
]

const people = [
  {
    uid: 'alice',
    password: 'alice-password',
    attributes: {
      displayName: ['Alice Liddell'],
      mail: ['alice@example.test'],
      departmentNumber: ['Engineering'],
      title: ['Lead', 'Writer'],
      description: ['cn=admins,ou=groups,dc=example,dc=test'],
      objectGUID: ['ABCDEFGHIJKLMNOP'],
    },
  },
  { uid: 'bob', password: 'bob-password' },
  { uid: 'mallory', password: 'mallory-password' },
  { uid: 'many', password: 'many-password' },
  { uid: 'twin', password: 'twin-password' },
  { uid: 'twin', unit: 'ou=interns', password: 'twin-password' },
  { uid: 'passwordless' },
  { uid: 'blind', password: 'blind-password' },
  { uid: 'disabled', password: 'disabled-password', attributes: { userAccountControl: ['514'] } },
  { uid: 'newcomer', password: 'newcomer-password', attributes: { pwdReset: ['TRUE'] } },
  ...oddNames.map((uid) => ({ uid, password: `password of ${uid}` })),
]

const dnOf = (uid: string) => personDn({ uid })
const groups = [
  { cn: 'developers', members: ['alice', 'bob'].map(dnOf) },
  { cn: 'admins', members: [dnOf('alice')] },
  { cn: 'odd, (group)*+name\\"', members: ['alice', ...oddNames].map(dnOf) },
  { cn: 'nested', members: [`cn=developers,ou=groups,${baseDn}`] },
  { cn: 'admins', unit: 'ou=elsewhere', members: [dnOf('mallory')] },
  ...Array.from({ length: 510 }, (_, index) => ({ cn: `g${index}`, members: [dnOf('many')] })),
]

describe('signing in through a directory', () => {
  let slapd: Slapd
  beforeAll(async () => {
    slapd = await startSlapd({ people, groups })
  }, 60_000)
  afterAll(() => slapd.stop())
  afterEach(closePeers)

  function provider(changes: Partial<LdapSettings> = {}) {
    const log = keptLog()
    const settings = ldapSettings({ urls: [slapd.url], ...changes })
    const made = createLdapProvider(settings, {
      now: testClock().now,
      log,
      publicUrl: 'https://broker.test',
    })
    return {
      arnResource: made.arnResource,
      close: () => made.close(),
      log,
      signIn: (name: string, secret: string) => made.password!.authenticate(name, secret),
    }
  }

  it('says tags and source identity as configured, and refuses what is none', async () => {
    const tag = (from: string, required = false) => ({ from, to: 'Tag', transitive: true, required })
    const { signIn } = provider({
      sessionTags: [tag('departmentNumber')],
      sourceIdentity: { from: 'UID', required: true },
    })
    const assertion = await signIn('alice', 'alice-password')
    expect([...assertion!.tags]).toEqual([['Tag', 'Engineering']])
    expect(assertion).toMatchObject({ transitiveTagKeys: ['Tag'], sourceIdentity: 'alice' })
    expect(await signIn('bob', 'bob-password')).toMatchObject({ tags: new Map(), transitiveTagKeys: [] })
    const name = 'comma, name'
    await expect(signIn(name, `password of ${name}`)).rejects.toMatchObject({
      reason: 'ldap:source-identity',
    })

    for (const [sessionTag, reason] of [
      [tag('title'), 'ldap:attribute-values'],
      [tag('roomNumber', true), 'ldap:required-attribute'],
    ] as const) {
      const strict = provider({ sessionTags: [sessionTag] })
      await expect(strict.signIn('alice', 'alice-password')).rejects.toMatchObject({
        code: 'InvalidAssertion',
        reason,
      })
      expect(await strict.signIn('alice', 'wrong')).toBeNull()
    }
  })

  it('says who it was, with what is configured and nothing else', async () => {
    const { signIn, arnResource } = provider({
      attributes: [
        { from: 'departmentNumber', to: 'Department', list: false },
        { from: 'title', to: 'title', list: true },
        { from: 'mail', to: 'mail', list: true },
        { from: 'roomNumber', to: 'room', list: false },
        { from: 'departmentNumber', to: 'username', list: false },
      ],
      groups: { from: 'memberOf', memberOfAttribute: 'memberOf', nameAttribute: 'cn', search: groupSearch },
    })
    const assertion = await signIn('alice', 'alice-password')
    expect(arnResource).toBe('ldap-provider/corp')
    expect(assertion).toEqual({
      provider: 'corp',
      kind: 'ldap',
      issuer: slapd.url,
      subject: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
      audience: 'https://broker.test',
      username: 'alice',
      displayName: 'Alice Liddell',
      email: 'alice@example.test',
      groups: ['admins', 'developers', 'odd, (group)*+name\\"'],
      conditionKeys: expect.any(Map),
      authenticatedAt: new Date('2026-01-02T03:04:05Z'),
      multiFactor: false,
      tags: new Map(),
      transitiveTagKeys: [],
    })
    expect(Object.fromEntries(assertion!.conditionKeys)).toEqual({
      'ldap:username': 'alice',
      'ldap:dn': dnOf('alice'),
      'ldap:groups': ['admins', 'developers', 'odd, (group)*+name\\"'],
      'ldap:department': 'Engineering',
      'ldap:title': expect.arrayContaining(['Lead', 'Writer']),
      'ldap:mail': ['alice@example.test'],
    })
  })

  it('takes the name from the entry, not from the form', async () => {
    const { signIn } = provider()
    const plain = await signIn('alice', 'alice-password')
    const shouted = await signIn(' ALICE', 'alice-password')
    expect(shouted?.username).toBe('alice')
    expect(shouted?.subject).toBe(plain?.subject)
  })

  it('writes a binary identifier as Active Directory prints it', async () => {
    const { userSearch } = ldapSettings()
    const { signIn } = provider({ userSearch: { ...userSearch, idAttribute: 'objectGUID' } })
    const assertion = await signIn('alice', 'alice-password')
    expect(assertion?.subject).toBe('44434241-4645-4847-494a-4b4c4d4e4f50')
  })

  it('takes the DN as subject where no identifying attribute is configured', async () => {
    const { idAttribute: _none, ...userSearch } = ldapSettings().userSearch
    const { signIn } = provider({ userSearch })
    expect((await signIn('bob', 'bob-password'))?.subject).toBe(dnOf('bob'))
  })

  it('refuses an entry without the identifying attribute', async () => {
    const { userSearch } = ldapSettings()
    const { signIn, log } = provider({ userSearch: { ...userSearch, idAttribute: 'employeeNumber' } })
    expect(await signIn('bob', 'bob-password')).toBeNull()
    expect(log.lines.at(-1)?.fields).toEqual({ provider: 'corp', reason: 'ldap:no-id' })
  })

  describe.each(oddNames)('somebody called %s', (uid) => {
    const bothWays = {
      search: ldapSettings().bind,
      template: { type: 'template', dn: `uid={username},ou=people,${baseDn}` },
    } as const
    it.each(['search', 'template'] as const)('signs in (%s) and is in the odd group', async (way) => {
      const { signIn } = provider({
        bind: bothWays[way],
        groups: {
          from: way === 'search' ? 'both' : 'memberOf',
          memberOfAttribute: 'memberOf',
          nameAttribute: 'cn',
          search: groupSearch,
        },
      })
      const assertion = await signIn(uid, `password of ${uid}`)
      expect(assertion?.username).toBe(uid)
      expect(assertion?.groups).toEqual(['odd, (group)*+name\\"'])
      expect(await signIn(uid, 'wrong')).toBeNull()
    })
  })

  const refusals = JSON.parse(readFileSync(new URL('./refusals.json', import.meta.url), 'utf8')) as readonly {
    row: string
    name: string
    username: string
    password: string
    reason: string
  }[]

  it.each(refusals)('$row: $name', async ({ username, password, reason }) => {
    const { signIn, log } = provider()
    expect(await signIn(username, password)).toBeNull()
    expect(log.lines.map(({ fields }) => fields)).toEqual([{ provider: 'corp', reason }])
  })

  it.each(refusals)('by template, $row: $name', async ({ username, password }) => {
    const { signIn, log } = provider({
      bind: { type: 'template', dn: `uid={username},ou=people,${baseDn}` },
    })
    // Only the tree of the template counts here, so the other twin is out of reach.
    const expected = username === 'twin' ? 'twin' : undefined
    expect((await signIn(username, password))?.username).toBe(expected)
    expect(log.lines).toHaveLength(expected === undefined ? 1 : 0)
  })

  it('LDAP-03: contacts no server for a password that would ask for an anonymous session', async () => {
    const wire = await startWire(slapd.port)
    const { signIn } = provider({ urls: [`ldap://127.0.0.1:${wire.port}`] })
    for (const password of ['', ' ', '\0', '\t\n']) expect(await signIn('alice', password)).toBeNull()
    expect(wire.connections()).toBe(0)
  })

  it('LDAP-04: a refused service account is an outage, never an anonymous search', async () => {
    const wire = await startWire(slapd.port)
    const { signIn } = provider({
      urls: [`ldap://127.0.0.1:${wire.port}`, slapd.url],
      bind: { type: 'search', dn: `cn=reader,${baseDn}`, password: 'old-secret' },
    })
    await expect(signIn('alice', 'alice-password')).rejects.toMatchObject({
      code: 'ProviderUnavailable',
      reason: 'ldap:service-bind',
    })
    expect(wire.requests.filter((operation) => operation !== operations.unbind)).toEqual([operations.bind])
  })

  it('LDAP-05: a referral is not followed', async () => {
    const { userSearch } = ldapSettings()
    const { signIn } = provider({ userSearch: { ...userSearch, base: `ou=far,${baseDn}` } })
    await expect(signIn('alice', 'alice-password')).rejects.toMatchObject({ reason: 'ldap:referral' })
    const whole = provider({ userSearch: { ...userSearch, base: baseDn } })
    expect((await whole.signIn('bob', 'bob-password'))?.username).toBe('bob')
  })

  it('somebody who may not read their own entry is refused, and no server blamed for it', async () => {
    const bind = { type: 'template', dn: `uid={username},ou=people,${baseDn}` } as const
    const { signIn, log } = provider({ bind })
    expect(await signIn('blind', 'blind-password')).toBeNull()
    expect(log.lines.map(({ fields }) => fields)).toEqual([{ provider: 'corp', reason: 'ldap:denied' }])
    expect(await provider().signIn('blind', 'blind-password')).not.toBeNull()
  })

  it('a base that is not there is an outage, so that a typing mistake is not taken for a wrong password', async () => {
    const { userSearch } = ldapSettings()
    const { signIn } = provider({ userSearch: { ...userSearch, base: `ou=peple,${baseDn}` } })
    await expect(signIn('alice', 'alice-password')).rejects.toMatchObject({ reason: 'ldap:denied' })
  })

  it('lets sign-ins under way end before it closes', async () => {
    const { signIn, close } = provider()
    const attempt = signIn('bob', 'bob-password')
    await close()
    expect(await Promise.race([attempt, Promise.resolve('pending')])).toMatchObject({ username: 'bob' })
  })

  it('LDAP-13: a group of the same name elsewhere does not count, nor what people write about themselves', async () => {
    for (const from of ['memberOf', 'search', 'both'] as const) {
      const { signIn } = provider({
        groups: { from, memberOfAttribute: 'memberOf', nameAttribute: 'cn', search: groupSearch },
      })
      expect((await signIn('mallory', 'mallory-password'))?.groups).toEqual([])
    }
  })

  it('names groups by DN or by another attribute of the group when asked to', async () => {
    const byDn = provider({
      groups: { from: 'both', memberOfAttribute: 'memberOf', nameAttribute: 'dn', search: groupSearch },
    })
    expect((await byDn.signIn('bob', 'bob-password'))?.groups).toEqual([`cn=developers,ou=groups,${baseDn}`])
    const byClass = provider({
      groups: { from: 'memberOf', memberOfAttribute: 'memberOf', nameAttribute: 'objectClass' },
    })
    expect((await byClass.signIn('bob', 'bob-password'))?.groups).toEqual(['groupOfNames'])
  })

  it('refuses to leave out a group that cannot be named', async () => {
    const { signIn } = provider({
      groups: { from: 'memberOf', memberOfAttribute: 'memberOf', nameAttribute: 'businessCategory' },
    })
    await expect(signIn('bob', 'bob-password')).rejects.toMatchObject({ reason: 'ldap:group-unreadable' })
  })

  it('LDAP-17: reads every page of a long list of groups, or says that it could not', async () => {
    const search = {
      from: 'search',
      memberOfAttribute: 'memberOf',
      nameAttribute: 'cn',
      search: groupSearch,
    } as const
    const { signIn } = provider({ groups: search })
    expect((await signIn('many', 'many-password'))?.groups).toHaveLength(510)
    const limited = provider({ groups: search, bind: { type: 'search', ...slapd.limitedReader } })
    await expect(limited.signIn('many', 'many-password')).rejects.toMatchObject({
      code: 'ProviderUnavailable',
      reason: 'ldap:truncated',
    })
  })

  it('LDAP-19: sign-ins at the same time do not see each other', async () => {
    const { signIn } = provider()
    const names = Array.from(
      { length: 40 },
      (_, index) => ['alice', 'bob', 'mallory', 'nobody'][index % 4] ?? '',
    )
    const found = await Promise.all(names.map((name) => signIn(name, `${name}-password`)))
    expect(found.map((assertion) => assertion?.username ?? 'nobody')).toEqual(names)
  })

  it('LDAP-21: an unknown name takes the same requests as a wrong password', async () => {
    const wire = await startWire(slapd.port)
    const { signIn } = provider({ urls: [`ldap://127.0.0.1:${wire.port}`] })
    const traffic = async (username: string) => {
      wire.requests.length = 0
      await signIn(username, 'wrong')
      return wire.requests.filter((operation) => operation !== operations.unbind)
    }
    const { bind, search } = operations
    expect(await traffic('alice')).toEqual([bind, search, bind])
    for (const name of ['nobody-here', 'twin', 'disabled', 'passwordless']) {
      expect(await traffic(name)).toEqual([bind, search, bind])
    }
  })

  it('LDAP-22: neither the log nor the fault holds a password or a name', async () => {
    const { signIn, log } = provider({
      bind: { type: 'search', dn: `cn=reader,${baseDn}`, password: 'service-secret' },
    })
    const fault = await signIn('alice', 'alice-password').catch((cause: unknown) => cause)
    const told = JSON.stringify([log.lines, String(fault), fault])
    for (const secret of ['service-secret', 'alice', 'cn=reader']) expect(told).not.toContain(secret)
  })

  it('notices at start that a filter is none, or that one is missing', () => {
    const { userSearch } = ldapSettings()
    expect(() => provider({ userSearch: { ...userSearch, filter: '(uid={username}' } })).toThrow()
    const { groups } = ldapSettings()
    expect(() => provider({ groups: { ...groups, from: 'search' } })).toThrow('group search')
  })

  it('signs people in again after the server was started anew', async () => {
    const { signIn } = provider()
    expect(await signIn('bob', 'bob-password')).not.toBeNull()
    await slapd.restart()
    expect(await signIn('bob', 'bob-password')).not.toBeNull()
  })
})
