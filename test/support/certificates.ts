/**
 * Certificates for tests, made at run time without openssl: a certificate authority and what it signs, also expired
 * or for another host. X.509 v3 (RFC 5280), ECDSA on P-256.
 */
import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto'

export interface Authority {
  /** PEM. */
  readonly certificate: string
  issue(options?: {
    readonly hosts?: readonly string[]
    readonly from?: Date
    readonly until?: Date
  }): KeyAndCertificate
}

export interface KeyAndCertificate {
  /** PEM, PKCS #8. */
  readonly key: string
  readonly certificate: string
}

const dayMs = 86_400_000

export function createAuthority(name = 'test authority'): Authority {
  const own = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const make = (subject: string, publicKey: KeyObject, from: Date, until: Date, extensions: Buffer[]) =>
    certificate({ issuer: name, signer: own.privateKey, subject, publicKey, from, until, extensions })
  const yesterday = new Date(Date.now() - dayMs)
  const nextMonth = new Date(Date.now() + 30 * dayMs)
  return {
    certificate: make(name, own.publicKey, yesterday, nextMonth, [
      extension('2.5.29.19', true, sequence(der(0x01, Buffer.from([0xff])))),
      // keyCertSign and cRLSign
      extension('2.5.29.15', true, der(0x03, Buffer.from([0x01, 0x06]))),
    ]),
    issue({ hosts = ['localhost', '127.0.0.1'], from = yesterday, until = nextMonth } = {}) {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
      const names = hosts.map((host) =>
        /^[\d.]+$/.test(host)
          ? der(0x87, Buffer.from(host.split('.').map(Number)))
          : der(0x82, Buffer.from(host)),
      )
      return {
        key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
        certificate: make('test server', publicKey, from, until, [
          extension('2.5.29.17', false, sequence(...names)),
          extension('2.5.29.37', false, sequence(oid('1.3.6.1.5.5.7.3.1'))),
        ]),
      }
    },
  }
}

function certificate(parts: {
  readonly issuer: string
  readonly signer: KeyObject
  readonly subject: string
  readonly publicKey: KeyObject
  readonly from: Date
  readonly until: Date
  readonly extensions: readonly Buffer[]
}): string {
  const algorithm = sequence(oid('1.2.840.10045.4.3.2'))
  const serial = randomBytes(8)
  serial[0] = (serial[0]! & 0x7f) | 0x40
  const unsigned = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, serial),
    algorithm,
    commonName(parts.issuer),
    sequence(time(parts.from), time(parts.until)),
    commonName(parts.subject),
    parts.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...parts.extensions)),
  )
  const signature = sign('sha256', unsigned, parts.signer)
  const whole = sequence(unsigned, algorithm, der(0x03, Buffer.concat([Buffer.from([0]), signature])))
  const lines = whole.toString('base64').match(/.{1,64}/g)!
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts))
}

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const groups = [arc & 0x7f]
    for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80)
    return groups
  })
  return der(0x06, Buffer.from(bytes))
}

function commonName(name: string): Buffer {
  return sequence(der(0x31, sequence(oid('2.5.4.3'), der(0x0c, Buffer.from(name)))))
}

/** UTCTime, for years up to 2049. */
function time(at: Date): Buffer {
  return der(0x17, Buffer.from(`${at.toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`))
}

function extension(id: string, critical: boolean, value: Buffer): Buffer {
  return sequence(oid(id), ...(critical ? [der(0x01, Buffer.from([0xff]))] : []), der(0x04, value))
}
