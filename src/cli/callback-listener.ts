/** The loopback end of a browser login: one port, one path, one answer (RFC 8252 §7.3, §8.3). */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Callback = { readonly code: string } | { readonly error: string }

export interface CallbackListener {
  readonly redirectUri: string
  /** Settles with the first request that carries our state; rejects after ten minutes. */
  readonly callback: Promise<Callback>
  close(): void
}

const patienceMs = 600_000

export async function receiveCallback(state: string): Promise<CallbackListener> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const redirectUri = `http://127.0.0.1:${port}/oauth/callback`
  let timer: NodeJS.Timeout | undefined
  const callback = new Promise<Callback>((resolve, reject) => {
    timer = setTimeout(() => reject(new Error('nobody finished the login in the browser')), patienceMs)
    server.on('request', (request, response) => {
      const url = new URL(request.url ?? '/', redirectUri)
      const ours =
        request.method === 'GET' &&
        request.headers.host === `127.0.0.1:${port}` &&
        url.pathname === '/oauth/callback' &&
        url.searchParams.get('state') === state
      if (!ours) return page(response, 404, 'This is not the page you are looking for.')
      const code = url.searchParams.get('code')
      page(
        response,
        200,
        code === null
          ? 'The login was not approved. You can close this window.'
          : 'You are logged in. Return to your terminal; this window can be closed.',
      )
      resolve(code === null ? { error: url.searchParams.get('error') ?? 'no code' } : { code })
    })
  })
  return {
    redirectUri,
    callback,
    close() {
      clearTimeout(timer)
      server.close()
      server.closeAllConnections()
    },
  }
}

function page(response: ServerResponse, status: number, sentence: string): void {
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    connection: 'close',
  })
  response.end(`<!doctype html><html lang="en"><title>Rolegate</title><p>${sentence}</p></html>`)
}
