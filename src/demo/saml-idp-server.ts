/**
 * The HTTP side of the demonstration's SAML identity provider: loopback only, small requests only, and no answer to a
 * name that is not a loopback name, so that a web page cannot reach it by rebinding its own.
 */
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { errorPage } from './saml-idp-pages.js'
import type { Page } from './saml-idp-pages.js'

export interface DemoRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly form: URLSearchParams
}

const host = '127.0.0.1'
const maxBodyBytes = 65_536

export async function listenOnLoopback(
  port: number,
  respond: (request: DemoRequest) => Promise<Page>,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer({ requestTimeout: 10_000 }, (request, response) => {
    answer(request, respond).then(
      (page) => send(response, page),
      () => send(response, errorPage('the request could not be read')),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(
  request: IncomingMessage,
  respond: (request: DemoRequest) => Promise<Page>,
): Promise<Page> {
  const hostname = (request.headers.host ?? '').replace(/:\d+$/, '')
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(hostname)) return errorPage('not here', 421)
  const { pathname, searchParams } = new URL(request.url ?? '/', `http://${host}`)
  const form = new URLSearchParams(request.method === 'POST' ? await bodyOf(request) : '')
  return respond({ method: request.method ?? 'GET', path: pathname, query: searchParams, form })
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request) {
    body += String(chunk)
    if (body.length > maxBodyBytes) throw new Error('too large')
  }
  return body
}

function send(response: ServerResponse, { status, type, body, policy }: Page): void {
  const script = policy ? `script-src 'nonce-${policy.nonce}'; ` : ''
  response.writeHead(status, {
    'content-type': `${type}; charset=utf-8`,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-security-policy': `default-src 'none'; ${script}form-action ${policy?.formAction ?? "'self'"}; frame-ancestors 'none'; base-uri 'none'`,
  })
  response.end(body)
}
