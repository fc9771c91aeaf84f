/**
 * A self-signed X.509 v3 certificate for a key that is already there (RFC 5280), without any tool on the machine.
 * For our own SAML keys and for a first TLS key: who relies on one must be given it, since nobody else vouches.
 */
import { createHash, createPublicKey, sign, type KeyObject } from 'node:crypto'
import { isIP } from 'node:net'
import type { RandomBytes } from '../fault.js'
import {
  bitString,
  boolean,
  integer,
  nothing,
  objectIdentifier,
  octetString,
  retagged,
  sequence,
  set,
  tagged,
  time,
  utf8String,
} from './der.js'

export interface CertificateRequest {
  /** RSA, or EC on P-256. */
  readonly privateKey: KeyObject
  readonly commonName: string
  /** DNS names and IP addresses for subjectAltName. */
  readonly hosts: readonly string[]
  readonly usage: 'signing' | 'encryption' | 'tls'
  readonly notBefore: Date
  readonly notAfter: Date
  readonly randomBytes: RandomBytes
}

/** @returns PEM, signed with SHA-256. */
export function selfSignedCertificate(request: CertificateRequest): string {
  const { privateKey } = request
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
  const algorithm =
    privateKey.asymmetricKeyType === 'rsa'
      ? sequence(objectIdentifier('1.2.840.113549.1.1.11'), nothing()) // sha256WithRSAEncryption
      : sequence(objectIdentifier('1.2.840.10045.4.3.2')) // ecdsa-with-SHA256
  const name = sequence(set(sequence(objectIdentifier('2.5.4.3'), utf8String(request.commonName))))
  const body = sequence(
    tagged(0, integer(Buffer.of(2))), // v3
    integer(serialNumber(request.randomBytes)),
    algorithm,
    name,
    sequence(time(request.notBefore), time(request.notAfter)),
    name,
    publicKey,
    tagged(3, sequence(...extensions(request, publicKey))),
  )
  const certificate = sequence(body, algorithm, bitString(sign('sha256', body, privateKey)))
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

/** 4.1.2.2: positive, at most 20 bytes; never zero. */
function serialNumber(randomBytes: RandomBytes): Buffer {
  const bytes = Buffer.from(randomBytes(16))
  bytes[0] = (bytes[0]! & 0x7f) | 0x40
  return bytes
}

function extensions(request: CertificateRequest, publicKey: Buffer): readonly Buffer[] {
  const keyId = createHash('sha256').update(publicKey).digest().subarray(0, 20)
  return [
    extension('2.5.29.19', sequence(), { critical: true }), // basicConstraints: not an authority
    extension('2.5.29.14', octetString(keyId)), // subjectKeyIdentifier
    // A TLS certificate has no keyUsage: OpenSSL 1.1.1 takes a self-signed one for its own issuer only if that allows
    // signing certificates, which in turn only an authority may say.
    request.usage === 'tls'
      ? extension('2.5.29.37', sequence(objectIdentifier('1.3.6.1.5.5.7.3.1'))) // extKeyUsage: serverAuth
      : extension('2.5.29.15', keyUsage[request.usage], { critical: true }),
    ...(request.hosts.length === 0
      ? []
      : [extension('2.5.29.17', sequence(...request.hosts.map(generalName)))]),
  ]
}

function extension(id: string, value: Buffer, { critical = false } = {}): Buffer {
  return sequence(objectIdentifier(id), ...(critical ? [boolean(true)] : []), octetString(value))
}

/** 4.2.1.3: digitalSignature is bit 0, keyEncipherment bit 2; trailing zero bits are left out. */
const keyUsage = {
  signing: bitString(Buffer.of(0b1000_0000), 7),
  encryption: bitString(Buffer.of(0b0010_0000), 5),
} as const

/** 4.2.1.6: dNSName is [2], iPAddress is [7] as 4 or 16 bytes. */
function generalName(host: string): Buffer {
  switch (isIP(host)) {
    case 4:
      return retagged(7, Buffer.from(host.split('.').map(Number)))
    case 6:
      return retagged(7, ipv6Bytes(host))
    default:
      return retagged(2, Buffer.from(host, 'latin1'))
  }
}

function ipv6Bytes(address: string): Buffer {
  // The URL parser writes the canonical form: lower case, no leading zeros, dotted quads as hexadecimal.
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const [head = '', tail] = canonical.split('::')
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'))
  const left = groups(head)
  const right = groups(tail ?? '')
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0')
  return Buffer.from([...left, ...zeros, ...right].map((group) => group.padStart(4, '0')).join(''), 'hex')
}
