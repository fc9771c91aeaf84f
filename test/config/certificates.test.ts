import { createPrivateKey, generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto'
import { chmod, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, get } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { ensureCertificates, replaceCertificates } from '../../src/config/certificates.js'
import { bitString, integer, objectIdentifier, sequence, time } from '../../src/config/der.js'
import { selfSignedCertificate } from '../../src/config/self-signed-certificate.js'
import { loadConfig } from '../../src/config/load-config.js'
import { configFolder, temporaryDirectory } from '../support/config-folder.js'

const keys = {
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
  ec: generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).privateKey,
}
const span = { notBefore: new Date('2026-01-02T03:04:05.678Z'), notAfter: new Date('2055-06-07T08:09:10Z') }

describe('DER', () => {
  it.each([
    ['a length in the short form', integer(Buffer.of(1)), '020101'],
    ['a number that would look negative', integer(Buffer.of(0x80)), '02020080'],
    ['a number with leading zeros', integer(Buffer.of(0, 0, 0x7f)), '02017f'],
    ['zero', integer(Buffer.of(0, 0)), '020100'],
    ['a length in the long form', sequence(Buffer.alloc(200)).subarray(0, 3), '3081c8'],
    ['a length of two bytes', sequence(Buffer.alloc(300)).subarray(0, 4), '3082012c'],
    ['an object identifier', objectIdentifier('1.2.840.113549.1.1.11'), '06092a864886f70d01010b'],
    ['a bit string', bitString(Buffer.of(0b10100000), 5), '030205a0'],
    ['a time through 2049', time(span.notBefore), `170d${Buffer.from('260102030405Z').toString('hex')}`],
    ['a time after', time(span.notAfter), `180f${Buffer.from('20550607080910Z').toString('hex')}`],
  ])('%s', (_, element, hex) => {
    expect(element.toString('hex')).toBe(hex)
  })
})

describe('a self-signed certificate', () => {
  it.each(['rsa', 'ec'] as const)('of an %s key parses and verifies', (type) => {
    const pem = selfSignedCertificate({
      privateKey: keys[type],
      commonName: 'Größe, "x" + y',
      hosts: ['rolegate.example.com', '10.1.2.3', '2001:db8::7', '::ffff:1.2.3.4', '::'],
      usage: 'tls',
      ...span,
      randomBytes,
    })
    const certificate = new X509Certificate(pem)
    expect(certificate.verify(certificate.publicKey)).toBe(true)
    expect(certificate.checkPrivateKey(keys[type])).toBe(true)
    expect(certificate.checkIssued(certificate)).toBe(true)
    expect(certificate.ca).toBe(false)
    expect(certificate.subject).toContain('Größe')
    expect(certificate.checkHost('rolegate.example.com')).toBeDefined()
    expect(certificate.checkHost('other.example.com')).toBeUndefined()
    for (const address of ['10.1.2.3', '2001:db8::7', '::ffff:1.2.3.4', '::']) {
      expect(certificate.checkIP(address)).toBeDefined()
    }
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
    expect(new Date(certificate.validFrom)).toEqual(new Date('2026-01-02T03:04:05Z'))
    expect(new Date(certificate.validTo)).toEqual(span.notAfter)
    expect(certificate.serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/)
  })

  it('for SAML names no hosts and no server', () => {
    const pem = selfSignedCertificate({
      privateKey: keys.rsa,
      commonName: 'Rolegate SAML signing',
      hosts: [],
      usage: 'signing',
      ...span,
      randomBytes,
    })
    const certificate = new X509Certificate(pem)
    expect(certificate.subjectAltName).toBeUndefined()
    expect(certificate.keyUsage).toBeUndefined()
    expect(pem.split('\n').every((line) => line.length <= 64)).toBe(true)
  })
})

describe('the certificates of an installation', () => {
  const now = new Date()

  it('are made once, with keys for their owner only', async () => {
    const directory = join(await temporaryDirectory(), 'new')
    const made = await ensureCertificates(directory, 'rolegate.example.com', now)
    expect((await readdir(directory)).sort()).toEqual([
      'saml-encryption.crt',
      'saml-encryption.key',
      'saml-signing.crt',
      'saml-signing.key',
      'tls.crt',
      'tls.key',
    ])
    expect(made).toHaveLength(6)
    for (const name of ['saml-encryption', 'saml-signing', 'tls']) {
      expect((await stat(join(directory, `${name}.key`))).mode & 0o777).toBe(0o600)
      const certificate = new X509Certificate(await readFile(join(directory, `${name}.crt`)))
      const key = createPrivateKey(await readFile(join(directory, `${name}.key`)))
      expect(certificate.checkPrivateKey(key)).toBe(true)
      expect(key.asymmetricKeyType).toBe(name === 'tls' ? 'ec' : 'rsa')
    }
    expect(await ensureCertificates(directory, 'rolegate.example.com', now)).toEqual([])
  })

  it('serve HTTPS to whoever trusts the certificate', async () => {
    const directory = await temporaryDirectory()
    await ensureCertificates(directory, 'rolegate.example.com', now)
    const cert = await readFile(join(directory, 'tls.crt'))
    const server = createServer({ cert, key: await readFile(join(directory, 'tls.key')) }, (_, response) =>
      response.end('yes'),
    )
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const { port } = server.address() as AddressInfo
      const status = await new Promise((resolve, reject) => {
        get(
          { host: '127.0.0.1', port, ca: cert, servername: 'rolegate.example.com', agent: false },
          (response) => {
            response.resume().on('end', () => resolve(response.statusCode))
          },
        ).on('error', reject)
      })
      expect(status).toBe(200)
    } finally {
      server.close()
    }
  })

  it('are the same for processes that start together', async () => {
    const directory = await temporaryDirectory()
    const made = await Promise.all([1, 2, 3].map(() => ensureCertificates(directory, 'localhost', now)))
    expect(made.flat()).toHaveLength(6)
    expect(await readdir(directory)).toHaveLength(6)
    for (const name of ['saml-encryption', 'saml-signing', 'tls']) {
      const certificate = new X509Certificate(await readFile(join(directory, `${name}.crt`)))
      expect(
        certificate.checkPrivateKey(createPrivateKey(await readFile(join(directory, `${name}.key`)))),
      ).toBe(true)
    }
  })

  it('complete a key that has no certificate, and refuse what cannot be completed', async () => {
    const directory = await temporaryDirectory()
    await ensureCertificates(directory, 'localhost', now)
    const key = await readFile(join(directory, 'tls.key'), 'utf8')
    await rm(join(directory, 'tls.crt'))
    await ensureCertificates(directory, 'localhost', now)
    expect(await readFile(join(directory, 'tls.key'), 'utf8')).toBe(key)

    await rm(join(directory, 'tls.key'))
    await expect(ensureCertificates(directory, 'localhost', now)).rejects.toThrow('has lost its key')
    await rm(join(directory, 'tls.crt'))
    await writeFile(join(directory, 'tls.key'), 'not a key')
    await chmod(join(directory, 'tls.key'), 0o600)
    await expect(ensureCertificates(directory, 'localhost', now)).rejects.toThrow('is not a private key')
  })

  it('go on opening what was encrypted for the keys that were replaced, until those are deleted', async () => {
    const certificatesDirectory = await temporaryDirectory()
    await ensureCertificates(certificatesDirectory, 'localhost', now)
    const directory = await configFolder({
      'organization.yaml': 'id: o-abcdefghij\nname: Test\naccounts: []\n',
      'providers.yaml': 'providers: [{ kind: saml, name: s, metadata: "<EntityDescriptor />" }]\n',
    })
    const settings = async () => {
      const loaded = await loadConfig({
        directory,
        dataDirectory: '/d',
        certificatesDirectory,
        environment: {},
      })
      const saml = loaded.ok ? loaded.config.providers[0] : undefined
      if (saml?.kind !== 'saml') throw new Error(JSON.stringify(loaded))
      return { saml, warnings: loaded.warnings, fingerprint: loaded.footprint.fingerprint }
    }
    const keys: string[] = []
    for (const day of [1, 2, 3, 4]) {
      const { encryption } = (await settings()).saml
      keys.unshift(encryption.key)
      await replaceCertificates(certificatesDirectory, 'localhost', new Date(`2026-01-0${day}T03:04:05Z`))
    }
    const replaced = await settings()
    expect(keys).not.toContain(replaced.saml.encryption.key)
    expect(replaced.saml.previousDecryptionKeys).toEqual(keys.slice(0, 3))

    await writeFile(join(certificatesDirectory, 'saml-encryption.key.old-20260104T030405Z'), 'spoiled')
    expect((await settings()).saml.previousDecryptionKeys).toEqual(keys.slice(1, 3))
    expect((await settings()).warnings).toMatchObject([{ path: 'providers[0].encryption' }])
    for (const day of [1, 2, 3, 4]) {
      await rm(join(certificatesDirectory, `saml-encryption.key.old-2026010${day}T030405Z`))
    }
    const forgotten = await settings()
    expect(forgotten.saml.previousDecryptionKeys).toBeUndefined()
    expect(forgotten.fingerprint).not.toBe(replaced.fingerprint)
  })

  it('are replaced without losing the old ones', async () => {
    const directory = await temporaryDirectory()
    await ensureCertificates(directory, 'localhost', now)
    const old = await readFile(join(directory, 'saml-signing.key'), 'utf8')
    const made = await replaceCertificates(directory, 'localhost', new Date('2026-01-02T03:04:05Z'))
    expect(made).toHaveLength(6)
    expect(await readFile(join(directory, 'saml-signing.key'), 'utf8')).not.toBe(old)
    const kept = join(directory, 'saml-signing.key.old-20260102T030405Z')
    expect(await readFile(kept, 'utf8')).toBe(old)
    expect((await stat(kept)).mode & 0o777).toBe(0o600)
    await replaceCertificates(directory, 'localhost', new Date('2026-01-02T03:04:05Z'))
    expect(await readFile(kept, 'utf8')).toBe(old)
    expect(await readdir(directory)).toHaveLength(18)
  })
})
