/** The RequestOrigin of every request, made once at the edge and found again by the Express application. */
import type { IncomingMessage } from 'node:http'
import type { RequestOrigin } from '../audit/event.js'
import type { ClientAddresses } from './client-address.js'

const origins = new WeakMap<IncomingMessage, RequestOrigin>()
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
  const origin = {
    requestId,
    sourceIp: addresses.sourceIp(peer, forwarding),
    userAgent: cleanUserAgent(request.headers['user-agent'] ?? ''),
    secure: addresses.secure(peer, encrypted, forwarding),
  }
  origins.set(request, origin)
  return origin
}

/** @throws {TypeError} for a request that did not come through the hot server. */
export function originOf(request: IncomingMessage): RequestOrigin {
  const origin = origins.get(request)
  if (origin === undefined)
    throw new TypeError('the request has no origin: it did not come through the hot server')
  return origin
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
