import { describe, expect, it } from '@jest/globals'
import {
  entryOf,
  readEntry,
  type Revocation,
  type RevocationTarget,
} from '../../src/credentials/revocation-entry.js'
import { createRevocationIndex } from '../../src/credentials/revocation-index.js'
import { revocationAt } from '../../src/credentials/revocation-list.js'
import type { Session } from '../../src/role/session.js'
import { assertionOf } from '../support/assertion.js'
import { originOf, roleSessionOf } from '../support/sessions.js'

const settings = { longestSignInSeconds: 43_200, providerClockSkewSeconds: 60 }
const revokedAt = new Date('2026-01-02T04:00:00Z')
/** Seconds before or after the revocation. */
const at = (seconds: number) => new Date(revokedAt.getTime() + seconds * 1000)
const issuer = 'https://idp.example.test/saml'
const ada = { type: 'person', issuer, subject: 'ada@example.test' } as const
const developer = { type: 'role', roleArn: 'arn:aws:iam::111122223333:role/Developer', roleId: 'AROADEVELOPER' } as const // prettier-ignore

const revoked = (target: RevocationTarget, signedOutAt?: Date) =>
  revocationAt(revokedAt, target, 'a test', settings, signedOutAt)

function indexOf(...revocations: readonly Revocation[]) {
  const index = createRevocationIndex()
  for (const revocation of revocations) index.add(revocation)
  return index
}
const ends = (session: Session, ...targets: readonly RevocationTarget[]) =>
  indexOf(...targets.map((target) => revoked(target))).ends(session)

describe('a revoked session', () => {
  const target = { type: 'session', accessKeyId: 'ASIADEVELOPERSESSION' } as const

  it('is over, and no other of the same person and role is', () => {
    expect(ends(roleSessionOf(), target)).toBe(true)
    expect(ends(roleSessionOf({ accessKeyId: 'ASIAANOTHERSESSION22' }), target)).toBe(false)
  })

  it('takes with it what was made with it, however far down and however late', () => {
    const child = roleSessionOf({
      accessKeyId: 'ASIACHILD',
      roleId: 'AROADEPLOYER',
      issuedAt: at(3_600),
      chain: [
        { accessKeyId: 'ASIADEVELOPERSESSION', roleId: 'AROADEVELOPER', issuedAt: at(-10) },
        { accessKeyId: 'ASIABETWEEN', roleId: 'AROABETWEEN', issuedAt: at(-5) },
      ],
    })
    expect(ends(child, target)).toBe(true)
    expect(ends(child, { type: 'session', accessKeyId: 'ASIABETWEEN' })).toBe(true)
    expect(ends(child, { type: 'session', accessKeyId: 'ASIAELSEWHERE' })).toBe(false)
  })
})

describe('a revoked key', () => {
  const target = { type: 'key', accessKeyId: 'AKIASERVICE' } as const

  it('is dead, with every kind of session that was made with it', () => {
    const index = indexOf(revoked(target))
    expect([index.endsKey('AKIASERVICE'), index.endsKey('AKIAOTHER')]).toEqual([true, false])
    const made = {
      accessKeyId: 'ASIAMADE',
      account: '111122223333',
      issuedAt: at(60),
      expiresAt: at(7_200),
      origin: originOf({ issuer: 'rolegate:user', subject: 'arn:aws:iam::111122223333:user/backup' }),
      chain: [{ accessKeyId: 'AKIASERVICE' }],
    }
    const user = { userArn: 'arn:aws:iam::111122223333:user/backup', userId: 'AIDABACKUP' }
    expect(index.ends({ ...made, ...user, type: 'user' })).toBe(true)
    expect(index.ends({ ...made, ...user, type: 'federated-user', name: 'job', tags: new Map() })).toBe(true)
    expect(index.ends({ ...made, type: 'root', taskPolicyArn: 'arn:aws:iam::aws:policy/root-task/X' })).toBe(
      true,
    )
    expect(index.ends({ ...made, ...user, type: 'user', chain: [{ accessKeyId: 'AKIAOTHER' }] })).toBe(false)
  })
})

describe('a revoked role', () => {
  it.each([
    ['long before', -3_000, true],
    ['at the very moment', 0, true],
    ['within the margin for clocks', 5, true],
    ['after it', 5.001, false],
  ])('ends what was issued %s, to the millisecond', (_when, seconds, over) => {
    expect(ends(roleSessionOf({ issuedAt: at(seconds) }), developer)).toBe(over)
  })

  it('ends what the role’s sessions made, whenever that was', () => {
    const child = (issuedAt: Date) =>
      roleSessionOf({
        accessKeyId: 'ASIACHILD',
        roleId: 'AROADEPLOYER',
        issuedAt: at(3_600),
        chain: [{ accessKeyId: 'ASIADEVELOPERSESSION', roleId: 'AROADEVELOPER', issuedAt }],
      })
    expect(ends(child(at(-1)), developer)).toBe(true)
    expect(ends(child(at(60)), developer)).toBe(false)
  })

  it('signs nobody out, and leaves other roles alone', () => {
    expect(ends(roleSessionOf({ roleId: 'AROAOTHER' }), developer)).toBe(false)
    expect(indexOf(revoked(developer)).endsSignIn(assertionOf(), at(-60))).toBe(false)
  })
})

describe('a revoked person', () => {
  it.each([
    ['began before, issued after', -1, 3_600, true],
    ['began and issued at the moment', 0, 0, true],
    ['began after by a fast clock, issued before', 300, -1, true],
    ['began after by a fast clock, issued while the word was on its way', 55, 2, true],
    ['began within what the provider’s clock may be ahead', 60, 90, true],
    ['began later', 61, 90, false],
  ])('%s', (_when, began, issued, over) => {
    const session = roleSessionOf({ issuedAt: at(issued), origin: { startedAt: at(began) } })
    expect(ends(session, ada)).toBe(over)
  })

  it('of a directory, whose sign-ins have our clock, may come back after the margin', () => {
    const person = { type: 'person', issuer: 'ldap://directory', subject: '4711' } as const
    const session = (began: number) =>
      roleSessionOf({
        issuedAt: at(began + 1),
        origin: { provider: 'arn:aws:iam::111122223333:ldap-provider/staff', issuer: 'ldap://directory', subject: '4711', startedAt: at(began) }, // prettier-ignore
      })
    expect(ends(session(5), person)).toBe(true)
    expect(ends(session(5.001), person)).toBe(false)
  })

  it('is one person: same subject elsewhere, or another subject there, is somebody else', () => {
    expect(ends(roleSessionOf({ origin: { issuer: 'https://elsewhere.test' } }), ada)).toBe(false)
    expect(ends(roleSessionOf({ origin: { subject: 'grace@example.test' } }), ada)).toBe(false)
    expect(ends(roleSessionOf({ origin: { subject: '__proto__' } }), ada)).toBe(false)
  })

  it('is signed out of the portal and the command line', () => {
    const index = indexOf(revoked(ada))
    const signIn = (began: number) => assertionOf({ authenticatedAt: at(began) })
    expect(index.endsSignIn(signIn(-100), at(-90))).toBe(true)
    expect(index.endsSignIn(signIn(-100))).toBe(true)
    expect(index.endsSignIn(signIn(300), at(-1))).toBe(true)
    expect(index.endsSignIn(signIn(61), at(62))).toBe(false)
    expect(index.endsSignIn(assertionOf({ subject: 'grace@example.test' }), at(-90))).toBe(false)
  })

  it('whom the provider reports as signed out loses sign-ins until then, by its own clock', () => {
    const index = indexOf(revoked(ada, at(-30)))
    const session = (began: number) => roleSessionOf({ issuedAt: at(-5), origin: { startedAt: at(began) } })
    expect(index.ends(session(-30))).toBe(true)
    expect(index.ends(session(-29))).toBe(false)
  })
})

describe('a revoked session of a provider', () => {
  const target = { type: 'provider-session', issuer, providerSession: 's-1' } as const
  const session = (origin: object) => roleSessionOf({ issuedAt: at(500), origin: { startedAt: at(400), ...origin } }) // prettier-ignore

  it('ends all that goes back to it, also what began later: its name does not come back', () => {
    expect(ends(session({ providerSession: 's-1' }), target)).toBe(true)
    expect(ends(session({ providerSession: 's-2' }), target)).toBe(false)
    expect(ends(session({}), target)).toBe(false)
    expect(ends(session({ providerSession: 's-1', issuer: 'https://elsewhere.test' }), target)).toBe(false)
    expect(indexOf(revoked(target)).endsSignIn(assertionOf({ providerSession: 's-1' }), at(1))).toBe(true)
  })

  it('of one subject leaves others alone whose sessions have the same name', () => {
    const adas = { ...target, subject: 'ada@example.test' }
    const grace = session({ providerSession: 's-1', subject: 'grace@example.test' })
    expect(ends(session({ providerSession: 's-1' }), adas)).toBe(true)
    expect(ends(grace, adas)).toBe(false)
    expect(ends(grace, adas, target)).toBe(true)
  })
})

describe('the index', () => {
  it('takes the later of two about the same, in whatever order they come', () => {
    const early = revocationAt(at(-600), developer, 'early', settings)
    const late = revoked(developer)
    for (const index of [indexOf(early, late), indexOf(late, early), indexOf(late, early, late)]) {
      expect(index.ends(roleSessionOf({ issuedAt: at(-1) }))).toBe(true)
      expect([...index.all()]).toEqual([late])
    }
  })

  it('forgets what has expired, and only that', () => {
    const early = revocationAt(at(-600), ada, 'early', settings)
    const index = indexOf(early, revoked({ type: 'key', accessKeyId: 'AKIASERVICE' }))
    index.sweep(new Date(early.expiresAt.getTime() - 1))
    expect([...index.all()]).toHaveLength(2)
    index.sweep(early.expiresAt)
    expect([...index.all()].map(({ target }) => target.type)).toEqual(['key'])
    expect(index.endsKey('AKIASERVICE')).toBe(true)
    expect(index.ends(roleSessionOf())).toBe(false)
  })

  it('counts the memory that it takes: once per target, and gives back what it forgets', () => {
    const index = createRevocationIndex()
    expect([index.bytes(), index.knows(ada)]).toEqual([0, false])
    index.add(revoked(ada))
    const one = index.bytes()
    expect(index.add(revocationAt(at(60), ada, 'again', settings))).toMatchObject({ revokedAt: at(60) })
    expect([index.bytes(), index.knows(ada)]).toEqual([one, true])
    index.add(revoked({ ...ada, subject: 'é'.repeat(2_048) }))
    expect(index.bytes() - one).toBeGreaterThan(4 * 2_048)
    index.sweep(at(1_000_000))
    expect([index.bytes(), index.knows(ada)]).toEqual([0, false])
  })

  it('keeps a revocation as long as anything that it ends can live', () => {
    expect(revoked(developer).expiresAt).toEqual(at(129_600 + 900))
    const long = revocationAt(revokedAt, ada, 'x', { ...settings, longestSignInSeconds: 2_592_000 })
    expect(long.expiresAt).toEqual(at(2_592_000 + 900))
  })
})

describe('an entry of the feed', () => {
  it.each([
    developer,
    ada,
    { type: 'session', accessKeyId: 'ASIA' },
    { type: 'key', accessKeyId: 'AKIA' },
    { type: 'provider-session', issuer: 'a"b\n', providerSession: 's', subject: 'é' },
  ] as const)('says what it was made of: $type', (target) => {
    const revocation = revoked(target)
    expect(readEntry(entryOf(revocation), revocation.expiresAt)).toEqual(revocation)
  })

  it.each([
    'revoke:',
    'revoke:{',
    'revoke:null',
    'revoke:[]',
    'revoke:{"target":{"type":"toString"},"at":1,"by":"x"}',
    'revoke:{"target":{"type":"role","roleId":"A"},"at":1,"by":"x"}',
    'revoke:{"target":{"type":"session","accessKeyId":1},"at":1,"by":"x"}',
    'revoke:{"target":{"type":"session","accessKeyId":"A"},"at":"1","by":"x"}',
    'revoke:{"target":{"type":"session","accessKeyId":"A"},"at":1e300,"by":"x"}',
    'revoke:{"target":{"type":"session","accessKeyId":"A"},"at":1}',
  ])('that is none is left out: %s', (entry) => {
    expect(readEntry(entry, revokedAt)).toBeUndefined()
  })
})
