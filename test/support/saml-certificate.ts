/** An RSA key and a self-signed certificate for one test run. */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { selfSignedCertificate } from '../../src/config/self-signed-certificate.js'
import type { KeyAndCertificate } from '../../src/federation/settings.js'

const dayMs = 86_400_000

export function makeKeyAndCertificate(commonName: string, modulusLength = 2048): KeyAndCertificate {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength })
  const certificate = selfSignedCertificate({
    privateKey,
    commonName,
    hosts: [],
    usage: 'signing',
    notBefore: new Date(Date.now() - dayMs),
    notAfter: new Date(Date.now() + dayMs),
    randomBytes,
  })
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), certificate }
}

export function base64Of(certificate: string): string {
  return certificate.replace(/-----[^-]+-----|\s+/g, '')
}
