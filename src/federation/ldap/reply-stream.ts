/**
 * The stream that ldapts reads: one complete, checked reply at a time, never more than a limit in all. Handing over
 * single messages keeps the package from recursing once per message of a packet; the limit drops a server that
 * sends without end.
 */
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { checkReply, messageLength } from './message.js'
import { Unreachable } from './unreachable.js'

export interface ReplyStream {
  /** Has what ldapts uses of a socket. */
  readonly socket: Socket
  /** Why the stream ended early, once it has. */
  failure(): Unreachable | undefined
  destroy(reason: Unreachable): void
}

export function createReplyStream(socket: Socket, maximumBytes: number): ReplyStream {
  let failure: Unreachable | undefined
  let total = 0
  let pending: Buffer[] = []
  let pendingBytes = 0
  let wanted: number | undefined

  const stream = new Duplex({
    readableObjectMode: true,
    read: () => {},
    write: (chunk: Buffer, _encoding, done) => {
      if (socket.destroyed) done(new Unreachable('ldap:closed'))
      else socket.write(chunk, done)
    },
    final: (done) => {
      socket.end()
      done()
    },
    destroy: (error, done) => {
      socket.destroy()
      done(error)
    },
  })

  function fail(reason: Unreachable): void {
    failure ??= reason
    stream.destroy(failure)
  }

  function accept(chunk: Buffer): void {
    total += chunk.length
    if (total > maximumBytes) throw new Unreachable('ldap:too-large')
    pending.push(chunk)
    pendingBytes += chunk.length
    while (wanted === undefined || pendingBytes >= wanted) {
      // Joined only when a whole message is there, so that a long one is not copied once per packet.
      const joined = pending.length === 1 ? pending[0]! : Buffer.concat(pending)
      pending = [joined]
      wanted = messageLength(joined, maximumBytes)
      if (wanted === undefined || joined.length < wanted) return
      const message = joined.subarray(0, wanted)
      checkReply(message)
      stream.push(message)
      const rest = joined.subarray(wanted)
      pending = rest.length > 0 ? [rest] : []
      pendingBytes = rest.length
      wanted = undefined
      if (pendingBytes === 0) return
    }
  }

  socket.on('data', (chunk: Buffer) => {
    if (failure !== undefined) return
    try {
      accept(chunk)
    } catch (cause) {
      fail(cause instanceof Unreachable ? cause : new Unreachable('ldap:malformed', cause))
    }
  })
  socket.on('error', (cause) => fail(new Unreachable('ldap:closed', cause)))
  socket.on('close', () => {
    failure ??= new Unreachable('ldap:closed')
    stream.destroy()
  })
  // ldapts swaps listeners while it connects; without one in between an error would end the process.
  stream.on('error', () => {})

  const like = Object.assign(stream, { connecting: false, readyState: 'open' })
  return {
    socket: like as unknown as Socket,
    failure: () => failure,
    destroy: fail,
  }
}
