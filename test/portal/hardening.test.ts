import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import request from 'supertest'
import { adaPassword, portalHost, redirectProvider, type PortalHost } from './portal-host.js'
import { form, signedIn, visitor } from './visitor.js'

const publicUrl = 'https://rolegate.example.test'
const leave = (state: string) => new URL(`https://idp.example.test/sso?state=${state}`)

let plain: PortalHost
let secure: PortalHost
beforeAll(async () => {
  plain = await portalHost()
  secure = await portalHost({ publicUrl, providers: () => [redirectProvider('corp', leave)] })
})
afterAll(() => Promise.all([plain.close(), secure.close()]))

describe('headers of every page', () => {
  it.each(['/', '/signin', '/signin?next=/device', '/accounts', '/nowhere', '/signin/nobody', '/signout'])(
    '%s trusts nothing and keeps nothing',
    async (path) => {
      const { headers } = await visitor(secure, publicUrl).get(path)
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'cross-origin-embedder-policy': 'require-corp',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
        'referrer-policy': 'no-referrer',
        'strict-transport-security': 'max-age=31536000',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
      })
      const policy = headers['content-security-policy']!
      for (const rule of [
        "default-src 'none'",
        "base-uri 'none'",
        "object-src 'none'",
        "frame-ancestors 'none'",
      ]) {
        expect(policy).toContain(rule)
      }
      expect(policy).not.toMatch(/unsafe|\*|data:/)
      expect(headers['x-powered-by']).toBeUndefined()
      expect(headers['etag']).toBeUndefined()
      expect(headers['access-control-allow-origin']).toBeUndefined()
      expect(headers['x-amzn-requestid']).toMatch(/^[0-9a-f-]{36}$/)
    },
  )

  it('say charset and length', async () => {
    const { headers, text } = await visitor(plain, plain.url).get('/signin')
    expect(headers['content-type']).toBe('text/html; charset=utf-8')
    expect(Number(headers['content-length'])).toBe(Buffer.byteLength(text))
  })

  it('do not promise https over http', async () => {
    expect(
      (await visitor(plain, plain.url).get('/signin')).headers['strict-transport-security'],
    ).toBeUndefined()
  })
})

describe('cookies', () => {
  it('belong to the host alone on https', async () => {
    const ada = visitor(secure, publicUrl)
    const { headers } = await ada.post('/signin/local', { username: 'ada', password: adaPassword })
    expect(headers['set-cookie']).toEqual([
      expect.stringMatching(/^__Host-rolegate-session=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Lax$/),
    ])
    const away = await ada.get('/signin/corp')
    expect(away.headers['set-cookie']).toEqual([
      expect.stringMatching(
        /^__Host-rolegate-pending-[0-9a-f]{16}=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=None; Expires=/,
      ),
    ])
  })

  it('of one name that come twice are treated as none', async () => {
    const ada = await signedIn(plain)
    const own = ada.cookie('rolegate-session')!
    const { status } = await request(plain.server)
      .get('/accounts')
      .set('cookie', `rolegate-session=${own}; rolegate-session=${'a'.repeat(43)}`)
    expect(status).toBe(303)
  })

  it('that nobody can read harm nobody', async () => {
    for (const cookie of [
      'rolegate-session',
      'rolegate-session=%00',
      '__proto__=x; constructor=y',
      `rolegate-session=${'x'.repeat(8000)}`,
      ';;;=;=;',
    ]) {
      expect((await request(plain.server).get('/accounts').set('cookie', cookie)).status).toBe(303)
    }
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
  })
})

describe('requests that make no sense', () => {
  const cases: readonly (readonly [string, 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH', string, number])[] = [
    ['a bad percent escape in the path', 'GET', '/roles/%E0%A4%A/x', 400],
    ['a bad percent escape in the query', 'GET', '/signin?next=%E0%A4%A', 400],
    ['a traversal', 'GET', '/assets/../../package.json', 404],
    ['an encoded traversal', 'GET', '/assets/%2e%2e%2f%2e%2e%2fpackage.json', 404],
    ['a doubly encoded traversal', 'GET', '/assets/%252e%252e%252fpackage.json', 404],
    ['left-over files', 'GET', '/.git/config', 404],
    ['environment files', 'GET', '/.env', 404],
    ['a source map', 'GET', '/assets/portal.js.map', 404],
    ['an asset under another digest', 'GET', '/assets/portal.0000000000000000.js', 404],
    ['another spelling of a page', 'GET', '/ACCOUNTS', 404],
    ['a prototype name', 'GET', '/__proto__', 404],
    ['a repeated parameter', 'GET', '/signin?next=/a&next=/b', 400],
    ['PUT', 'PUT', '/accounts', 405],
    ['DELETE', 'DELETE', '/signin', 405],
    ['PATCH', 'PATCH', '/switchrole', 405],
    ['GET where only POST is', 'GET', '/switchrole/back', 405],
    ['POST where only GET is', 'POST', '/session', 405],
  ]

  it.each(cases)('%s', async (_name, method, path, status) => {
    const send = { GET: 'get', POST: 'post', PUT: 'put', DELETE: 'delete', PATCH: 'patch' } as const
    const agent = request(plain.server)
    const response = await agent[send[method]](path).set('accept', 'text/html')
    expect(response.status).toBe(status)
    expect(response.headers['content-type']).toContain('text/html')
    expect(response.text).not.toMatch(/node_modules|at \w+ \(|Error:|express|preact/i)
  })

  it('name the methods that work', async () => {
    expect((await request(plain.server).put('/switchrole')).headers['allow']).toBe('GET, HEAD, POST')
    expect((await request(plain.server).get('/signout')).headers['allow']).toBe('POST')
  })

  it('answer HEAD like GET without the body', async () => {
    const { status, headers, text } = await request(plain.server).head('/signin')
    expect([status, text]).toEqual([200, undefined])
    expect(Number(headers['content-length'])).toBeGreaterThan(1000)
  })

  it('answer 413 to a form that is too long, and nothing happens', async () => {
    const ada = visitor(plain, plain.url)
    const body = `username=ada&password=${'x'.repeat(64 * 1024)}`
    const { status, text } = await ada.postRaw('/signin/local', body, {
      'content-type': form,
      origin: plain.url,
    })
    expect(status).toBe(413)
    expect(text).toContain('Too large')
  })

  it('answer 415-like bodies as unreadable, without a stack', async () => {
    const ada = visitor(plain, plain.url)
    const headers = { 'content-type': `${form}; charset=klingon`, origin: plain.url }
    expect((await ada.postRaw('/signin/local', 'a=b', headers)).status).toBe(400)
    const squeezed = { 'content-type': form, 'content-encoding': 'gzip', origin: plain.url }
    expect((await ada.postRaw('/signin/local', 'not gzip', squeezed)).status).toBe(400)
  })

  it('answer JSON to a program that asks for it', async () => {
    const { status, headers, body } = await request(plain.server)
      .get('/nowhere')
      .set('accept', 'application/json')
    expect(status).toBe(404)
    expect(headers['content-type']).toBe('application/json; charset=utf-8')
    expect(body).toEqual({
      code: 'NotFound',
      message: 'This address leads nowhere. The link may be old, or mistyped.',
      requestId: headers['x-amzn-requestid'],
    })
    const signedOut = await request(plain.server).get('/accounts').set('accept', 'application/json')
    expect([signedOut.status, signedOut.body.code]).toEqual([401, 'ExpiredCredentials'])
  })
})

describe('the name in the address', () => {
  it('is never reflected', async () => {
    for (const name of ['host', 'x-forwarded-host', 'forwarded', 'x-original-url']) {
      const { status, headers, text } = await request(secure.server).get('/signin').set(name, 'evil.example')
      expect(status).toBe(200)
      expect(`${JSON.stringify(headers)}${text}`).not.toContain('evil.example')
    }
  })

  it('is put right between localhost and 127.0.0.1, since cookies tell them apart', async () => {
    const { port } = new URL(plain.url)
    const get = (host: string) => request(plain.server).get('/signin?next=/session').set('host', host)
    expect((await get(`localhost:${port}`)).headers['location']).toBe(`${plain.url}/signin?next=/session`)
    expect((await get('localhost:1')).status).toBe(200)
    expect((await get('evil.example')).status).toBe(200)
  })
})

describe('assets', () => {
  it('are kept for ever under an address made of their content, and are small', async () => {
    const { text } = await visitor(plain, plain.url).get('/signin')
    const paths = [...text.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, path]) => path!)
    expect(paths).toHaveLength(3)
    let bytes = 0
    for (const path of paths) {
      const asset = await request(plain.server).get(path).buffer(true)
      expect(asset.status).toBe(200)
      expect(asset.headers['cache-control']).toBe('public, max-age=31536000, immutable')
      expect(asset.headers['x-content-type-options']).toBe('nosniff')
      bytes += Number(asset.headers['content-length'])
    }
    expect(bytes).toBeLessThan(60 * 1024)
  })
})
