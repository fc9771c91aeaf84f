/** Addresses as settings write them. Only shapes: whether anybody answers there is not asked. */
import { isIP } from 'node:net'

export interface HostAndPort {
  readonly host: string
  readonly port: number
}

/** `host:port`, `[::1]:8080`; the host comes out without brackets. With a default the port may be left out. */
export function hostAndPort(written: string, defaultPort?: number): HostAndPort | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/\s@]+))(?::(\d{1,5}))?$/.exec(written)
  if (match === null) return undefined
  const [, ipv6, name, digits] = match
  if (ipv6 !== undefined && isIP(ipv6) !== 6) return undefined
  // `256.1.1.1` and `10.1` are no names either.
  if (name !== undefined && /^[\d.]+$/.test(name) && isIP(name) !== 4) return undefined
  if (name !== undefined && !/^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(name)) return undefined
  const port = digits === undefined ? defaultPort : Number(digits)
  const host = ipv6 ?? name
  return host === undefined || port === undefined || port > 65_535 ? undefined : { host, port }
}

/** `host` or `host:port` as a request names it, in lower case; undefined when it is no such thing. */
export function requestHost(written: string): string | undefined {
  const isHost = /^[a-z0-9.-]+(?::\d{1,5})?$|^\[[0-9a-f:.]+\](?::\d{1,5})?$/i.test(written)
  return isHost ? written.toLowerCase() : undefined
}

/** `https://host[:port]` in normal form, without a trailing slash; undefined when there is anything more. */
export function originOf(written: string): string | undefined {
  const url = webUrl(written)
  return url === undefined || url.pathname !== '/' || url.search !== '' ? undefined : url.origin
}

/** An `http:` or `https:` URL without credentials or fragment. */
export function webUrl(written: string): URL | undefined {
  const url = URL.canParse(written) && !/[\s\p{Cc}\\]/u.test(written) ? new URL(written) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) return undefined
  return url.username !== '' || url.password !== '' || written.includes('#') ? undefined : url
}
