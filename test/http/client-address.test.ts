import { describe, expect, it } from '@jest/globals'
import { createClientAddresses } from '../../src/http/client-address.js'

const proxied = createClientAddresses(['10.0.0.0/8', '192.0.2.7', '2001:db8:1::/48'])

describe('the address of a client', () => {
  it.each([
    ['the peer, when there are no headers', '203.0.113.5', [], '203.0.113.5'],
    [
      'the peer, when it is no proxy of ours, whatever it says',
      '203.0.113.5',
      ['198.51.100.1'],
      '203.0.113.5',
    ],
    ['the hop before our proxy', '10.1.2.3', ['198.51.100.1'], '198.51.100.1'],
    ['the rightmost hop that is not ours', '10.1.2.3', ['1.1.1.1, 198.51.100.1, 10.9.9.9'], '198.51.100.1'],
    ['not what the client wrote in front', '192.0.2.7', ['127.0.0.1, 198.51.100.1'], '198.51.100.1'],
    [
      'read over repeated headers in wire order',
      '10.1.2.3',
      ['1.1.1.1', '198.51.100.1', '10.9.9.9'],
      '198.51.100.1',
    ],
    ['the last hop that is an address', '10.1.2.3', ['198.51.100.1, unknown, 10.9.9.9'], '10.9.9.9'],
    ['the leftmost, when all are ours', '10.1.2.3', ['10.7.7.7, 10.8.8.8'], '10.7.7.7'],
    ['without a port', '10.1.2.3', ['198.51.100.1:4711'], '198.51.100.1'],
    ['IPv6', '2001:db8:1::1', ['2001:db8:2::9'], '2001:db8:2::9'],
    ['IPv6 in brackets', '10.1.2.3', ['[2001:db8:2::9]:4711'], '2001:db8:2::9'],
    ['IPv4 when it is mapped into IPv6', '::ffff:10.1.2.3', ['::ffff:198.51.100.1'], '198.51.100.1'],
    ['without its zone', 'fe80::1%eth0', [], 'fe80::1'],
    ['the peer, when the header is noise', '10.1.2.3', ['<script>, ,,'], '10.1.2.3'],
    ['the peer, when octal is tried', '10.1.2.3', ['0177.0.0.1'], '10.1.2.3'],
  ])('is %s', (_name, peer, forwardedFor, expected) => {
    expect(proxied.sourceIp(peer, { forwardedFor, forwardedProto: [] })).toBe(expected)
  })

  it('is the peer when no proxy is trusted', () => {
    const bare = createClientAddresses([])
    expect(bare.sourceIp('10.1.2.3', { forwardedFor: ['1.1.1.1'], forwardedProto: [] })).toBe('10.1.2.3')
  })

  it.each(['10.0.0.0/33', '::/129', 'localhost', '10.0.0.0/x', '', '10.0.0.0/'])(
    'does not accept %j as a proxy',
    (block) => {
      expect(() => createClientAddresses([block])).toThrow(RangeError)
    },
  )
})

describe('a secure connection', () => {
  it.each([
    ['TLS at this server', '203.0.113.5', true, [], true],
    ['a proxy of ours that says so', '10.1.2.3', false, ['https'], true],
    ['nobody else that says so', '203.0.113.5', false, ['https'], false],
    ['what our proxy wrote last', '10.1.2.3', false, ['https, http'], false],
    ['nothing said', '10.1.2.3', false, [], false],
  ])('is %s', (_name, peer, encrypted, forwardedProto, expected) => {
    expect(proxied.secure(peer, encrypted, { forwardedFor: [], forwardedProto })).toBe(expected)
  })
})
