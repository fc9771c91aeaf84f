/**
 * Which address a request came from, and whether its connection was TLS. Forwarding headers count only when the peer
 * is a configured proxy, and only as far to the left as the chain of configured proxies reaches.
 */
import { BlockList, isIP } from 'node:net'

export interface ForwardingHeaders {
  /** Every `X-Forwarded-For` in wire order. */
  readonly forwardedFor: readonly string[]
  readonly forwardedProto: readonly string[]
}

export interface ClientAddresses {
  /** @returns the address as the nearest trustworthy hop saw it; IPv4-mapped IPv6 comes out as IPv4. */
  sourceIp(peer: string, headers: ForwardingHeaders): string
  secure(peer: string, encrypted: boolean, headers: ForwardingHeaders): boolean
}

/**
 * @param trustedProxies CIDR blocks or single addresses.
 * @throws {RangeError} for one that is neither.
 */
export function createClientAddresses(trustedProxies: readonly string[]): ClientAddresses {
  const trusted = new BlockList()
  for (const block of trustedProxies) addBlock(trusted, block)
  const isTrusted = (address: string): boolean =>
    trustedProxies.length > 0 &&
    isIP(address) !== 0 &&
    trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')

  return {
    sourceIp(peer, { forwardedFor }) {
      let nearest = plain(peer)
      if (forwardedFor.length === 0 || !isTrusted(nearest)) return nearest
      const hops = forwardedFor.join(',').split(',')
      for (const hop of hops.reverse()) {
        const address = withoutPort(hop.trim())
        // A hop that is no address ends the chain: whoever stands left of it cannot be vouched for.
        if (isIP(address) === 0) return nearest
        nearest = plain(address)
        if (!isTrusted(nearest)) return nearest
      }
      return nearest
    },
    secure(peer, encrypted, { forwardedProto }) {
      if (encrypted) return true
      if (forwardedProto.length === 0) return false
      const last = forwardedProto.join(',').split(',').at(-1)?.trim().toLowerCase()
      return last === 'https' && isTrusted(plain(peer))
    },
  }
}

function addBlock(list: BlockList, block: string): void {
  const [address = '', prefix] = block.split('/', 2)
  const family = isIP(address)
  if (family === 0) throw new RangeError(`\`${block}\` is not an address or a CIDR block`)
  const longest = family === 6 ? 128 : 32
  const length = prefix === undefined ? longest : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1
  if (length < 0 || length > longest) throw new RangeError(`\`${block}\` is not an address or a CIDR block`)
  list.addSubnet(address, length, family === 6 ? 'ipv6' : 'ipv4')
}

/** `::ffff:192.0.2.1` → `192.0.2.1`; a zone (`fe80::1%eth0`) is dropped. */
function plain(address: string): string {
  if (!address.includes(':')) return address
  const bare = address.replace(/%.*$/, '')
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(bare) ? bare.slice(7) : bare
}

/** `192.0.2.1:4711` and `[2001:db8::1]:4711` as some proxies write them. */
function withoutPort(hop: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(hop)
  if (bracketed !== null) return bracketed[1]!
  return /^\d+\.\d+\.\d+\.\d+:\d+$/.test(hop) ? hop.slice(0, hop.indexOf(':')) : hop
}
