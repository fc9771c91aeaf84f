import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { createLdapProvider } from '../../../src/federation/ldap/ldap-provider.js'
import type { LdapSettings } from '../../../src/federation/settings.js'
import { createAuthority } from '../../support/certificates.js'
import { testClock } from '../../support/clock.js'
import {
  ber,
  closePeers,
  entry,
  operations,
  result,
  startScripted,
  startTlsFront,
  startWire,
} from '../../support/directory-peer.js'
import { keptLog } from '../../support/silent-log.js'
import { baseDn, freePort, startSlapd, type Slapd } from '../../support/slapd.js'
import { groupSearch, ldapSettings } from './settings.js'

const silence = Buffer.alloc(0)
const quick = { connectTimeoutMs: 300, operationTimeoutMs: 200 } as const

function provider(changes: Partial<LdapSettings>) {
  const log = keptLog()
  const clock = testClock()
  const made = createLdapProvider(ldapSettings(changes), {
    now: clock.now,
    log,
    publicUrl: 'https://broker.test',
  })
  const signIn = (name: string, secret: string) => made.password!.authenticate(name, secret)
  return { log, clock, signIn }
}

function outage(reason: string) {
  return { code: 'ProviderUnavailable', reason }
}

afterEach(closePeers)

describe('reaching a directory', () => {
  let slapd: Slapd
  let withoutTls: Slapd
  beforeAll(async () => {
    const people = [{ uid: 'alice', password: 'alice-password' }]
    slapd = await startSlapd({ people })
    withoutTls = await startSlapd({ people, tls: false })
  }, 60_000)
  afterAll(async () => {
    await slapd.stop()
    await withoutTls.stop()
  })

  const arrives = async (changes: Partial<LdapSettings>) =>
    (await provider(changes).signIn('alice', 'alice-password'))?.username

  it('goes over LDAPS and StartTLS, by name and by address', async () => {
    const { ca } = slapd
    expect(await arrives({ urls: [slapd.ldaps], ca })).toBe('alice')
    expect(await arrives({ urls: [slapd.ldaps.replace('localhost', '127.0.0.1')], ca })).toBe('alice')
    expect(await arrives({ urls: [slapd.url], startTls: true, ca })).toBe('alice')
    expect(await arrives({ urls: [slapd.url.replace('127.0.0.1', 'localhost')], startTls: true, ca })).toBe(
      'alice',
    )
  })

  it('sends no password in clear to another machine unless told so loudly', async () => {
    const urls = ['ldap://192.0.2.1']
    await expect(provider({ urls, ...quick }).signIn('alice', 'x')).rejects.toMatchObject(
      outage('ldap:plaintext'),
    )
    await expect(
      provider({ urls, ...quick, insecureAllowPlaintext: true }).signIn('alice', 'x'),
    ).rejects.toMatchObject({ reason: expect.not.stringMatching('plaintext') })
  })

  it('does not leave certificates unchecked at another machine', async () => {
    const settings = { urls: ['ldaps://192.0.2.1'], insecureSkipCertificateCheck: true, ...quick }
    await expect(provider(settings).signIn('alice', 'x')).rejects.toMatchObject(outage('ldap:tls'))
  })

  it('LDAP-06: a server that refuses StartTLS gets no bind in clear', async () => {
    const wire = await startWire(withoutTls.port)
    const { signIn } = provider({ urls: [`ldap://127.0.0.1:${wire.port}`], startTls: true, ca: slapd.ca })
    await expect(signIn('alice', 'alice-password')).rejects.toMatchObject(outage('ldap:starttls'))
    expect(wire.requests).toEqual([operations.extended])
  })

  it('LDAP-06: nothing said in clear before the handshake counts as said by the server', async () => {
    const peer = await startScripted(({ id }) => {
      // The reply, and the beginning of a successful bind that the first encrypted byte would complete.
      return Buffer.concat([result(id, 0x78), result(2, 0x61).subarray(0, -1)])
    })
    const { signIn } = provider({ urls: [`ldap://127.0.0.1:${peer.port}`], startTls: true, ...quick })
    await expect(signIn('alice', 'x')).rejects.toMatchObject(outage('ldap:starttls'))
  })

  it('gives up on a handshake that stays silent', async () => {
    const peer = await startScripted(({ id, operation }) =>
      operation === operations.extended ? result(id, 0x78) : silence,
    )
    const { signIn } = provider({ urls: [`ldap://127.0.0.1:${peer.port}`], startTls: true, ...quick })
    await expect(signIn('alice', 'x')).rejects.toMatchObject(outage('ldap:timeout'))
    const mute = await startScripted(() => silence)
    const ldaps = provider({ urls: [`ldaps://127.0.0.1:${mute.port}`], ...quick })
    await expect(ldaps.signIn('alice', 'x')).rejects.toMatchObject(outage('ldap:timeout'))
  })

  describe('LDAP-07: a certificate that proves nothing', () => {
    const authority = createAuthority()
    const day = 86_400_000
    const certificates = {
      'of another authority': createAuthority().issue(),
      'of another host': authority.issue({ hosts: ['ldap.example.test', '192.0.2.7'] }),
      'that has expired': authority.issue({
        from: new Date(Date.now() - 2 * day),
        until: new Date(Date.now() - day),
      }),
      'that is not valid yet': authority.issue({ from: new Date(Date.now() + day) }),
    }
    it.each(Object.entries(certificates))('%s is refused', async (_what, identity) => {
      const front = await startTlsFront(slapd.port, identity)
      const settings = { urls: [`ldaps://localhost:${front.port}`], ca: authority.certificate }
      const { signIn, log } = provider(settings)
      await expect(signIn('alice', 'alice-password')).rejects.toMatchObject(outage('ldap:tls'))
      expect(log.lines[0]).toMatchObject({ event: 'directory not reachable', fields: { reason: 'ldap:tls' } })
      expect(await arrives({ ...settings, insecureSkipCertificateCheck: true })).toBe('alice')
    })

    it('a good one from the configured authority passes, and without that authority it does not', async () => {
      const front = await startTlsFront(slapd.port, authority.issue())
      const urls = [`ldaps://localhost:${front.port}`]
      expect(await arrives({ urls, ca: authority.certificate })).toBe('alice')
      await expect(provider({ urls }).signIn('alice', 'x')).rejects.toMatchObject(outage('ldap:tls'))
    })

    it('the same holds for StartTLS', async () => {
      const settings = { urls: [slapd.url], startTls: true, ca: authority.certificate }
      await expect(provider(settings).signIn('alice', 'x')).rejects.toMatchObject(outage('ldap:tls'))
    })
  })

  it('tries servers in order and leaves a dead one out for 30 seconds', async () => {
    const first = await startScripted(() => silence)
    const { signIn, clock } = provider({
      urls: [`ldap://127.0.0.1:${first.port}`, slapd.url],
      ...quick,
      operationTimeoutMs: 400,
    })
    const names = async () => (await signIn('alice', 'alice-password'))?.issuer
    expect(await names()).toBe(`ldap://127.0.0.1:${first.port}`)
    expect(first.connections()).toBe(1)
    await names()
    clock.advance(29)
    await names()
    expect(first.connections()).toBe(1)
    clock.advance(2)
    await names()
    expect(first.connections()).toBe(2)
  })

  it('asks all servers again rather than none when every one failed lately', async () => {
    const dead = `ldap://127.0.0.1:${await freePort()}`
    const { signIn } = provider({ urls: [dead, dead.replace('127.0.0.1', 'localhost')], ...quick })
    for (let tries = 0; tries < 2; tries += 1) {
      await expect(signIn('alice', 'x')).rejects.toMatchObject(outage('ldap:connect'))
    }
  })

  it('says that the directory is unavailable while it hangs, and signs in once it goes on', async () => {
    const { signIn } = provider({ urls: [withoutTls.url], ...quick })
    withoutTls.freeze()
    await expect(signIn('alice', 'alice-password')).rejects.toMatchObject(outage('ldap:timeout'))
    withoutTls.thaw()
    const patient = provider({ urls: [withoutTls.url] })
    expect(await patient.signIn('alice', 'alice-password')).not.toBeNull()
  })
})

describe('a directory that means harm', () => {
  const bindSearch = (found: (id: number) => Buffer) =>
    startScripted(({ id, operation }) => {
      if (operation === operations.bind) return result(id, 0x61)
      return operation === operations.search ? found(id) : silence
    })
  const person = { uid: 'alice', entryUUID: 'b1f8a1c2-0000-4000-8000-000000000000' }
  const alice = `uid=alice,ou=people,${baseDn}`
  const against = (port: number, changes: Partial<LdapSettings> = {}) =>
    provider({ urls: [`ldap://127.0.0.1:${port}`], ...quick, ...changes })

  it('is believed when it keeps to the protocol', async () => {
    const peer = await bindSearch((id) => Buffer.concat([entry(id, alice, person), result(id, 0x65)]))
    expect(await against(peer.port).signIn('alice', 'x')).toMatchObject({ username: 'alice' })
  })

  it.each([
    `uid=alice,ou=people,dc=evil,dc=test`,
    `uid=alice,ou=people,${baseDn},dc=evil`,
    '',
    'alice',
    `ou=people,${baseDn}x`,
  ])('LDAP-15: the entry `%s` is outside the base', async (dn) => {
    const peer = await bindSearch((id) => Buffer.concat([entry(id, dn, person), result(id, 0x65)]))
    const { signIn, log } = against(peer.port)
    expect(await signIn('alice', 'x')).toBeNull()
    expect(log.lines[0]?.fields).toMatchObject({ reason: 'ldap:out-of-base' })
  })

  it('does not take a group from outside the group base', async () => {
    let searches = 0
    const peer = await bindSearch((id) => {
      searches += 1
      const found =
        searches === 1
          ? entry(id, alice, person)
          : Buffer.concat([
              entry(id, `cn=admins,dc=evil`, { cn: 'admins' }),
              entry(id, `cn=readers,ou=groups,${baseDn}`, { cn: 'readers' }),
            ])
      return Buffer.concat([found, result(id, 0x65)])
    })
    const { signIn } = against(peer.port, {
      groups: { from: 'search', memberOfAttribute: 'memberOf', nameAttribute: 'cn', search: groupSearch },
    })
    expect((await signIn('alice', 'x'))?.groups).toEqual(['readers'])
  })

  it('reads a member list that comes in ranges to its end', async () => {
    const ranges: Record<number, Record<string, string>> = {
      1: { ...person, 'memberOf;range=0-0': `cn=first,ou=groups,${baseDn}` },
      2: { 'memberOf;range=1-1': `cn=second,ou=groups,${baseDn}` },
      3: { 'memberOf;range=2-*': `cn=third,ou=groups,${baseDn}` },
    }
    let searches = 0
    const peer = await bindSearch((id) => {
      searches += 1
      return Buffer.concat([entry(id, alice, ranges[searches] ?? {}), result(id, 0x65)])
    })
    const { signIn } = against(peer.port, {
      groups: { from: 'memberOf', memberOfAttribute: 'memberOf', nameAttribute: 'cn' },
    })
    expect((await signIn('alice', 'x'))?.groups).toEqual(['first', 'second', 'third'])
  })

  const hostile: Record<string, { reason: string; reply: (id: number) => Buffer }> = {
    'an entry that claims more than it holds': {
      reason: 'ldap:malformed',
      reply: () => Buffer.from('300c020102640704016130820fff', 'hex'),
    },
    'an attribute list with a stray byte': {
      reason: 'ldap:malformed',
      reply: (id) =>
        ber(0x30, ber(0x02, Buffer.from([id])), ber(0x64, ber(0x04), ber(0x30, Buffer.from([0x30])))),
    },
    'text where a list belongs': {
      reason: 'ldap:malformed',
      reply: (id) =>
        ber(0x30, ber(0x02, Buffer.from([id])), ber(0x64, ber(0x04), ber(0x04, Buffer.from([1])))),
    },
    'a result without a code': {
      reason: 'ldap:malformed',
      reply: (id) => ber(0x30, ber(0x02, Buffer.from([id])), ber(0x65, ber(0x0a), ber(0x04), ber(0x04))),
    },
    'something that is not LDAP': {
      reason: 'ldap:malformed',
      reply: () => Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
    },
    'an indefinite length': { reason: 'ldap:malformed', reply: () => Buffer.from('30800201020000', 'hex') },
    'LDAP-20: a length of a gigabyte': {
      reason: 'ldap:too-large',
      reply: () => Buffer.from('308440000000', 'hex'),
    },
    'LDAP-20: ten thousand replies in one packet': {
      reason: 'ldap:timeout',
      reply: (id) => Buffer.concat(Array<Buffer>(10_000).fill(result(id === 1 ? 9 : 1, 0x61))),
    },
    'LDAP-20: entries without end': {
      reason: 'ldap:too-large',
      reply: (id) => Buffer.concat(Array<Buffer>(9).fill(entry(id, alice, { cn: 'x'.repeat(1_000_000) }))),
    },
    'a message cut off in the middle': {
      reason: 'ldap:timeout',
      reply: (id) => entry(id, alice, person).subarray(0, -3),
    },
  }
  it.each(Object.entries(hostile))(
    '%s ends the connection and nothing else',
    async (_what, { reason, reply }) => {
      const peer = await startScripted(({ id, operation }) => {
        return operation === operations.bind ? result(id, 0x61) : reply(id)
      })
      await expect(
        against(peer.port, { operationTimeoutMs: 500 }).signIn('alice', 'x'),
      ).rejects.toMatchObject(outage(reason))
    },
  )

  it('that closes the connection is an outage, and one that never ends an answer too', async () => {
    const closing = await startScripted((_request, socket) => {
      socket.destroy()
      return silence
    })
    await expect(against(closing.port).signIn('alice', 'x')).rejects.toMatchObject(outage('ldap:closed'))
    const dripping = await startScripted(({ id, operation }, socket) => {
      if (operation !== operations.search) return result(id, 0x61)
      const timer = setInterval(() => socket.write(entry(id, alice, {})), 20)
      socket.on('close', () => clearInterval(timer))
      return silence
    })
    await expect(against(dripping.port).signIn('alice', 'x')).rejects.toMatchObject(outage('ldap:timeout'))
  })

  it('holds no more than so many sign-ins at a time, and turns the rest away', async () => {
    const mute = await startScripted(() => silence)
    const { signIn } = against(mute.port)
    const ended = await Promise.all(
      Array.from({ length: 300 }, () =>
        signIn('alice', 'x').catch((cause: { reason: string }) => cause.reason),
      ),
    )
    expect(mute.connections()).toBeLessThanOrEqual(64)
    expect(new Set(ended)).toEqual(new Set(['ldap:timeout', 'ldap:busy']))
  })
})
