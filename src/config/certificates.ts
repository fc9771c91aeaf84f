/**
 * The keys of this installation in the certificates directory: `saml-signing`, `saml-encryption` and `tls`, each a
 * `.key` (0600) and a `.crt`. Made when missing, never overwritten; `replaceCertificates` keeps the old ones beside.
 */
import { createPrivateKey, generateKeyPair, randomBytes, type KeyObject } from 'node:crypto'
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { GeneratedName } from './generated-keys.js'
import { selfSignedCertificate, type CertificateRequest } from './self-signed-certificate.js'
import { systemErrorCode } from './system-error.js'

const makeKeyPair = promisify(generateKeyPair)

const pairs: readonly { readonly name: GeneratedName; readonly usage: CertificateRequest['usage'] }[] = [
  { name: 'saml-signing', usage: 'signing' },
  { name: 'saml-encryption', usage: 'encryption' },
  { name: 'tls', usage: 'tls' },
]

/** Long for SAML, where every identity provider has to be told of a new one; what browsers accept for TLS. */
const validDays = { signing: 3650, encryption: 3650, tls: 397 }
const dayMs = 86_400_000

/**
 * Makes what is missing. Safe for several processes at once: a key is put in place whole or not at all, and a
 * certificate is always made for the key that is there.
 * @param publicHost name or address in the TLS certificate, besides loopback.
 * @returns names of the files made.
 * @throws {Error} that an operator can act on, when a key is not readable as one, or a certificate has lost its key.
 */
export async function ensureCertificates(
  directory: string,
  publicHost: string,
  now: Date = new Date(),
): Promise<readonly string[]> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const made: string[] = []
  for (const { name, usage } of pairs) {
    const keyFile = join(directory, `${name}.key`)
    const certificateFile = join(directory, `${name}.crt`)
    let pem = await readIfThere(keyFile)
    const certificate = await readIfThere(certificateFile)
    if (pem === undefined && certificate !== undefined) {
      throw new Error(
        `\`${certificateFile}\` has lost its key \`${name}.key\`: put the key back, or remove the certificate`,
      )
    }
    if (pem === undefined) {
      const { privateKey } = await newKey(usage)
      if (await createFile(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }), 0o600))
        made.push(keyFile)
      pem = await readFile(keyFile, 'utf8')
    }
    if (certificate !== undefined) continue
    const text = certificateOf(keyIn(pem, keyFile), usage, publicHost, now)
    if (await createFile(certificateFile, text, 0o644)) made.push(certificateFile)
  }
  return made
}

/**
 * Makes new pairs; the old files stay as `<name>.old-<timestamp>`. Identity providers need the new SAML metadata. A
 * server that watches the folder takes the SAML pairs at once, so all keys are made before the first file changes.
 * @returns names of the files made.
 */
export async function replaceCertificates(
  directory: string,
  publicHost: string,
  now: Date = new Date(),
): Promise<readonly string[]> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const stamp = now.toISOString().replace(/[-:]|\.\d+/g, '')
  const made = []
  for (const { name, usage } of pairs) {
    const { privateKey } = await newKey(usage)
    const certificate = certificateOf(privateKey, usage, publicHost, now)
    made.push({ name, key: privateKey.export({ type: 'pkcs8', format: 'pem' }), certificate })
  }
  for (const { name, key, certificate } of made) {
    const keyFile = join(directory, `${name}.key`)
    const certificateFile = join(directory, `${name}.crt`)
    // The certificate first: a key without one is completed at the next start, the other way round is refused.
    if ((await readIfThere(certificateFile)) !== undefined) {
      await rename(certificateFile, await freeName(`${certificateFile}.old-${stamp}`))
    }
    if ((await readIfThere(keyFile)) !== undefined) {
      await link(keyFile, await freeName(`${keyFile}.old-${stamp}`))
    }
    await putInPlace(keyFile, key, 0o600)
    await putInPlace(certificateFile, certificate, 0o644)
  }
  return made.flatMap(({ name }) => [join(directory, `${name}.key`), join(directory, `${name}.crt`)])
}

function certificateOf(
  privateKey: KeyObject,
  usage: CertificateRequest['usage'],
  publicHost: string,
  now: Date,
): string {
  return selfSignedCertificate({
    privateKey,
    commonName: usage === 'tls' ? publicHost.slice(0, 64) : `Rolegate SAML ${usage}`,
    hosts: usage === 'tls' ? [...new Set([publicHost, 'localhost', '127.0.0.1', '::1'])] : [],
    usage,
    // A client whose clock is a little behind must not refuse a certificate of this minute.
    notBefore: new Date(now.getTime() - 3_600_000),
    notAfter: new Date(now.getTime() + validDays[usage] * dayMs),
    randomBytes,
  })
}

async function newKey(usage: CertificateRequest['usage']): Promise<{ readonly privateKey: KeyObject }> {
  return usage === 'tls'
    ? makeKeyPair('ec', { namedCurve: 'prime256v1' })
    : makeKeyPair('rsa', { modulusLength: 2048 })
}

function keyIn(pem: string, file: string): KeyObject {
  try {
    return createPrivateKey(pem)
  } catch {
    throw new Error(`\`${file}\` is not a private key in PEM form without a passphrase`)
  }
}

/** @returns false when somebody else was faster; then the file is theirs. */
async function createFile(file: string, content: string | Buffer, mode: number): Promise<boolean> {
  const draft = `${file}.${randomBytes(8).toString('hex')}.new`
  await writeFile(draft, content, { mode, flag: 'wx' })
  try {
    await link(draft, file)
    return true
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false
    throw error
  } finally {
    await rm(draft, { force: true })
  }
}

async function putInPlace(file: string, content: string | Buffer, mode: number): Promise<void> {
  const draft = `${file}.${randomBytes(8).toString('hex')}.new`
  await writeFile(draft, content, { mode, flag: 'wx' })
  await rename(draft, file)
}

async function freeName(wanted: string): Promise<string> {
  for (let n = 1; ; n++) {
    const name = n === 1 ? wanted : `${wanted}-${n}`
    if ((await readIfThere(name)) === undefined) return name
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined
    throw error
  }
}
