/**
 * An issuer that says whatever a test wants: real HTTP, real signatures, and every part of a token, of the key set,
 * of the token endpoint and of userinfo can be wrong. Keys are made when it starts.
 */
import {
  createHash,
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  sign,
  type KeyObject,
} from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

export type Members = Readonly<Record<string, unknown>>
export type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void

export interface TokenParts {
  readonly header?: Members
  readonly claims?: Members
  /** Names a key of the issuer; `hmac:<form>` keys an HMAC with a public form of `rsa`. */
  readonly key?: string
  /** The payload as text, for what JSON.stringify cannot write. */
  readonly payload?: string
  /** The header as text. */
  readonly headerText?: string
  readonly omit?: readonly string[]
}

export interface HostileIssuer {
  readonly issuer: string
  /** Answers per path; `/.well-known/openid-configuration` and `/jwks` are there from the start. */
  readonly routes: Map<string, Handler>
  /** Paths asked for, in order. */
  readonly asked: string[]
  /** The published entries; tests change the list. */
  keys: Members[]
  readonly attackerKey: Members
  /** Added to the discovery document. */
  discovery: Members
  sign(parts?: TokenParts): string
  rotate(): void
  close(): Promise<void>
}

const hashes: Readonly<Record<string, string>> = { '256': 'sha256', '384': 'sha384', '512': 'sha512' }

let made: ReadonlyMap<string, KeyObject> | undefined

/** Once per test file, since every RSA key costs a tenth of a second. */
function firstKeys(): ReadonlyMap<string, KeyObject> {
  made ??= new Map([
    ['rsa', rsa(2048)],
    ['attacker', rsa(2048)],
    ['weak', rsa(1024)],
    ['encryption', rsa(2048)],
    ['ec', generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey],
  ])
  return made
}

export async function startHostileIssuer(now: () => Date): Promise<HostileIssuer> {
  const pairs = new Map(firstKeys())
  const jwk = (name: string, members: Members): Members => ({
    ...createPublicKey(pairs.get(name)!).export({ format: 'jwk' }),
    ...members,
  })
  const asked: string[] = []
  const routes = new Map<string, Handler>()
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://issuer')
    asked.push(pathname)
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const handler = routes.get(pathname)
      if (handler) handler(request, response, Buffer.concat(chunks).toString())
      else response.writeHead(404).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const issuer = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`

  const self: HostileIssuer = {
    issuer,
    routes,
    asked,
    keys: [
      jwk('rsa', { kid: 'rsa', use: 'sig', alg: 'RS256' }),
      jwk('ec', { kid: 'ec', use: 'sig', alg: 'ES256' }),
      jwk('weak', { kid: 'weak', use: 'sig', alg: 'RS256' }),
      jwk('encryption', { kid: 'encryption', use: 'enc' }),
      { kty: 'oct', kid: 'published-secret', k: Buffer.from('published secret').toString('base64url') },
      { kty: 'RSA', kid: 'broken', n: 17 },
    ],
    attackerKey: jwk('attacker', {}),
    discovery: {},
    sign(parts = {}) {
      const seconds = Math.floor(now().getTime() / 1000)
      const times = { iat: seconds, exp: seconds + 300 }
      const claims = {
        iss: issuer,
        aud: 'sts.amazonaws.com',
        sub: 'repo:acme/web',
        ...times,
        ...parts.claims,
      }
      const key = parts.key ?? 'rsa'
      const header = { alg: key === 'ec' ? 'ES256' : 'RS256', kid: key, typ: 'JWT', ...parts.header }
      const without = (members: Members): string =>
        JSON.stringify(
          Object.fromEntries(Object.entries(members).filter(([name]) => !parts.omit?.includes(name))),
        )
      const signed = [parts.headerText ?? without(header), parts.payload ?? without(claims)]
        .map((text) => Buffer.from(text).toString('base64url'))
        .join('.')
      return `${signed}.${signature(signed, header.alg, key).toString('base64url')}`
    },
    rotate() {
      pairs.set('rsa', rsa(2048))
      const kid = createHash('sha256').update(String(self.keys[0]?.kid)).digest('hex').slice(0, 8)
      pairs.set(kid, pairs.get('rsa')!)
      self.keys = [jwk('rsa', { kid, use: 'sig', alg: 'RS256' })]
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }

  const signature = (signed: string, given: unknown, keyName: string): Buffer => {
    const algorithm = String(given)
    const hash = hashes[algorithm.slice(-3)] ?? 'sha256'
    if (keyName.startsWith('hmac:'))
      return createHmac(hash, publicForm(keyName.slice(5)))
        .update(signed)
        .digest()
    const key = pairs.get(keyName) ?? pairs.get('rsa')!
    const padding = algorithm.startsWith('PS')
      ? { padding: 6, saltLength: Number(algorithm.slice(2)) / 8 }
      : {}
    return sign(hash, Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363', ...padding })
  }
  const publicForm = (form: string): string | Buffer => {
    const { n } = pairs.get('rsa')!.export({ format: 'jwk' })
    const open = jwk('rsa', {})
    if (form === 'jwk') return JSON.stringify(open)
    if (form === 'modulus') return Buffer.from(n ?? '', 'base64url')
    if (form === 'kid') return 'rsa'
    if (form === 'published') return 'published secret'
    if (form === 'empty') return ''
    const type = form.startsWith('pkcs1') ? 'pkcs1' : 'spki'
    const publicKey = pairs.get('rsa')!
    const format = form.endsWith('der') ? 'der' : 'pem'
    return createPublic(publicKey, type, format)
  }

  routes.set('/.well-known/openid-configuration', (_request, response) =>
    json(response, {
      issuer,
      jwks_uri: `${issuer}/jwks`,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      userinfo_endpoint: `${issuer}/userinfo`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256', 'ES256', 'none', 'HS256'],
      ...self.discovery,
    }),
  )
  routes.set('/jwks', (_request, response) => json(response, { keys: self.keys }))
  return self
}

export function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

function rsa(modulusLength: number): KeyObject {
  return generateKeyPairSync('rsa', { modulusLength }).privateKey
}

function createPublic(key: KeyObject, type: 'pkcs1' | 'spki', format: 'pem' | 'der'): string | Buffer {
  const open = createPublicKey(key)
  return format === 'pem' ? open.export({ type, format }) : open.export({ type, format })
}
