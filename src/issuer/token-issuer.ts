/**
 * Rolegate as an OpenID Connect issuer: tokens about its own users and roles, for services that know nothing of
 * Signature Version 4. Each account is an issuer of its own with keys of its own, so that a service that trusts one
 * account's tokens cannot be shown another's.
 *
 * Signs what it is asked to; whether the caller may have a token is decided before.
 */
import type { Clock } from '../fault.js'
import { signingAt, type SigningKey } from './signing-key.js'
import type { SigningKeys } from './signing-keys.js'
import type { TokenAlgorithm } from './token-algorithm.js'
import { signToken } from './token-signature.js'

/** `ServerConfig.webIdentityTokens`. */
export interface WebIdentityTokenSettings {
  readonly enabled: boolean
  /** Accounts that have an issuer; absent: all that are declared. */
  readonly accounts?: readonly string[]
}

export interface TokenIssuer {
  /** Whether this account has an issuer now: it is declared, and tokens are enabled for it. */
  offers(account: string): boolean
  /** `<publicUrl>/tokens/<account>`: the token's `iss`, and where discovery begins. */
  issuerOf(account: string): string
  /**
   * @throws {Fault} `StoreUnavailable` when the keys are not known here and the store cannot be asked.
   * @returns undefined when the claims are too large for a token.
   */
  issue(request: TokenRequest): Promise<IssuedToken | undefined>
  /** The public keys in JWK form, those that will sign and those that have signed included. */
  keySet(account: string): Promise<readonly Readonly<Record<string, unknown>>[]>
}

export interface TokenRequest {
  readonly account: string
  readonly subject: string
  readonly audience: readonly string[]
  readonly algorithm: TokenAlgorithm
  readonly expiresAt: Date
  /** The value of the claim `https://sts.amazonaws.com/`. */
  readonly awsClaims: Readonly<Record<string, unknown>>
}

export interface IssuedToken {
  readonly token: string
  /** The token's `jti`. */
  readonly id: string
  readonly issuer: string
  readonly keyId: string
}

/** Bytes of the claims as JSON: with the signature it still fits into what servers take as one header. */
const maxPayloadBytes = 8192

export function createTokenIssuer(deps: {
  readonly keys: Pick<SigningKeys, 'of'>
  readonly publicUrl: () => string
  readonly settings: () => WebIdentityTokenSettings
  /** Whether an account of this id is declared. */
  readonly isAccount: (id: string) => boolean
  readonly now: Clock
  readonly randomUuid: () => string
}): TokenIssuer {
  const issuerOf = (account: string): string => `${deps.publicUrl()}/tokens/${account}`
  return {
    issuerOf,
    offers(account) {
      const { enabled, accounts } = deps.settings()
      return enabled && (accounts === undefined || accounts.includes(account)) && deps.isAccount(account)
    },
    async issue({ account, subject, audience, algorithm, expiresAt, awsClaims }) {
      const id = deps.randomUuid()
      const issuer = issuerOf(account)
      const claims = {
        iss: issuer,
        sub: subject,
        aud: audience.length === 1 ? audience[0] : audience,
        iat: epochSeconds(deps.now()),
        exp: epochSeconds(expiresAt),
        jti: id,
        'https://sts.amazonaws.com/': awsClaims,
      }
      if (Buffer.byteLength(JSON.stringify(claims)) > maxPayloadBytes) return undefined
      const key = signingAt(await deps.keys.of(account), algorithm, deps.now())
      if (key === undefined) throw new TypeError(`account ${account} has no key for ${algorithm}`)
      return { token: await signToken(claims, key), id, issuer, keyId: key.id }
    },
    async keySet(account) {
      const keys = await deps.keys.of(account)
      return keys.map(publicForm)
    },
  }
}

function publicForm({ id, algorithm, publicKey }: SigningKey): Readonly<Record<string, unknown>> {
  return { ...publicKey, kid: id, alg: algorithm, use: 'sig' }
}

function epochSeconds(instant: Date): number {
  return Math.floor(instant.getTime() / 1000)
}
