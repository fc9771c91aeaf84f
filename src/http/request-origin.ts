/** What is known of a request before anything in it is understood: its headers as pairs, and where it came from. */
import type { IncomingMessage } from 'node:http'
import type { RequestOrigin } from '../audit/event.js'
import type { ClientAddresses } from './client-address.js'

const maxUserAgentLength = 256

export type HeaderPairs = readonly (readonly [name: string, value: string])[]

export function makeOrigin(
  request: IncomingMessage,
  headers: HeaderPairs,
  addresses: ClientAddresses,
  requestId: string,
): RequestOrigin {
  const peer = request.socket.remoteAddress ?? ''
  const encrypted = 'encrypted' in request.socket && request.socket.encrypted === true
  const forwarding = {
    forwardedFor: valuesOf(headers, 'x-forwarded-for'),
    forwardedProto: valuesOf(headers, 'x-forwarded-proto'),
  }
  return {
    requestId,
    sourceIp: addresses.sourceIp(peer, forwarding),
    userAgent: cleanUserAgent(request.headers['user-agent'] ?? ''),
    secure: addresses.secure(peer, encrypted, forwarding),
  }
}

/** Names in lower case, wire order, repeats kept. */
export function headerPairs(rawHeaders: readonly string[]): HeaderPairs {
  const pairs: (readonly [string, string])[] = []
  for (let index = 0; index + 1 < rawHeaders.length; index += 2)
    pairs.push([rawHeaders[index]!.toLowerCase(), rawHeaders[index + 1]!])
  return pairs
}

function valuesOf(headers: HeaderPairs, wanted: string): readonly string[] {
  return headers.filter(([name]) => name === wanted).map(([, value]) => value)
}

function cleanUserAgent(value: string): string {
  return value.replace(/\p{Cc}/gu, '').slice(0, maxUserAgentLength)
}
