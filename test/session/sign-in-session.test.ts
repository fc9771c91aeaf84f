import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  createSignInSessions,
  csrfTokenMatches,
  type ActiveRole,
  type SignInSessions,
} from '../../src/session/sign-in-session.js'
import { assertionOf } from '../support/assertion.js'
import { nothingRevoked } from '../support/revocations.js'
import { sessionStore } from './session-store.js'

let held: Awaited<ReturnType<typeof sessionStore>>
let sessions: SignInSessions

beforeEach(async () => {
  held = await sessionStore()
  sessions = createSignInSessions({
    store: held.store,
    now: held.clock.now,
    random: randomBytes,
    revocations: nothingRevoked,
  })
})
afterEach(() => held.close())

const active: ActiveRole = {
  roleArn: 'arn:aws:iam::111122223333:role/Developer',
  displayName: 'Dev',
  color: '#b7ca9d',
  account: '111122223333',
  sessionName: 'ada',
  accessKeyId: 'ASIAEXAMPLE',
  issuedAt: new Date('2026-01-02T03:04:05Z'),
  expiresAt: new Date('2026-01-02T04:04:05Z'),
}

describe('a sign-in session', () => {
  it('gives back the assertion it was begun with, maps and instants included', async () => {
    const assertion = assertionOf({
      email: 'ada@example.test',
      sessionEndsAt: new Date('2026-01-02T09:00:00Z'),
      tags: new Map([['team', 'blue']]),
      roleClaims: [
        { roleArn: 'arn:aws:iam::111122223333:role/A', providerArn: 'arn:p' },
        { roleArn: 'arn:r' },
      ],
    })
    const { cookie, session } = await sessions.begin(assertion, 3600)
    expect(await sessions.find(cookie)).toEqual(session)
    expect((await sessions.find(cookie))?.assertion).toEqual(assertion)
  })

  it('keeps the cookie out of the store', async () => {
    const { cookie, session } = await sessions.begin(assertionOf(), 3600)
    expect(session.key).not.toContain(cookie)
    expect(cookie).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect(await held.store.get(`session.browser:${cookie}`)).toBeUndefined()
  })

  it('ends when its time is over', async () => {
    const { cookie } = await sessions.begin(assertionOf(), 60)
    held.clock.advance(59)
    expect(await sessions.find(cookie)).toBeDefined()
    held.clock.advance(1)
    expect(await sessions.find(cookie)).toBeUndefined()
  })

  it('ends with the session of the identity provider when that is sooner', async () => {
    const sessionEndsAt = new Date(held.clock.now().getTime() + 30_000)
    const { session } = await sessions.begin(assertionOf({ sessionEndsAt }), 60)
    expect(session.expiresAt).toEqual(sessionEndsAt)
  })

  it('is not found by anything that is not a cookie of ours', async () => {
    await sessions.begin(assertionOf(), 60)
    for (const cookie of ['', 'x', '__proto__', 'a'.repeat(43), 'a'.repeat(10_000), 'é'.repeat(43)]) {
      expect(await sessions.find(cookie)).toBeUndefined()
    }
  })

  it('gets a new cookie with a new role, and the old one is dead', async () => {
    const { cookie, session } = await sessions.begin(assertionOf(), 3600)
    const renewed = await sessions.chooseRole(session, { active, previous: [] })
    expect(renewed?.cookie).not.toBe(cookie)
    expect(await sessions.find(cookie)).toBeUndefined()
    const found = await sessions.find(renewed!.cookie)
    expect(found?.active).toEqual(active)
    expect(found?.csrfToken).toBe(session.csrfToken)
    expect(found?.expiresAt).toEqual(session.expiresAt)
  })

  it('is renewed by one of many requests that try at once', async () => {
    const { session } = await sessions.begin(assertionOf(), 3600)
    const tries = await Promise.all(
      Array.from({ length: 20 }, () => sessions.chooseRole(session, { active, previous: [] })),
    )
    const winners = tries.filter((renewed) => renewed !== undefined)
    expect(winners).toHaveLength(1)
    expect(await sessions.find(winners[0]!.cookie)).toBeDefined()
  })

  it('stays ended when a role switch was under way during the sign-out', async () => {
    const { session } = await sessions.begin(assertionOf(), 3600)
    const [, renewed] = await Promise.all([
      sessions.end(session),
      sessions.chooseRole(session, { active, previous: [] }),
    ])
    if (renewed !== undefined) expect(await sessions.find(renewed.cookie)).toBeUndefined()
  })

  it('is gone after signing out, also under a cookie it was renewed to', async () => {
    const { session } = await sessions.begin(assertionOf(), 3600)
    const renewed = await sessions.chooseRole(session, { previous: [] })
    await sessions.end(session)
    expect(await sessions.find(renewed!.cookie)).toBeUndefined()
  })

  it('remembers the last ten roles it came from', async () => {
    const { session } = await sessions.begin(assertionOf(), 3600)
    const previous = Array.from({ length: 14 }, (_, index) => ({
      roleArn: `arn:${index}`,
      displayName: String(index),
    }))
    const renewed = await sessions.chooseRole(session, { previous })
    const found = await sessions.find(renewed!.cookie)
    expect(found?.previous.map(({ displayName }) => displayName)).toEqual(
      previous.slice(4).map(({ displayName }) => displayName),
    )
  })

  it('has a form token of its own', async () => {
    const [one, two] = await Promise.all([
      sessions.begin(assertionOf(), 60),
      sessions.begin(assertionOf(), 60),
    ])
    expect(csrfTokenMatches(one.session, one.session.csrfToken)).toBe(true)
    expect(csrfTokenMatches(one.session, two.session.csrfToken)).toBe(false)
    expect(csrfTokenMatches(one.session, '')).toBe(false)
    expect(csrfTokenMatches(one.session, `${one.session.csrfToken}x`)).toBe(false)
  })
})

describe('a sign-in that was revoked', () => {
  it('is found no more, is not admitted again, and leaves others alone', async () => {
    const over = new Set<string>()
    const revocations = { endsSignIn: ({ subject }: { readonly subject: string }) => over.has(subject) }
    const { store, clock } = held
    const revocable = createSignInSessions({ store, now: clock.now, random: randomBytes, revocations })
    const [ada, grace] = [assertionOf({ subject: 'ada' }), assertionOf({ subject: 'grace' })]
    const [hers, another] = [await revocable.begin(ada, 3600), await revocable.begin(grace, 3600)]
    expect(await revocable.find(hers.cookie)).toBeDefined()
    over.add('ada')
    expect(await revocable.find(hers.cookie)).toBeUndefined()
    expect(await revocable.find(another.cookie)).toBeDefined()
    expect([revocable.admits(ada), revocable.admits(grace)]).toEqual([false, true])
  })
})
