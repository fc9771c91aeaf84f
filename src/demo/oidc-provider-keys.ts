/**
 * What the demo's OpenID provider must remember over restarts: its signing key and the key of its cookies. Made on
 * first start, kept beside the demo people with the same rights, never in the repository.
 */
import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  type KeyObject,
} from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface DemoProviderKeys {
  readonly keyId: string
  readonly signingKey: KeyObject
  readonly cookieKey: string
}

/** Reads `<dataDirectory>/demo/oidc-provider.json` (0600), or creates it. */
export function demoProviderKeys(dataDirectory: string): DemoProviderKeys {
  const directory = join(dataDirectory, 'demo')
  const file = join(directory, 'oidc-provider.json')
  const stored = read(file) ?? generate()
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  writeFileSync(file, `${JSON.stringify(stored)}\n`, { mode: 0o600 })
  const keyId = createHash('sha256').update(stored.signingKey).digest('base64url').slice(0, 16)
  return { keyId, signingKey: createPrivateKey(stored.signingKey), cookieKey: stored.cookieKey }
}

/** A compact JWS with `RS256` (RFC 7515 section 3.1). */
export function signToken(keys: DemoProviderKeys, claims: Readonly<Record<string, unknown>>): string {
  const encode = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString('base64url')
  const signed = `${encode({ alg: 'RS256', typ: 'JWT', kid: keys.keyId })}.${encode(claims)}`
  return `${signed}.${sign('sha256', Buffer.from(signed), keys.signingKey).toString('base64url')}`
}

interface StoredKeys {
  /** PKCS #8 PEM. */
  readonly signingKey: string
  readonly cookieKey: string
}

function read(file: string): StoredKeys | undefined {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const value = JSON.parse(text) as Partial<StoredKeys>
  if (typeof value.signingKey !== 'string' || typeof value.cookieKey !== 'string') {
    throw new Error(`\`${file}\` is damaged; delete it and new keys will be made`)
  }
  return { signingKey: value.signingKey, cookieKey: value.cookieKey }
}

function generate(): StoredKeys {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  return {
    signingKey: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    cookieKey: randomBytes(32).toString('base64url'),
  }
}
