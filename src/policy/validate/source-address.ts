/**
 * Checks on address ranges. `aws:SourceIp` is the caller's public address, so private ranges never match it; calls
 * through a private endpoint carry `aws:VpcSourceIp` instead.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourceip
 */
import { type AddressRange, contains, parseRange } from '../address.js'
import { type Check, type Hit, hit, perCondition } from './check.js'

/** RFC 1918, 1122, 3927, 6598, 4193, 4291. */
const privateRanges: readonly AddressRange[] = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '100.64.0.0/10',
  '::1/128',
  'fc00::/7',
  'fe80::/10',
].map((text) => parseRange(text)!)

export const sourceAddressChecks: readonly Check[] = [
  privacy('PRIVATE_IP_ADDRESS', 'ERROR', 'IpAddress', 'all', 'All ranges are private, so this never holds.'),
  privacy(
    'PRIVATE_NOT_IP_ADDRESS',
    'ERROR',
    'NotIpAddress',
    'all',
    'All ranges are private, so this always holds.',
  ),
  privacy('PRIVATE_IP_ADDRESS_SUBSET', 'SUGGESTION', 'IpAddress', 'some', 'Private ranges never match here.'),
  privacy(
    'PRIVATE_NOT_IP_ADDRESS_SUBSET',
    'SUGGESTION',
    'NotIpAddress',
    'some',
    'Private ranges do nothing here.',
  ),
  {
    code: 'IMPROVE_IP_RANGE',
    type: 'SUGGESTION',
    find: perCondition(function* ({ operator, values }) {
      if (!operator.base.endsWith('IpAddress')) return
      for (const { text, cursor } of values) {
        const range = parseRange(text)
        if (range !== undefined && hasHostBits(range)) {
          yield hit('Bits behind the mask do not count: write the first address of the range.', cursor)
        }
      }
    }),
  },
]

function privacy(
  code: string,
  type: Check['type'],
  base: string,
  how: 'all' | 'some',
  details: string,
): Check {
  return {
    code,
    type,
    find: perCondition(function* ({ key, operator, values, cursor }): Iterable<Hit> {
      if (key !== 'aws:sourceip' || operator.base !== base) return
      const inner = values.filter(({ text }) => isPrivate(text))
      if (inner.length === 0) return
      if (how === 'all' && inner.length === values.length) yield hit(details, cursor)
      if (how === 'some' && inner.length < values.length) {
        yield hit(details, ...inner.map((leaf) => leaf.cursor))
      }
    }),
  }
}

function isPrivate(text: string): boolean {
  const range = parseRange(text)
  return range !== undefined && privateRanges.some((outer) => contains(outer, range))
}

function hasHostBits({ words, bits }: AddressRange): boolean {
  return words.some((word, i) => {
    const hostBits = Math.min(16, Math.max(0, (i + 1) * 16 - bits))
    return (word & ((1 << hostBits) - 1)) !== 0
  })
}
