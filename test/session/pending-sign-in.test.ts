import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  createPendingSignIns,
  pendingCookiePurpose,
  type PendingSignIns,
} from '../../src/session/pending-sign-in.js'
import { sessionStore } from './session-store.js'

let held: Awaited<ReturnType<typeof sessionStore>>
let pending: PendingSignIns

beforeEach(async () => {
  held = await sessionStore()
  pending = createPendingSignIns({ store: held.store, random: randomBytes })
})
afterEach(() => held.close())

function departing(id = 'state-1') {
  const expiresAt = new Date(held.clock.now().getTime() + 600_000)
  return { provider: 'corp', id, secrets: { verifier: 'v' }, expiresAt }
}

describe('a pending sign-in', () => {
  it('comes back whole to the browser that left', async () => {
    const begun = departing()
    const cookie = await pending.keep(begun, { next: '/device' })
    expect(cookie.purpose).toBe(pendingCookiePurpose('state-1'))
    expect(await pending.take('state-1', 'corp', cookie.value)).toEqual({
      pending: begun,
      journey: { next: '/device' },
    })
  })

  it('comes back once, also when asked for twenty times at once', async () => {
    const cookie = await pending.keep(departing(), { next: '/' })
    const taken = await Promise.all(
      Array.from({ length: 20 }, () => pending.take('state-1', 'corp', cookie.value)),
    )
    expect(taken.filter((found) => found !== undefined)).toHaveLength(1)
  })

  it('is not given to a browser without its cookie, and stays for the one that has it', async () => {
    const cookie = await pending.keep(departing(), { next: '/' })
    expect(await pending.take('state-1', 'corp', undefined)).toBeUndefined()
    expect(await pending.take('state-1', 'corp', cookie.value)).toBeDefined()
  })

  it('is not given for the cookie of another journey', async () => {
    await pending.keep(departing('state-1'), { next: '/' })
    const other = await pending.keep(departing('state-2'), { next: '/' })
    expect(await pending.take('state-1', 'corp', other.value)).toBeUndefined()
  })

  it('is not given on the callback of another provider', async () => {
    const cookie = await pending.keep(departing(), { next: '/' })
    expect(await pending.take('state-1', 'other', cookie.value)).toBeUndefined()
  })

  it('expires', async () => {
    const cookie = await pending.keep(departing(), { next: '/' })
    held.clock.advance(600)
    expect(await pending.take('state-1', 'corp', cookie.value)).toBeUndefined()
  })

  it('can be asked for by any id a stranger makes up', async () => {
    for (const id of ['', '__proto__', 'x'.repeat(20_000), '\u0000', '../..']) {
      expect(await pending.take(id, 'corp', 'cookie')).toBeUndefined()
    }
  })
})
