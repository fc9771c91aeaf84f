import { describe, expect, it } from '@jest/globals'
import {
  assertChainLength,
  sessionEnd,
  userSessionEnd,
  type LifetimeLimits,
} from '../../src/role/session-lifetime.js'
import { assertionOf } from '../support/assertion.js'
import { homeAccount, roleOf, trustsCorp } from '../support/roles.js'

const now = new Date('2026-01-02T03:04:05Z')
const wide: LifetimeLimits = {
  maxSessionSeconds: 129_600,
  chainedMaxSessionSeconds: 129_600,
  maxChainLength: 10,
}
const roleOfSeconds = (maxSessionSeconds: number) =>
  roleOf({ name: 'Timed', trust: trustsCorp(homeAccount), maxSessionSeconds })

interface Case {
  readonly asked?: number
  readonly role?: number
  readonly server?: number
  /** Absent: not chained. */
  readonly chain?: number
  /** Of the identity provider's session, in seconds from now; SAML SessionDuration. */
  readonly ends?: number
  readonly says?: number
}

function secondsOf({ asked, role = 43_200, server = 129_600, chain, ends, says }: Case): number {
  const end = sessionEnd({
    now,
    requestedSeconds: asked,
    role: roleOfSeconds(role),
    chained: chain !== undefined,
    limits: { ...wide, maxSessionSeconds: server, chainedMaxSessionSeconds: chain ?? 129_600 },
    assertion: assertionOf({
      ...(ends === undefined ? {} : { sessionEndsAt: new Date(now.getTime() + ends * 1000) }),
      ...(says === undefined ? {} : { maxSessionSeconds: says }),
    }),
  })
  return (end.getTime() - now.getTime()) / 1000
}

describe('a role session', () => {
  it.each<[Case, number]>([
    [{}, 3600],
    [{ role: 1800 }, 1800],
    [{ server: 900 }, 900],
    [{ chain: 1200 }, 1200],
    [{ asked: 129_600, role: 129_600 }, 129_600],
    [{ asked: 7200, chain: 7200 }, 7200],
    [{ asked: 7200, ends: 60 }, 60],
    [{ asked: 7200, says: 900 }, 900],
    [{ asked: 900, says: 7200, ends: 7200 }, 900],
  ])('for %j lasts %i seconds', (given, seconds) => {
    expect(secondsOf(given)).toBe(seconds)
  })

  it.each<[Case, string]>([
    [{ asked: 3601, role: 3600, server: 3600, chain: 3600 }, 'sts:duration-role'],
    [{ asked: 3601, server: 3600, chain: 3600 }, 'sts:duration-server'],
    [{ asked: 3601, chain: 3600 }, 'sts:duration-chain'],
    [{ asked: 901, chain: 900 }, 'sts:duration-chain'],
  ])('for %j is refused because of %s', (given, reason) => {
    expect(() => secondsOf(given)).toThrow(expect.objectContaining({ code: 'InvalidRequest', reason }))
  })
})

describe('a session that a user takes', () => {
  it.each([
    [undefined, 129_600, 43_200],
    [undefined, 3600, 3600],
    [129_600, 129_600, 129_600],
    [900, 3600, 900],
  ])('for %j of at most %i seconds lasts %i', (asked, maxSessionSeconds, seconds) => {
    const end = userSessionEnd(now, asked, { ...wide, maxSessionSeconds })
    expect((end.getTime() - now.getTime()) / 1000).toBe(seconds)
  })

  it('is refused beyond what the server allows', () => {
    expect(() => userSessionEnd(now, 3601, { ...wide, maxSessionSeconds: 3600 })).toThrow(
      expect.objectContaining({ reason: 'sts:duration-server' }),
    )
  })
})

describe('a chain', () => {
  const key = { accessKeyId: 'AKIARTRZJWS6AAAAAAAA' }
  const userSession = { accessKeyId: 'ASIARTRZJWS6AAAAAAAA', issuedAt: now }
  const role = { ...userSession, roleId: 'AROATIMEDAAAAAAAAAAAA' }

  it.each([
    ['a first role', [], 1, true],
    ['a first role of a user', [key], 1, true],
    ["a first role of a user's session", [key, userSession], 1, true],
    ['a second role where one is all', [role], 1, false],
    ['a third role of three', [key, role, role], 3, true],
    ['a fourth role of three', [key, role, role, role], 3, false],
  ])('of %s counts roles only', (_what, chain, maxChainLength, allowed) => {
    const check = () => assertChainLength(chain, { ...wide, maxChainLength })
    if (allowed) expect(check).not.toThrow()
    else expect(check).toThrow(expect.objectContaining({ reason: 'sts:chain-length' }))
  })
})
