/**
 * Registered programs (RFC 7591, in Identity Center's shape). A registration is not stored: the client id is the
 * sealed registration itself, the secret is sealed over the id, so any replica knows any client.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { PurposeBox } from '../credentials/purpose-box.js'
import type { Clock } from '../fault.js'
import { SsoError } from './errors.js'

export interface Client {
  readonly id: string
  readonly name: string
  readonly redirectUris: readonly string[]
  readonly grantTypes: readonly string[]
  readonly scopes: readonly string[]
  readonly expiresAt: Date
}

export interface Registration {
  readonly clientId: string
  readonly clientSecret: string
  readonly issuedAt: Date
  readonly expiresAt: Date
}

export interface Clients {
  register(input: {
    readonly name: string
    readonly redirectUris: readonly string[]
    readonly grantTypes: readonly string[]
    readonly scopes: readonly string[]
  }): Registration
  /** By id alone, for `/authorize`; undefined when unknown or expired. */
  find(clientId: string): Client | undefined
  /** @throws {SsoError} `InvalidClientException` */
  authenticate(clientId: string, clientSecret: string): Client
}

/** A registration lives 90 days, as at AWS. */
const registrationMs = 90 * 24 * 3600 * 1000

export function createClients(deps: {
  readonly ids: PurposeBox
  readonly secrets: PurposeBox
  readonly now: Clock
}): Clients {
  const { ids, secrets, now } = deps
  function find(clientId: string): Client | undefined {
    const text = ids.open(clientId)
    if (text === undefined) return undefined
    const [name, redirectUris, grantTypes, scopes, expires] = JSON.parse(text) as [
      string,
      string[],
      string[],
      string[],
      number,
    ]
    const expiresAt = new Date(expires * 1000)
    return expiresAt > now() ? { id: clientId, name, redirectUris, grantTypes, scopes, expiresAt } : undefined
  }
  return {
    find,
    register({ name, redirectUris, grantTypes, scopes }) {
      const issuedAt = now()
      const expiresAt = new Date(issuedAt.getTime() + registrationMs)
      const clientId = ids.seal(
        JSON.stringify([name, redirectUris, grantTypes, scopes, Math.floor(expiresAt.getTime() / 1000)]),
      )
      return { clientId, clientSecret: secrets.seal(digest(clientId)), issuedAt, expiresAt }
    },
    authenticate(clientId, clientSecret) {
      const client = find(clientId)
      const claimed = secrets.open(clientSecret)
      const expected = Buffer.from(digest(clientId))
      const given = Buffer.from(claimed ?? '')
      if (client === undefined || given.length !== expected.length || !timingSafeEqual(given, expected)) {
        throw new SsoError('InvalidClientException', 'the client is unknown or its registration has expired')
      }
      return client
    },
  }
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
