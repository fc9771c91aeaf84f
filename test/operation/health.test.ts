import { describe, expect, it } from '@jest/globals'
import { createHealth, type HealthDeps } from '../../src/operation/health.js'
import { testOrigin } from '../support/origin.js'

const works = async () => undefined
const never = () => new Promise<void>(() => undefined)
const fails = async () => {
  throw new Error('canary-7f3a')
}

function health(overrides: Partial<HealthDeps> = {}) {
  const room = createHealth({ checks: { store: works, keys: works }, draining: () => false, ...overrides })
  const ask = async (target: string, method = 'GET') => {
    const [rawPath = '', rawQuery = ''] = target.split('?')
    const response = await room.handle({
      method,
      rawPath,
      rawQuery,
      headers: [],
      body: Buffer.alloc(0),
      origin: testOrigin,
    })
    return { ...response, body: JSON.parse(response.body) as unknown }
  }
  return { room, ask }
}

describe('/healthz', () => {
  it('is 200 as long as the process answers, whatever else is broken', async () => {
    const { ask } = health({ checks: { store: fails }, draining: () => true })
    expect(await ask('/healthz')).toMatchObject({ status: 200, body: { status: 'alive' } })
  })
})

describe('/readyz', () => {
  it('is 200 when every part works, and is not cached', async () => {
    expect(await health().ask('/readyz')).toMatchObject({
      status: 200,
      headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
      body: { status: 'ready', checks: { store: 'ok', keys: 'ok' } },
    })
  })

  it('is 503 and names what fails, without saying how', async () => {
    const answer = await health({ checks: { store: fails, keys: works } }).ask('/readyz')
    expect(answer).toMatchObject({
      status: 503,
      body: { status: 'unavailable', checks: { store: 'failed', keys: 'ok' } },
    })
    expect(JSON.stringify(answer)).not.toContain('canary')
  })

  it('does not wait for a part that says nothing, or throws before it answers', async () => {
    const throws = () => {
      throw new Error('at once')
    }
    const { ask } = health({ checks: { store: never, keys: throws, configuration: works }, deadlineMs: 20 })
    expect((await ask('/readyz')).body).toEqual({
      status: 'unavailable',
      checks: { store: 'failed', keys: 'failed', configuration: 'ok' },
    })
  })

  it('says how a part works that has something to say, and stays ready', async () => {
    const configuration = async () => 'last good, reload refused at 2026-01-02T03:04:05.000Z'
    expect(await health({ checks: { store: works, configuration } }).ask('/readyz')).toMatchObject({
      status: 200,
      body: {
        status: 'ready',
        checks: { store: 'ok', configuration: 'last good, reload refused at 2026-01-02T03:04:05.000Z' },
      },
    })
  })

  describe('about a part that is done without once it was there', () => {
    const store = (check: () => Promise<void>, isDispensable = true) => ({
      checks: { store: { check, isDispensable: () => isDispensable }, keys: works },
      deadlineMs: 20,
    })

    it.each([
      ['fails', fails],
      ['says nothing', never],
    ])('is 200 and says that it is lost when it %s', async (_how, check) => {
      expect(await health(store(check)).ask('/readyz')).toMatchObject({
        status: 200,
        body: { status: 'ready', checks: { store: 'lost', keys: 'ok' } },
      })
    })

    it('is 503 while it cannot be done without', async () => {
      expect(await health(store(fails, false)).ask('/readyz')).toMatchObject({
        status: 503,
        body: { status: 'unavailable', checks: { store: 'failed', keys: 'ok' } },
      })
    })

    it('is 200 without a word when it is there', async () => {
      for (const path of ['/readyz', '/readyz?strict']) {
        expect(await health(store(works)).ask(path)).toMatchObject({
          status: 200,
          body: { status: 'ready', checks: { store: 'ok', keys: 'ok' } },
        })
      }
    })

    it('is 503 for whoever asks whether all is there', async () => {
      const { ask } = health(store(fails))
      const lost = { status: 503, body: { status: 'incomplete', checks: { store: 'lost', keys: 'ok' } } }
      expect(await ask('/readyz?strict')).toMatchObject(lost)
      expect(await ask('/readyz?strict=1&x')).toMatchObject(lost)
      expect((await ask('/readyz?lax')).status).toBe(200)
    })
  })

  it('is 503 for whoever asks whether all is there, too, when a part says itself that it is lost', async () => {
    const configuration = async () => 'last good, reload refused at 2026-01-02T03:04:05.000Z'
    const feed = async () => 'lost'
    expect((await health({ checks: { configuration } }).ask('/readyz?strict')).status).toBe(200)
    const { ask } = health({ checks: { configuration, feed } })
    expect((await ask('/readyz')).status).toBe(200)
    expect(await ask('/readyz?strict')).toMatchObject({ status: 503, body: { status: 'incomplete' } })
  })

  it('names what fails, and the end, before what is lost', async () => {
    const checks = { feed: async () => 'lost', store: fails }
    expect((await health({ checks }).ask('/readyz?strict')).body).toMatchObject({ status: 'unavailable' })
    const { ask } = health({ checks: { feed: checks.feed }, draining: () => true })
    expect((await ask('/readyz?strict')).body).toMatchObject({ status: 'draining' })
  })

  it('is 503 from the moment the process is told to stop', async () => {
    let draining = false
    const { ask } = health({ draining: () => draining })
    expect((await ask('/readyz')).status).toBe(200)
    draining = true
    expect(await ask('/readyz')).toMatchObject({ status: 503, body: { status: 'draining' } })
  })

  it('asks each part once for many simultaneous questions, and again for the next', async () => {
    let asked = 0
    const store = async () => {
      asked++
    }
    const { ask } = health({ checks: { store } })
    await Promise.all(Array.from({ length: 100 }, (_, n) => ask(n % 2 === 0 ? '/readyz' : '/readyz?strict')))
    expect(asked).toBe(1)
    await ask('/readyz')
    expect(asked).toBe(2)
  })
})

describe('the health room', () => {
  it('is for its two paths only', () => {
    const { room } = health()
    expect(['/healthz', '/readyz'].map((path) => room.accepts('GET', path, '', ''))).toEqual([true, true])
    for (const path of ['/', '/healthz/', '/readyz/x', '/HEALTHZ', '/health%7a']) {
      expect(room.accepts('GET', path, '', '')).toBe(false)
    }
  })

  it('takes GET and HEAD', async () => {
    const { ask } = health()
    expect((await ask('/readyz', 'HEAD')).status).toBe(200)
    expect(await ask('/readyz', 'POST')).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } })
  })
})
