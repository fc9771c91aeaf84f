/**
 * One connection to one directory server: TCP, TLS or StartTLS, with a single time limit over all of it. ldapts
 * only speaks LDAP over the stream made here, because its own StartTLS waits for ever on a silent handshake, keeps
 * what arrived in clear before the handshake, and because it reconnects without being bound.
 */
import { connect, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { checkReply, messageLength, resultCode } from './message.js'
import { Unreachable } from './unreachable.js'

export interface DirectoryServer {
  readonly url: string
  readonly host: string
  readonly port: number
  readonly ldaps: boolean
}

export interface Transport {
  readonly startTls: boolean
  readonly ca?: string
  readonly insecureSkipCertificateCheck: boolean
  readonly insecureAllowPlaintext: boolean
  readonly connectTimeoutMs: number
}

/** @param url `ldap://host[:port]` or `ldaps://host[:port]`; an IPv6 address in brackets. */
export function parseServer(url: string): DirectoryServer {
  const parsed = new URL(url)
  const ldaps = parsed.protocol === 'ldaps:'
  return {
    url,
    host: parsed.hostname.replace(/^\[|\]$/g, '') || 'localhost',
    port: parsed.port === '' ? (ldaps ? 636 : 389) : Number(parsed.port),
    ldaps,
  }
}

/**
 * A connected socket on which a password may be sent.
 * @throws {Unreachable} Certificate problems and a refused StartTLS are failures: there is no way back to clear text.
 */
export async function openConnection(server: DirectoryServer, transport: Transport): Promise<Socket> {
  const encrypted = server.ldaps || transport.startTls
  const loopback = isLoopback(server.host)
  if (!encrypted && !loopback && !transport.insecureAllowPlaintext) throw new Unreachable('ldap:plaintext')
  if (transport.insecureSkipCertificateCheck && !loopback) throw new Unreachable('ldap:tls')

  const tcp = connect({ host: server.host, port: server.port })
  let socket: Socket = tcp
  const timer = setTimeout(() => {
    const late = new Unreachable('ldap:timeout')
    socket.destroy(late)
    tcp.destroy(late)
  }, transport.connectTimeoutMs)
  try {
    await event(tcp, 'connect', 'ldap:connect')
    tcp.setNoDelay(true)
    if (!encrypted) return tcp
    if (!server.ldaps) await startTls(tcp)
    socket = connectTls({
      socket: tcp,
      host: server.host,
      ...(isIP(server.host) === 0 ? { servername: server.host } : {}),
      ...(transport.ca === undefined ? {} : { ca: transport.ca }),
      rejectUnauthorized: !transport.insecureSkipCertificateCheck,
    })
    await event(socket, 'secureConnect', 'ldap:tls')
    return socket
  } catch (cause) {
    socket.destroy()
    tcp.destroy()
    throw cause instanceof Unreachable ? cause : new Unreachable('ldap:connect', cause)
  } finally {
    clearTimeout(timer)
  }
}

function event(socket: Socket, name: string, reason: 'ldap:connect' | 'ldap:tls'): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once(name, () => resolve())
    // Stays for the socket's life: an error without a listener would end the process.
    socket.on('error', (cause) =>
      reject(cause instanceof Unreachable ? cause : new Unreachable(reason, cause)),
    )
    socket.once('close', () => reject(new Unreachable(reason)))
  })
}

/** ExtendedRequest with message id 1 and the name 1.3.6.1.4.1.1466.20037 (RFC 4511 section 4.14). */
const startTlsRequest = Buffer.concat([
  Buffer.from('301d02010177188016', 'hex'),
  Buffer.from('1.3.6.1.4.1.1466.20037', 'ascii'),
])

/** Exactly one reply may arrive before the handshake: more would be someone in between speaking for the server. */
function startTls(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0)
    const settle = (failure?: unknown) => {
      socket.off('data', onData)
      socket.off('error', settle)
      socket.off('close', onClose)
      socket.pause()
      if (failure === undefined) resolve()
      else reject(failure instanceof Unreachable ? failure : new Unreachable('ldap:starttls', failure))
    }
    const onClose = () => settle(new Unreachable('ldap:starttls'))
    const onData = (chunk: Buffer) => {
      received = Buffer.concat([received, chunk])
      try {
        const length = messageLength(received, 64 * 1024)
        if (length === undefined || received.length < length) return
        checkReply(received.subarray(0, length))
        const clean = received.length === length && resultCode(received) === 0
        settle(clean ? undefined : new Unreachable('ldap:starttls'))
      } catch (cause) {
        settle(cause)
      }
    }
    socket.on('data', onData)
    socket.on('error', settle)
    socket.on('close', onClose)
    socket.write(startTlsRequest)
  })
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
}
