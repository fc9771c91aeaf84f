import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createThrottle, type Throttle } from '../../src/session/throttle.js'
import { createEmbeddedStore } from '../../src/store/embedded-store.js'
import type { ExpiringStore } from '../../src/store/expiring-store.js'
import { testClock } from '../support/clock.js'

const directory = mkdtempSync(join(tmpdir(), 'rolegate-throttle-'))
const clock = testClock()
let store: ExpiringStore
beforeAll(async () => {
  store = await createEmbeddedStore({ directory, now: clock.now })
})
afterAll(async () => {
  await store.close()
  rmSync(directory, { recursive: true, force: true })
})

let turn = 0
/** Every test has accounts and addresses of its own. */
function fresh(attempts = 5) {
  turn += 1
  return {
    throttle: createThrottle(store, { attempts, windowSeconds: 900 }, clock.now),
    account: `person${turn}`,
    address: (host: number) => `10.${turn}.0.${host}`,
  }
}

async function fail(throttle: Throttle, times: number, account: string, address: string): Promise<number> {
  let allowed = 0
  for (let time = 0; time < times; time += 1) {
    if ((await throttle.attempt(account, address)).allowed) allowed += 1
  }
  return allowed
}

async function succeed(throttle: Throttle, account: string, address: string): Promise<void> {
  const attempt = await throttle.attempt(account, address)
  if (!attempt.allowed) throw new Error('throttled')
  await attempt.succeeded()
}

describe('guessing passwords', () => {
  it('allows N failures for one account from one address, then says when to come back', async () => {
    const { throttle, account, address } = fresh()
    expect(await fail(throttle, 5, account, address(1))).toBe(5)
    clock.advance(100)
    expect(await throttle.attempt(account, address(1))).toEqual({ allowed: false, retryAfterSeconds: 800 })
    clock.advance(799)
    expect(await throttle.attempt(account, address(1))).toEqual({ allowed: false, retryAfterSeconds: 1 })
    clock.advance(2)
    expect((await throttle.attempt(account, address(1))).allowed).toBe(true)
  })

  it('does not count an attempt whose password nobody could judge', async () => {
    const { throttle, account, address } = fresh()
    for (let time = 0; time < 20; time += 1) {
      const attempt = await throttle.attempt(account, address(1))
      if (!attempt.allowed) throw new Error('throttled by an outage')
      await attempt.abandoned()
    }
    expect(await fail(throttle, 10, account, address(1))).toBe(5)
  })

  it('WEB-BRUTE: of a burst no more than N are looked at, also at two replicas', async () => {
    const { throttle, account, address } = fresh(10)
    const replica = createThrottle(store, { attempts: 10, windowSeconds: 900 }, clock.now)
    const burst = await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        (index % 2 === 0 ? throttle : replica).attempt(account, address(1)),
      ),
    )
    expect(burst.filter(({ allowed }) => allowed)).toHaveLength(10)
  })

  it('WEB-BRUTE: one address that tries one password on many names is stopped at 2N', async () => {
    const { throttle, account, address } = fresh()
    let allowed = 0
    for (let name = 0; name < 30; name += 1)
      allowed += await fail(throttle, 1, `${account}-${name}`, address(1))
    expect(allowed).toBe(10)
    expect(await fail(throttle, 1, `${account}-0`, address(2))).toBe(1)
  })

  it('a guess from many addresses is stopped at 2N', async () => {
    const { throttle, account, address } = fresh()
    let allowed = 0
    for (let host = 0; host < 30; host += 1) allowed += await fail(throttle, 1, account, address(host))
    expect(allowed).toBe(10)
  })

  it('LDAP-08: spellings of one name share its places', async () => {
    const { throttle, account, address } = fresh()
    const spellings = [
      account.toUpperCase(),
      ` ${account}  `,
      `${account}\u200b`,
      `\u00ad${account}\0`,
      account.replace('p', '\uff50'),
    ]
    for (const spelling of spellings) expect(await fail(throttle, 1, spelling, address(1))).toBe(1)
    expect(await fail(throttle, 1, account, address(1))).toBe(0)
    const ligatures = [`${account}fi ß é`, `${account}ﬁ  SS e\u0301`, `${account}FI ss E`]
    for (const spelling of ligatures) await fail(throttle, 3, spelling, address(2))
    expect(await fail(throttle, 1, ligatures[0] ?? '', address(2))).toBe(0)
  })

  it('LDAP-12: strangers cannot lock a person out at the address they use', async () => {
    const { throttle, account, address } = fresh()
    await succeed(throttle, account, address(1))
    for (let host = 50; host < 70; host += 1) await fail(throttle, 5, account, address(host))
    expect((await throttle.attempt(account, address(99))).allowed).toBe(false)
    expect((await throttle.attempt(account, address(1))).allowed).toBe(true)
    expect(await fail(throttle, 10, account, address(1))).toBe(4)
  })

  it('success gives the places back, of this account at this address and nobody else', async () => {
    const { throttle, account, address } = fresh()
    for (let times = 0; times < 20; times += 1) await succeed(throttle, account, address(1))
    await fail(throttle, 4, account, address(1))
    await succeed(throttle, account, address(1))
    expect(await fail(throttle, 9, account, address(1))).toBe(5)
    // 4 + 5 failures of the address remain; success with one's own account does not reset them.
    expect(await fail(throttle, 9, `${account}-other`, address(1))).toBe(1)
  })

  it('a refused attempt costs no place elsewhere', async () => {
    const { throttle, account, address } = fresh()
    await fail(throttle, 20, account, address(1))
    expect(await fail(throttle, 20, `${account}-other`, address(1))).toBe(5)
    expect(await fail(throttle, 20, account, address(2))).toBe(5)
  })

  it('counts an IPv6 /64 as one address, and IPv4 in IPv6 dress as IPv4', async () => {
    const { throttle, account } = fresh(2)
    const same = ['2001:db8:0:7::1', '2001:0db8::7:ffff:1:2:3', '2001:db8:0:7:1:2:3.4.5.6']
    for (const one of same) await fail(throttle, 1, account, one)
    expect(await fail(throttle, 1, account, '2001:db8:0:7::9')).toBe(0)
    expect(await fail(throttle, 1, account, '2001:db8:0:8::1')).toBe(1)
    const mapped = fresh(2)
    await fail(mapped.throttle, 2, mapped.account, `::ffff:${mapped.address(1)}`)
    expect(await fail(mapped.throttle, 1, mapped.account, mapped.address(1))).toBe(0)
  })

  it('a late success takes nobody else a place', async () => {
    const { throttle, account, address } = fresh(1)
    const slow = await throttle.attempt(account, address(1))
    clock.advance(901)
    expect(await fail(throttle, 1, account, address(1))).toBe(1)
    if (slow.allowed) await slow.succeeded()
    expect(await fail(throttle, 1, account, address(1))).toBe(0)
  })

  it('any name and address makes a key that the store takes', async () => {
    const { throttle } = fresh()
    for (const odd of ['', '\0', '💥'.repeat(1000), '../../x', 'a:b']) {
      expect((await throttle.attempt(odd, odd)).allowed).toBe(true)
    }
  })
})
