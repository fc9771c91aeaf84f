/** What is known of a request before anything in it is understood: its headers as pairs, and where it came from. */
import type { IncomingMessage } from 'node:http'
import type { RequestOrigin } from '../audit/event.js'
import type { ClientAddresses } from './client-address.js'

const maxUserAgentLength = 256
const printableAscii = /^[\x20-\x7e]*$/
const none: readonly string[] = []

export type HeaderPairs = readonly (readonly [name: string, value: string])[]

export function makeOrigin(
  request: Pick<IncomingMessage, 'headers' | 'socket'>,
  headers: HeaderPairs,
  addresses: ClientAddresses,
  requestId: string,
): RequestOrigin {
  const { socket, headers: known } = request
  const peer = socket.remoteAddress ?? ''
  const encrypted = 'encrypted' in socket && socket.encrypted === true
  const valuesOf = (wanted: string): readonly string[] =>
    known[wanted] === undefined ? none : headers.filter(([name]) => name === wanted).map(([, value]) => value)
  const forwarding = {
    forwardedFor: valuesOf('x-forwarded-for'),
    forwardedProto: valuesOf('x-forwarded-proto'),
  }
  return {
    requestId,
    sourceIp: addresses.sourceIp(peer, forwarding),
    userAgent: cleanUserAgent(known['user-agent'] ?? ''),
    secure: addresses.secure(peer, encrypted, forwarding),
  }
}

/**
 * Names in lower case, wire order, repeats kept. HTTP/2's `:authority` becomes the `host` that it stands for (RFC 9113
 * 8.3.1), and what else begins with a colon is no header.
 */
export function headerPairs(rawHeaders: readonly string[]): HeaderPairs {
  const pairs: (readonly [string, string])[] = []
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!
    if (!name.startsWith(':')) pairs.push([name.toLowerCase(), rawHeaders[index + 1]!])
    else if (name === ':authority') pairs.push(['host', rawHeaders[index + 1]!])
  }
  return pairs
}

function cleanUserAgent(value: string): string {
  const clean = printableAscii.test(value) ? value : value.replace(/\p{Cc}/gu, '')
  return clean.length > maxUserAgentLength ? clean.slice(0, maxUserAgentLength) : clean
}
