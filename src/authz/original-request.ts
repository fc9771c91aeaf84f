/**
 * The request that a proxy asks about, from what the proxy says of it. Three shapes, each known by what only the proxy
 * can set: nginx (`X-Original-Method`, `X-Original-URI`, its Host), Traefik and Caddy (`X-Forwarded-Method`, `-Uri`,
 * `-Host`) and Envoy (its own method and Host, its path behind the prefix).
 *
 * Proxies pass on headers that they do not know, so a client can add those of another shape. Whatever could be read in
 * two ways is refused: the shape is never the client's to choose.
 */
import type { WireRequest } from '../http/wire.js'
import type { ReceivedRequest } from '../signature/canonical-request.js'

export interface OriginalRequest extends ReceivedRequest {
  /** As the client sent it. */
  readonly host: string
  /** Whether it is known to have a body; a proxy that says nothing about it leaves that open. */
  readonly hasBody: boolean
}

export const verifyPath = '/v1/verify'

/** @returns undefined when it cannot be told for sure what the client asked for. */
export function originalRequest(check: WireRequest): OriginalRequest | undefined {
  const said = new Map<string, string>()
  const headers: (readonly [name: string, value: string])[] = []
  for (const pair of check.headers) {
    const [name, value] = pair
    if (!sayings.has(name)) {
      if (name !== 'host' && name !== 'content-length') headers.push(pair)
      else if (name === 'host') said.set(name, value)
      continue
    }
    if (said.has(name)) return undefined
    said.set(name, value)
    // The client may have signed these; whoever did not has no use for them.
    if (name.startsWith('x-forwarded-')) headers.push(pair)
  }
  const target = targetOf(check, said)
  if (target === undefined) return undefined
  const { method, host, uri } = target
  if (host === undefined || method === undefined || !uri.startsWith('/')) return undefined
  headers.push(['host', host])
  const length = said.get('x-original-content-length')
  if (length !== undefined) headers.push(['content-length', length])
  const query = uri.indexOf('?')
  return {
    method,
    host,
    rawPath: query < 0 ? uri : uri.slice(0, query),
    rawQuery: query < 0 ? '' : uri.slice(query + 1),
    headers,
    hasBody: said.has('x-original-transfer-encoding') || (length !== undefined && length !== '0'),
  }
}

interface Target {
  readonly method: string | undefined
  readonly host: string | undefined
  /** Path and query as they were received. */
  readonly uri: string
}

const sayings = new Set([
  'x-original-method',
  'x-original-uri',
  'x-original-content-length',
  'x-original-transfer-encoding',
  'x-forwarded-method',
  'x-forwarded-uri',
  'x-forwarded-host',
])

function targetOf(check: WireRequest, said: ReadonlyMap<string, string>): Target | undefined {
  const original = said.get('x-original-uri')
  const forwarded = said.get('x-forwarded-uri')
  if (check.rawPath !== verifyPath) {
    if (original !== undefined || forwarded !== undefined) return undefined
    const path = check.rawPath.slice(verifyPath.length)
    const uri = check.rawQuery === '' ? path : `${path}?${check.rawQuery}`
    return { method: check.method, host: said.get('host'), uri }
  }
  if ((original === undefined) === (forwarded === undefined)) return undefined
  return original === undefined
    ? { method: said.get('x-forwarded-method'), host: said.get('x-forwarded-host'), uri: forwarded ?? '' }
    : { method: said.get('x-original-method'), host: said.get('host'), uri: original }
}
