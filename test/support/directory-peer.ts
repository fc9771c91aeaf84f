/**
 * Peers on the network between us and a directory, or in its place: a wire that counts requests, a TLS front with a
 * certificate of the test's choice, a server that says whatever the test tells it.
 */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { KeyAndCertificate } from './certificates.js'

export interface Peer {
  readonly port: number
  /** Protocol operations of the requests seen, e.g. 0x60 for a bind, over all connections. */
  readonly requests: number[]
  readonly connections: () => number
}

const open = new Set<() => Promise<void>>()

/** For `afterEach`: ends every peer that was started. */
export async function closePeers(): Promise<void> {
  const all = [...open]
  open.clear()
  await Promise.all(all.map((close) => close()))
}

/** Passes bytes on to `port` and notes the requests that go by in clear. */
export function startWire(port: number): Promise<Peer> {
  return listen(createServer(), (near, note) => {
    const far = connect(port, '127.0.0.1')
    for (const socket of [near, far]) socket.on('error', () => {})
    near.on('data', (data) => {
      note(data)
      far.write(data)
    })
    far.on('data', (data) => near.write(data))
    near.on('close', () => far.destroy())
    far.on('close', () => near.destroy())
  })
}

export function startTlsFront(port: number, identity: KeyAndCertificate): Promise<Peer> {
  return listen(createTlsServer({ key: identity.key, cert: identity.certificate }), (near) => {
    const far = connect(port, '127.0.0.1')
    for (const socket of [near, far]) socket.on('error', () => {})
    near.pipe(far).pipe(near)
  })
}

/** Answers every request with the bytes that `answer` gives; none of them is silence. */
export function startScripted(answer: (request: Request, socket: Socket) => Buffer): Promise<Peer> {
  return listen(createServer(), (socket, note) => {
    socket.on('error', () => {})
    socket.on('data', (data) => {
      for (const request of note(data)) {
        const reply = answer(request, socket)
        if (reply.length > 0) socket.write(reply)
      }
    })
  })
}

export interface Request {
  readonly id: number
  readonly operation: number
}

export const operations = { bind: 0x60, search: 0x63, extended: 0x77, unbind: 0x42 } as const

export function reply(id: number, operation: number, ...content: readonly Buffer[]): Buffer {
  return ber(0x30, ber(0x02, Buffer.from([id])), ber(operation, ...content))
}

export function result(id: number, operation: number, code = 0): Buffer {
  return reply(id, operation, ber(0x0a, Buffer.from([code])), ber(0x04), ber(0x04))
}

export function entry(id: number, dn: string, attributes: Readonly<Record<string, string>>): Buffer {
  const list = Object.entries(attributes).map(([name, value]) =>
    ber(0x30, ber(0x04, Buffer.from(name)), ber(0x31, ber(0x04, Buffer.from(value)))),
  )
  return reply(id, 0x64, ber(0x04, Buffer.from(dn)), ber(0x30, ...list))
}

export function ber(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content)
  const size = Buffer.alloc(4)
  size.writeUInt32BE(body.length)
  const header = body.length < 0x80 ? Buffer.from([tag, body.length]) : Buffer.from([tag, 0x84, ...size])
  return Buffer.concat([header, body])
}

async function listen(
  server: Server,
  serve: (socket: Socket, note: (data: Buffer) => readonly Request[]) => void,
): Promise<Peer> {
  const requests: number[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  const onSocket = (socket: Socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    serve(socket, (data) => {
      const seen = parseRequests(data)
      requests.push(...seen.map(({ operation }) => operation))
      return seen
    })
  }
  server.on('secureConnection', onSocket)
  if (!('setSecureContext' in server)) server.on('connection', onSocket)
  server.on('tlsClientError', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.add(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return { port: (server.address() as AddressInfo).port, requests, connections: () => connections }
}

/** Our client sends each request in one packet, with a message id below 128 in these tests. */
function parseRequests(data: Buffer): readonly Request[] {
  const found: Request[] = []
  for (let at = 0; at + 2 <= data.length && data[at] === 0x30;) {
    const first = data[at + 1]!
    const size = first < 0x80 ? 0 : first & 0x7f
    const start = at + 2 + size
    const length = size === 0 ? first : data.readUIntBE(at + 2, size)
    found.push({ id: data[start + 2]!, operation: data[start + 3]! })
    at = start + length
  }
  return found
}
