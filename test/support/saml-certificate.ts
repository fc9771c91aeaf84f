/** An RSA key and a self-signed certificate for one test run, made with openssl. */
import { execFileSync } from 'node:child_process'
import type { KeyAndCertificate } from '../../src/federation/settings.js'

export function makeKeyAndCertificate(commonName: string, bits = 2048): KeyAndCertificate {
  const pem = execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      `rsa:${bits}`,
      '-nodes',
      '-keyout',
      '-',
      '-out',
      '-',
      '-days',
      '2',
      '-subj',
      `/CN=${commonName}`,
    ],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  )
  const part = (name: string) => new RegExp(`-----BEGIN ${name}-----[^-]+-----END ${name}-----`).exec(pem)![0]
  return { key: part('PRIVATE KEY'), certificate: part('CERTIFICATE') }
}

export function base64Of(certificate: string): string {
  return certificate.replace(/-----[^-]+-----|\s+/g, '')
}
