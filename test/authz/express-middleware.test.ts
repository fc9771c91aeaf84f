import { createServer, type RequestListener, type Server } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import express from 'express'
import { protect, type ProtectedRequest, type ProtectOptions } from '../../src/authz/express-middleware.js'
import type { RequestToSign } from '../support/aws-signer.js'
import { authzHouse, reportsHost, type AuthzHouse } from '../support/authz-house.js'
import { ask } from '../support/product-visitor.js'
import { homeAccount } from '../support/roles.js'

let house: AuthzHouse
const servers: Server[] = []
beforeEach(async () => {
  house = await authzHouse()
})
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  }
})

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function options(more: Partial<ProtectOptions> = {}): ProtectOptions {
  return {
    verifier: house.verifier,
    service: 'reports',
    hosts: [reportsHost],
    action: () => 'reports:Read',
    resource: ({ originalUrl, url }) => `arn:aws:reports::${homeAccount}:${(originalUrl ?? url)?.slice(1)}`,
    ...more,
  }
}

async function call(
  url: string,
  role = 'Reader',
  request: RequestToSign & { added?: Record<string, string> } = {},
) {
  const signed = await house.signed(house.session(role), request)
  const headers = Object.fromEntries(signed.headers.filter(([name]) => name !== 'host'))
  return ask(url, signed.rawPath, {
    method: signed.method,
    headers: { Host: reportsHost, ...headers, ...request.added },
    ...(request.body === undefined ? {} : { body: request.body }),
  })
}

/** Tells what it was given. */
const told = (request: ProtectedRequest) =>
  JSON.stringify({ arn: request.rolegate?.identity.arn, body: request.rawBody?.toString() })
const arn = `arn:aws:sts::${homeAccount}:assumed-role/Reader/ada`

describe('a handler of node:http', () => {
  const plain = (more: Partial<ProtectOptions> = {}): RequestListener => {
    const guard = protect(options(more))
    return (request, response) =>
      void guard(request, response, (error) => {
        if (error !== undefined) response.writeHead(500)
        response.end(error instanceof Error ? error.message : told(request))
      })
  }

  it('runs for who may, with who it is and the bytes that were signed', async () => {
    const url = await serve(plain())
    const answer = await call(url, 'Reader', { method: 'POST', body: '{"ä":1}' })
    expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { arn, body: '{"ä":1}' }])
  })

  it('does not run for anybody else', async () => {
    let ran = 0
    const guard = protect(options())
    const url = await serve((request, response) => void guard(request, response, () => void (ran += 1)))
    expect((await call(url, 'Stranger')).status).toBe(403)
    expect((await ask(url, '/2027/may', { headers: { Host: reportsHost } })).status).toBe(401)
    expect((await call(url, 'Reader', { path: '/secret/x' })).status).toBe(403)
    expect(ran).toBe(0)
  })

  it('is not asked while nothing can be decided, and somebody is told why', async () => {
    const causes: unknown[] = []
    const url = await serve(plain({ onUnavailable: (cause) => causes.push(cause) }))
    house.storeDown = true
    const answer = await call(url)
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1'])
    house.storeDown = false
    house.auditDown = true
    expect((await call(url)).status).toBe(503)
    expect(causes).toHaveLength(2)
  })

  it('hears of mistakes in what it asks', async () => {
    const url = await serve(plain({ action: () => 'sts:AssumeRole' }))
    const answer = await call(url)
    expect([answer.status, answer.text]).toEqual([500, '`action` is an action of Rolegate itself'])
    const broken = await serve(
      plain({
        resource: () => {
          throw new RangeError('no such report')
        },
      }),
    )
    expect((await call(broken)).text).toBe('no such report')
  })

  it.each(['/a/../secret/x', '//secret/x', '/secret%2fx', '/secret;a/x', '/%00'])(
    'is not asked about the path %s, which can be read in two ways',
    async (path) => {
      const url = await serve(plain())
      expect((await ask(url, path, { headers: { Host: reportsHost } })).status).toBe(400)
    },
  )

  it('does not wait for a body that is too long', async () => {
    const url = await serve(plain({ maxBodyBytes: 10 }))
    expect((await call(url, 'Reader', { method: 'POST', body: 'x'.repeat(11) })).status).toBe(413)
    const { port } = new URL(url)
    const first = await new Promise<string>((done) => {
      const socket = connect(Number(port), '127.0.0.1', () => {
        socket.write(
          `POST /a HTTP/1.1\r\nHost: ${reportsHost}\r\nTransfer-Encoding: chunked\r\n\r\nc\r\n${'x'.repeat(12)}\r\n`,
        )
      })
      socket.once('data', (chunk: Buffer) => {
        socket.destroy()
        done(chunk.toString().split('\r\n')[0] ?? '')
      })
    })
    expect(first).toBe('HTTP/1.1 413 Payload Too Large')
  })

  it('believes forwarding headers of configured proxies only', async () => {
    const forwarded = { 'X-Forwarded-For': '198.51.100.7' }
    const alone = await serve(plain())
    expect((await call(alone, 'Office', { added: forwarded })).status).toBe(403)
    const behind = await serve(plain({ trustedProxies: ['127.0.0.1'] }))
    expect((await call(behind, 'Office', { added: forwarded })).status).toBe(200)
  })

  it('may be about resources with policies of their own', async () => {
    const resourcePolicy = () => ({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: '*', Action: 'reports:Read', Resource: '*' }],
    })
    const url = await serve(plain({ resourcePolicy }))
    expect((await call(url, 'ForeignReader')).status).toBe(200)
    expect((await call(await serve(plain()), 'ForeignReader')).status).toBe(403)
  })
})

describe('an Express application', () => {
  it('keeps its body parser, when that keeps the bytes', async () => {
    const app = express()
    app.use(
      express.json({
        verify: (request: ProtectedRequest, _response, bytes) => {
          request.rawBody = bytes
        },
      }),
      protect(options()),
    )
    app.post('/2027/may', (request, response) => void response.json(request.body))
    const answer = await call(await serve(app), 'Reader', {
      method: 'POST',
      body: '{"a":1}',
      headers: { 'content-type': 'application/json' },
    })
    expect([answer.status, answer.text]).toEqual([200, '{"a":1}'])
  })

  it('is told when a body parser came first and kept nothing', async () => {
    const app = express()
    app.use(express.json(), protect(options()))
    app.use(((error: Error, _request, response, _next) => {
      response.status(500).send(error.message)
    }) satisfies express.ErrorRequestHandler)
    const answer = await call(await serve(app), 'Reader', {
      method: 'POST',
      body: '{"a":1}',
      headers: { 'content-type': 'application/json' },
    })
    expect(answer.status).toBe(500)
    expect(answer.text).toContain('put it first')
  })

  it('sees the whole path below a router', async () => {
    const app = express()
    const router = express.Router()
    router.use(protect(options()))
    router.get('/may', (request, response) => void response.send(told(request as ProtectedRequest)))
    app.use('/2027', router)
    expect((await call(await serve(app))).status).toBe(200)
  })
})
