import { createServer as createTcpServer, connect } from 'node:net'
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect as connectHttp2, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import { connect as connectTls } from 'node:tls'
import { afterEach, describe, expect, it } from '@jest/globals'
import { createHotServer, type HotServer, type HotServerDeps } from '../../src/http/hot-server.js'
import type { WireRequest, WireResponse, WireRoom } from '../../src/http/wire.js'
import { createAuthority } from '../support/certificates.js'
import { keptLog, silentMetrics } from '../support/silent-log.js'

let running: HotServer[] = []
afterEach(async () => {
  await Promise.all(running.map((server) => server.close(100)))
  running = []
})

function roomOf(handle: (request: WireRequest) => Promise<WireResponse>, maxBodyBytes = 1024): WireRoom {
  return {
    accepts: (_method, rawPath) => rawPath === '/hot',
    maxBodyBytes,
    handle,
    tooLarge: (requestId) => ({ status: 413, headers: { 'x-amzn-requestid': requestId }, body: '' }),
  }
}

const echo = roomOf(({ method, rawQuery, headers, body, origin }) =>
  Promise.resolve({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ method, rawQuery, headers, body: body.toString(), origin }),
  }),
)

async function start(
  deps: Partial<HotServerDeps> = {},
): Promise<{ url: string; port: number; server: HotServer }> {
  const server: HotServer = createHotServer({
    rooms: [echo],
    application: (request, response) => void response.end(`page for ${server.originOf(request).sourceIp}`),
    trustedProxies: [],
    log: keptLog(),
    metrics: silentMetrics,
    ...deps,
  })
  running.push(server)
  const { port } = await server.listen({ host: '127.0.0.1', port: 0 })
  return { url: `http://127.0.0.1:${port}`, port, server }
}

/** Sends bytes as they are and gives back everything that came before the connection ended. */
function raw(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text, 'latin1'))
    let answer = ''
    socket.on('data', (chunk) => (answer += chunk.toString('latin1')))
    socket.on('close', () => resolve(answer))
    socket.on('error', reject)
  })
}

describe('the server in front', () => {
  it('hands a room what arrived, unread and unchanged', async () => {
    const { url } = await start()
    const response = await fetch(`${url}/hot?a=%2F+b`, {
      method: 'POST',
      body: 'x=1',
      headers: { 'X-Test': ' two  blanks ', 'user-agent': `agent\u0085${'x'.repeat(300)}` },
    })
    const seen = (await response.json()) as WireRequest & { body: string }
    expect(seen).toMatchObject({ method: 'POST', rawQuery: 'a=%2F+b', body: 'x=1' })
    expect(seen.headers).toContainEqual(['x-test', 'two  blanks'])
    expect(seen.origin.requestId).toMatch(/^[0-9a-f-]{36}$/)
    expect(seen.origin.userAgent).toBe(`agent${'x'.repeat(251)}`)
    expect(seen.origin).toMatchObject({ sourceIp: '127.0.0.1', secure: false })
  })

  it('gives everything else to the application, with its origin', async () => {
    const { url } = await start({ trustedProxies: ['127.0.0.1'] })
    const response = await fetch(`${url}/page`, { headers: { 'x-forwarded-for': '198.51.100.1' } })
    expect(await response.text()).toBe('page for 198.51.100.1')
  })

  it('SIGV4-21: answers 413 to a body that is too long, announced or not, and the client sees it', async () => {
    const { url, port } = await start()
    const announced = await fetch(`${url}/hot`, { method: 'POST', body: 'x'.repeat(5_000_000) })
    expect([announced.status, await announced.text()]).toEqual([413, ''])
    const chunk = `400\r\n${'x'.repeat(1024)}\r\n`
    const head = 'POST /hot HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'
    expect(await raw(port, `${head}${chunk}${chunk}0\r\n\r\n`)).toMatch(/^HTTP\/1\.1 413 /)
  })

  it('SIGV4-22: answers 415 to compressed bodies without looking inside', async () => {
    const { url } = await start()
    for (const encoding of ['gzip', 'br', 'x-unknown', 'gzip, identity'])
      expect(
        (await fetch(`${url}/hot`, { method: 'POST', body: 'x', headers: { 'content-encoding': encoding } }))
          .status,
      ).toBe(415)
  })

  it('cuts a body that does not arrive', async () => {
    const { port } = await start({ bodyTimeoutMs: 50 })
    expect(await raw(port, 'POST /hot HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc')).toMatch(
      /^HTTP\/1\.1 408 /,
    )
  })

  it.each([
    ['no host', 'GET /hot HTTP/1.1\r\n\r\n'],
    ['two hosts', 'GET /hot HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'],
    ['user information in the host', 'GET /hot HTTP/1.1\r\nHost: a@b\r\n\r\n'],
    ['a path in the host', 'GET /hot HTTP/1.1\r\nHost: a/b\r\n\r\n'],
    ['an empty host', 'GET /hot HTTP/1.1\r\nHost:\r\n\r\n'],
    ['an absolute URL', 'GET http://evil.example/hot HTTP/1.1\r\nHost: a\r\n\r\n'],
    [
      'WEB-SMUG: two lengths',
      'POST /hot HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx',
    ],
    [
      'WEB-SMUG: a length and chunks',
      'POST /hot HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['WEB-SMUG: a blank before the colon', 'GET /hot HTTP/1.1\r\nHost : a\r\n\r\n'],
    ['WEB-SMUG: a folded header', 'GET /hot HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n'],
    ['no HTTP', '\u0000\u0001\u0002\r\n\r\n'],
    ['TLS where none is spoken', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003'],
    ['broken chunks', 'POST /hot HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n'],
  ])('answers 400 to %s, dated and with a request id, and ends the connection', async (_name, text) => {
    const { port } = await start()
    const before = Math.floor(Date.now() / 1000) * 1000
    const answer = await raw(port, text)
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer).toMatch(/\r\nconnection: close\r\n/i)
    expect(answer).toMatch(/\r\nx-amzn-requestid: [0-9a-f-]{36}\r\n/)
    const date = Date.parse(/\r\nDate: ([^\r]*)\r\n/.exec(answer)?.[1] ?? '')
    expect(date).toBeGreaterThanOrEqual(before)
    expect(date).toBeLessThanOrEqual(Date.now())
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1)
  })

  it.each([
    [
      '431 to a head that is too long',
      431,
      `GET /hot HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(200_000)}\r\n\r\n`,
    ],
    [
      '417 to an expectation it does not know',
      417,
      'GET /hot HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\n\r\n',
    ],
  ])('answers %s', async (_name, status, text) => {
    const { port } = await start()
    const answer = await raw(port, text)
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(answer).toMatch(/\r\nx-amzn-requestid: [0-9a-f-]{36}\r\n/)
    expect(answer).toMatch(/\r\nDate: [^\r]* GMT\r\n/)
  })

  it('says nothing more on a connection when what follows an unfinished answer cannot be read', async () => {
    const { port } = await start({ application: (_request, response) => void response.write('unfinished') })
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'))
      let text = ''
      socket.on('error', () => undefined)
      socket.on('data', (chunk) => {
        if (text === '') socket.write('\u0000nonsense\r\n\r\n')
        text += chunk.toString('latin1')
      })
      socket.on('close', () => resolve(text))
    })
    expect(answer).toMatch(/^HTTP\/1\.1 200 /)
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1)
  })

  it.each([
    ['ASCII', 'a'.repeat(1000)],
    ['beyond ASCII', '\u00e4\u20ac\ud83d\ude00'],
    ['nothing', ''],
  ])('announces the right length for a body of %s, and keeps the connection', async (_name, body) => {
    const answer = { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body }
    const { port } = await start({ rooms: [roomOf(() => Promise.resolve(answer))] })
    const text = await raw(
      port,
      'GET /hot HTTP/1.1\r\nHost: a\r\n\r\nGET /hot HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    )
    const answers = Buffer.from(text, 'latin1').toString('utf8').split('HTTP/1.1 200 OK\r\n').slice(1)
    expect(answers).toHaveLength(2)
    for (const one of answers) {
      expect(one).toContain(`\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`)
      expect(one.slice(one.indexOf('\r\n\r\n') + 4)).toBe(body)
    }
  })

  it('gives every body its own time to arrive', async () => {
    const { port, url } = await start({ bodyTimeoutMs: 100 })
    const late = raw(port, 'POST /hot HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc')
    expect((await fetch(`${url}/hot`, { method: 'POST', body: 'x' })).status).toBe(200)
    const later = raw(port, 'POST /hot HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc')
    expect(await late).toMatch(/^HTTP\/1\.1 408 /)
    expect(await later).toMatch(/^HTTP\/1\.1 408 /)
  })

  it('does not let the failure of a room out', async () => {
    const log = keptLog()
    const { url } = await start({ rooms: [roomOf(() => Promise.reject(new Error('secret detail')))], log })
    const response = await fetch(`${url}/hot`)
    expect(response.status).toBe(500)
    expect(await response.text()).toBe('InternalFailure\n')
    expect(log.lines.map(({ event }) => event)).toContain('http.room-failed')
  })

  it('goes on when a client leaves in the middle of its body', async () => {
    const { url, port } = await start()
    await new Promise<void>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.write('POST /hot HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc', () => socket.destroy())
      })
      socket.on('close', () => resolve())
    })
    expect((await fetch(`${url}/hot`)).status).toBe(200)
  })

  it('says which address it could not listen on', async () => {
    const taken = createTcpServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => taken.once('listening', resolve))
    const { port } = taken.address() as { port: number }
    const server = createHotServer({
      rooms: [],
      application: () => undefined,
      trustedProxies: [],
      log: keptLog(),
      metrics: silentMetrics,
    })
    await expect(server.listen({ host: '127.0.0.1', port })).rejects.toThrow(/EADDRINUSE/)
    await new Promise((resolve) => taken.close(resolve))
  })
})

describe('the graceful stop', () => {
  const slow = () => {
    let answerNow = (): void => undefined
    const arrived = new Promise<void>((resolve) => {
      answerNow = resolve
    })
    let began = (): void => undefined
    const begun = new Promise<void>((resolve) => {
      began = resolve
    })
    const application = (_request: IncomingMessage, response: ServerResponse): void => {
      began()
      void arrived.then(() => response.end('finished'))
    }
    return { application, begun, answerNow: () => answerNow() }
  }
  const get = (port: number) =>
    new Promise<string>((resolve, reject) => {
      httpRequest({ port, host: '127.0.0.1', path: '/' }, (response) => {
        let text = ''
        response.on('data', (chunk: Buffer) => (text += chunk.toString()))
        response.on('end', () => resolve(text))
      })
        .on('error', reject)
        .end()
    })

  it('lets a request under way finish, takes no new one, and drops idle connections', async () => {
    const { application, begun, answerNow } = slow()
    const { port, url, server } = await start({ application })
    const idle = connect(port, '127.0.0.1')
    await new Promise((resolve) => idle.once('connect', resolve))
    const answer = get(port)
    await begun
    const closed = server.close(5000)
    await expect(fetch(url)).rejects.toThrow()
    answerNow()
    expect(await answer).toBe('finished')
    await closed
    idle.destroy()
  })

  it('cuts what is still under way when the time is over', async () => {
    const { application, begun } = slow()
    const log = keptLog()
    const { port, server } = await start({ application, log })
    const answer = get(port)
    const cut = expect(answer).rejects.toThrow()
    await begun
    await server.close(50)
    await cut
    expect(log.lines.map(({ event }) => event)).toContain('http.stop-forced')
  })
})

describe('TLS', () => {
  it('is spoken when there is a certificate, makes requests secure, and stops like plain connections do', async () => {
    const authority = createAuthority()
    const { port, server } = await start({ tls: authority.issue() })
    const idle = connectTls({ port, host: '127.0.0.1', ca: authority.certificate, servername: 'localhost' })
    await new Promise((resolve) => idle.once('secureConnect', resolve))
    const text = await new Promise<string>((resolve, reject) => {
      httpsRequest({ port, host: 'localhost', path: '/hot', ca: authority.certificate }, (response) => {
        let body = ''
        response.on('data', (chunk: Buffer) => (body += chunk.toString()))
        response.on('end', () => resolve(body))
      })
        .on('error', reject)
        .end()
    })
    expect((JSON.parse(text) as WireRequest).origin.secure).toBe(true)
    await server.close(60_000)
  })
})

describe('HTTP/2', () => {
  async function startTls(deps: Partial<HotServerDeps> = {}) {
    const authority = createAuthority()
    const { port, server } = await start({ tls: authority.issue(), ...deps })
    const session = connectHttp2(`https://localhost:${port}`, { ca: authority.certificate })
    session.on('error', () => undefined)
    const ask = (headers: OutgoingHttpHeaders, body?: string) =>
      new Promise<{ headers: IncomingHttpHeaders; text: string }>((resolve, reject) => {
        const stream = session.request(headers, { endStream: body === undefined })
        let answer: IncomingHttpHeaders = {}
        let text = ''
        stream.on('response', (received) => (answer = received))
        stream.on('data', (chunk: Buffer) => (text += chunk.toString()))
        stream.on('end', () => resolve({ headers: answer, text }))
        stream.on('error', reject)
        if (body !== undefined) stream.end(body)
      })
    return { authority, port, server, session, ask }
  }

  it('reaches a room, with the authority as its host and a body of no announced length', async () => {
    const { session, port, ask } = await startTls()
    const { headers, text } = await ask({ ':method': 'POST', ':path': '/hot?a=b', 'x-test': '1' }, 'x=1')
    expect(headers).toMatchObject({ ':status': 200, date: expect.stringMatching(/ GMT$/) })
    const seen = JSON.parse(text) as WireRequest
    expect(seen).toMatchObject({ method: 'POST', rawQuery: 'a=b', body: 'x=1' })
    expect(seen.headers).toEqual([
      ['host', `localhost:${port}`],
      ['x-test', '1'],
    ])
    expect(seen.origin).toMatchObject({ sourceIp: '127.0.0.1', secure: true })
    session.close()
  })

  it('answers what it refuses as HTTP/1.1 does', async () => {
    const { session, ask } = await startTls({ bodyTimeoutMs: 50 })
    const post = { ':method': 'POST', ':path': '/hot' }
    const status = async (headers: OutgoingHttpHeaders, body?: string) =>
      (await ask(headers, body)).headers[':status']
    expect(await status(post, 'x'.repeat(2000))).toBe(413)
    expect(await status({ ...post, 'content-length': 2000 }, 'x'.repeat(2000))).toBe(413)
    expect(await status({ ...post, 'content-encoding': 'gzip' }, 'x')).toBe(415)
    expect(await status({ ...post, ':authority': 'a@b' }, 'x')).toBe(400)
    expect(await status({ ...post, ':authority': 'a.example', host: 'b.example' }, 'x')).toBe(400)
    const slow = session.request(post)
    slow.on('error', () => undefined)
    expect(
      await new Promise((resolve) => slow.on('response', (received) => resolve(received[':status']))),
    ).toBe(408)
    session.close()
  })

  it('sends whoever wants a page to HTTP/1.1', async () => {
    const { session, ask } = await startTls()
    await expect(ask({ ':path': '/page' })).rejects.toThrow(/HTTP_1_1_REQUIRED/)
    session.close()
  })

  it('is chosen only by clients that offer nothing else', async () => {
    const { authority, port, session } = await startTls()
    const chosen = (ALPNProtocols: string[]) =>
      new Promise((resolve, reject) => {
        const socket = connectTls({ port, host: 'localhost', ca: authority.certificate, ALPNProtocols })
        socket.on('error', reject)
        socket.on('secureConnect', () => {
          resolve(socket.alpnProtocol)
          socket.destroy()
        })
      })
    expect(await chosen(['h2', 'http/1.1'])).toBe('http/1.1')
    expect(await chosen(['h2'])).toBe('h2')
    expect(await chosen([])).toBe(false)
    await expect(chosen(['spdy/3'])).rejects.toThrow()
    session.close()
  })

  it('lets a request under way finish when the server stops', async () => {
    let finish = (): void => undefined
    let began = (): void => undefined
    const begun = new Promise<void>((resolve) => (began = resolve))
    const slowRoom = roomOf(
      () =>
        new Promise((resolve) => {
          began()
          finish = () => resolve({ status: 200, headers: {}, body: 'finished' })
        }),
    )
    const { server, session, ask } = await startTls({ rooms: [slowRoom] })
    const answer = ask({ ':path': '/hot' })
    await begun
    const closed = server.close(60_000)
    finish()
    expect((await answer).text).toBe('finished')
    await closed
    expect(session.destroyed || session.closed).toBe(true)
  })
})
