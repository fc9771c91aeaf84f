/**
 * What stands before a server in production, for clients that know nothing of it: a proxy that ends TLS for given names
 * and hands every byte on, Host included; and a forward proxy (CONNECT) that leads whoever uses it there, whatever
 * name is asked for. Unmodified clients take both from HTTPS_PROXY and AWS_CA_BUNDLE.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect, type AddressInfo, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { createAuthority } from './certificates.js'

export interface TlsFront {
  /** Where TLS ends. */
  readonly port: number
  readonly forwardProxyUrl: string
  /** A file with the authority that vouches for the names, and its text. */
  readonly caFile: string
  readonly ca: string
  close(): Promise<void>
}

export async function startTlsFront(behindPort: number, names: readonly string[]): Promise<TlsFront> {
  const authority = createAuthority()
  const folder = mkdtempSync(join(tmpdir(), 'rolegate-front-'))
  const caFile = join(folder, 'ca.pem')
  writeFileSync(caFile, authority.certificate)
  const open = new Set<Socket>()
  const keep = (socket: Socket): Socket => {
    open.add(socket)
    return socket.on('error', () => socket.destroy()).on('close', () => open.delete(socket))
  }
  const joinTwo = (near: Socket, far: Socket): void => {
    near.pipe(far)
    far.pipe(near)
    near.on('close', () => far.destroy())
    far.on('close', () => near.destroy())
  }
  const { key, certificate } = authority.issue({ hosts: names })
  const front = createTlsServer({ key, cert: certificate }, (socket) =>
    joinTwo(keep(socket), keep(connect(behindPort, '127.0.0.1'))),
  )
  const port = await listening(front)
  const forward = createServer((_request, response) => void response.writeHead(405).end())
  forward.on('connect', (_request, socket: Socket) => {
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
    joinTwo(keep(socket), keep(connect(port, '127.0.0.1')))
  })
  return {
    port,
    forwardProxyUrl: `http://127.0.0.1:${await listening(forward)}`,
    caFile,
    ca: authority.certificate,
    async close() {
      for (const socket of open) socket.destroy()
      await Promise.all([front, forward].map((server) => new Promise((done) => server.close(done))))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return (server.address() as AddressInfo).port
}
