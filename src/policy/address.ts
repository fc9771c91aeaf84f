/**
 * Internet addresses and CIDR ranges of the IpAddress operators, own parser so that a policy's ranges are read once.
 * An IPv4 address never lies in an IPv6 range nor the reverse, the mapped form `::ffff:1.2.3.4` being IPv6: whoever
 * fills `aws:SourceIp` unwraps it.
 */
export interface AddressRange {
  /** 16-bit words: two for IPv4, eight for IPv6. */
  readonly words: readonly number[]
  readonly bits: number
}

/** `address` or `address/bits`; host bits below the mask are ignored. Undefined when it is neither. */
export function parseRange(text: string): AddressRange | undefined {
  const slash = text.indexOf('/')
  const words = parseAddress(slash < 0 ? text : text.slice(0, slash))
  if (words === undefined) return undefined
  const width = words.length * 16
  if (slash < 0) return { words, bits: width }
  const mask = text.slice(slash + 1)
  return /^(0|[1-9]\d{0,2})$/.test(mask) && Number(mask) <= width ? { words, bits: Number(mask) } : undefined
}

/** Whether every address of `inner` lies in `outer`; a bare address is a range of one. */
export function contains(outer: AddressRange, inner: AddressRange): boolean {
  if (outer.words.length !== inner.words.length || inner.bits < outer.bits) return false
  for (let i = 0; i * 16 < outer.bits; i += 1) {
    const shift = Math.max(0, (i + 1) * 16 - outer.bits)
    if (outer.words[i]! >>> shift !== inner.words[i]! >>> shift) return false
  }
  return true
}

/** Dotted quad without leading zeros, or RFC 4291 text without a zone. */
function parseAddress(text: string): number[] | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text)
}

function parseIpv4(text: string): number[] | undefined {
  const octets = text.split('.', 5)
  if (
    octets.length !== 4 ||
    !octets.every((octet) => /^(0|[1-9]\d{0,2})$/.test(octet) && Number(octet) < 256)
  ) {
    return undefined
  }
  const [a, b, c, d] = octets.map(Number) as [number, number, number, number]
  return [a * 256 + b, c * 256 + d]
}

function parseIpv6(text: string): number[] | undefined {
  if (text.length > 45) return undefined
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const head = parseGroups(halves[0]!, halves.length === 1)
  const tail = halves.length === 1 ? [] : parseGroups(halves[1]!, true)
  if (head === undefined || tail === undefined) return undefined
  const missing = 8 - head.length - tail.length
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined
  return [...head, ...Array<number>(missing).fill(0), ...tail]
}

function parseGroups(text: string, mayEndInIpv4: boolean): number[] | undefined {
  if (text === '') return []
  const words: number[] = []
  const groups = text.split(':')
  for (const [i, group] of groups.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(group)) {
      words.push(Number.parseInt(group, 16))
    } else {
      const quad = mayEndInIpv4 && i === groups.length - 1 ? parseIpv4(group) : undefined
      if (quad === undefined) return undefined
      words.push(...quad)
    }
  }
  return words
}
