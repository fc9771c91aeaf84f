/** Certificates and keys that settings name, looked at once so that nothing about them can fail later. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { within, type Place } from './place.js'
import type { Reading } from './reading.js'

/** PEM text of certificate authorities that a setting names; undefined when absent or reported. */
export async function certificateAuthorities(
  path: string | undefined,
  place: Place,
  reading: Reading,
): Promise<string | undefined> {
  const pem = path === undefined ? undefined : await reading.file(path, place)
  if (pem === undefined) return undefined
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  if (blocks.length > 0 && blocks.every(isCertificate)) return pem
  reading.findings.problem(place, `the file \`${path}\` does not hold certificates in PEM form`)
  return undefined
}

/** A certificate and the private key that belongs to it. */
export async function keyPair(
  files: { readonly certificateFile: string; readonly keyFile: string },
  place: Place,
  reading: Reading,
): Promise<{ readonly certificate: string; readonly key: string } | undefined> {
  const certificateAt = within(place, 'certificateFile')
  const keyAt = within(place, 'keyFile')
  const certificate = await reading.file(files.certificateFile, certificateAt)
  const key = await reading.file(files.keyFile, keyAt)
  if (certificate === undefined || key === undefined) return undefined
  if (!isCertificate(certificate)) {
    reading.findings.problem(certificateAt, 'is not a certificate in PEM form')
    return undefined
  }
  try {
    if (new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))) return { certificate, key }
    reading.findings.problem(keyAt, 'is not the key of this certificate')
  } catch {
    reading.findings.problem(keyAt, 'is not a private key in PEM form without a passphrase')
  }
  return undefined
}

function isCertificate(pem: string): boolean {
  try {
    void new X509Certificate(pem)
    return true
  } catch {
    return false
  }
}
