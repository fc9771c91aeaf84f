/**
 * What the server itself makes in the certificates directory, read as a part of the configuration: the pairs in use and
 * the keys that they replaced. `certificates.ts` makes and replaces them.
 */
import { createPrivateKey } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Place } from './place.js'
import { maxNamedFileBytes, readText, type Reading } from './reading.js'

export type GeneratedName = 'saml-signing' | 'saml-encryption' | 'tls'

/**
 * A pair that `ensureCertificates` makes. When it is not there yet the texts are empty and a warning says so: a
 * configuration can be checked before the first start, and the server makes the pairs before it loads.
 */
export async function generatedKeyPair(
  name: GeneratedName,
  place: Place,
  reading: Reading,
): Promise<{ readonly certificate: string; readonly key: string }> {
  const [certificate, key] = await Promise.all(
    ['crt', 'key'].map(async (extension) => {
      const path = join(reading.certificatesDirectory, `${name}.${extension}`)
      const read = await readText(path, maxNamedFileBytes)
      if (read.ok) reading.note(path, read.text)
      return read.ok ? read.text : undefined
    }),
  )
  if (certificate !== undefined && key !== undefined) return { certificate, key }
  reading.findings.warning(
    place,
    `\`${name}.key\` and \`${name}.crt\` are not in the certificates directory yet`,
  )
  return { certificate: '', key: '' }
}

const maxPreviousKeys = 3

/**
 * Keys that `replaceCertificates` kept beside the current one, newest first, at most three. One that cannot be read is
 * passed over with a warning, since what it was for may long be over.
 */
export async function previousKeys(
  name: GeneratedName,
  place: Place,
  reading: Reading,
): Promise<readonly string[]> {
  const prefix = `${name}.key.old-`
  const names = await readdir(reading.certificatesDirectory).catch(() => [])
  const newest = names
    .filter((file) => file.startsWith(prefix))
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
    .slice(0, maxPreviousKeys)
  const keys: string[] = []
  for (const file of newest) {
    const path = join(reading.certificatesDirectory, file)
    const read = await readText(path, maxNamedFileBytes)
    reading.note(path, read.ok ? read.text : '')
    if (read.ok && isPrivateKey(read.text)) keys.push(read.text)
    else
      reading.findings.warning(
        place,
        `\`${file}\` in the certificates directory is no private key that can be read`,
      )
  }
  return keys
}

function isPrivateKey(pem: string): boolean {
  try {
    createPrivateKey(pem)
    return true
  } catch {
    return false
  }
}
