/**
 * The door to openid-client: the authorization request, code for tokens, userinfo. Its errors leave as Faults.
 * It checks the ID token in its own way; verify-token.ts checks it again by our rules, which are stricter.
 */
import type { Configuration, ServerMetadata } from 'openid-client'
import type { Clock } from '../../fault.js'
import type { OidcSettings } from '../settings.js'
import type { IssuerMetadata } from './discovery.js'
import { toFault } from './exchange-fault.js'
import type { Fetch } from './outbound.js'
import type { JsonObject } from './strict-json.js'

export type Client = NonNullable<OidcSettings['client']>

export interface SignInSecrets {
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
}

export interface TokenAnswer {
  readonly idToken: string
  readonly accessToken: string
}

type OpenId = typeof import('openid-client')

export interface CodeExchange {
  /** Authorization code flow with PKCE `S256`, whatever the provider claims to support. */
  authorizationUrl(metadata: IssuerMetadata, secrets: SignInSecrets): Promise<URL>
  /** Spends the code. The provider refuses it a second time or with another verifier. */
  exchange(metadata: IssuerMetadata, callback: URLSearchParams, secrets: SignInSecrets): Promise<TokenAnswer>
  /** Refuses an answer about another subject (OpenID Connect Core section 5.3.2). */
  userinfo(metadata: IssuerMetadata, accessToken: string, subject: string): Promise<JsonObject>
}

export function createCodeExchange(
  settings: OidcSettings,
  client: Client,
  deps: { readonly fetch: Fetch; readonly publishedKeys: () => Promise<unknown>; readonly now: Clock },
): CodeExchange {
  // One per use: openid-client keeps keys inside it by rules of its own, and here they have one owner.
  const configure = async (
    metadata: IssuerMetadata,
  ): Promise<{ openid: OpenId; configuration: Configuration }> => {
    const openid = await import('openid-client')
    const basic = metadata.tokenAuthMethods.includes('client_secret_basic')
    const configuration = new openid.Configuration(
      serverMetadata(metadata),
      client.id,
      {
        // openid-client reads the machine's clock; this makes it follow ours.
        [openid.clockSkew]: Math.round((deps.now().getTime() - Date.now()) / 1000),
        [openid.clockTolerance]: settings.clockSkewSeconds,
      },
      client.secret === undefined
        ? openid.None()
        : (basic ? openid.ClientSecretBasic : openid.ClientSecretPost)(client.secret),
    )
    configuration.timeout = settings.timeoutMs / 1000
    configuration[openid.customFetch] = async (url, { body, signal, ...init }) =>
      url === metadata.jwksUri
        ? Response.json(await deps.publishedKeys())
        : deps.fetch(url, {
            ...init,
            ...bodyOf(body),
            signal: signal ?? AbortSignal.timeout(settings.timeoutMs),
          })
    if (settings.insecureAllowHttp) openid.allowInsecureRequests(configuration)
    openid.enableNonRepudiationChecks(configuration)
    return { openid, configuration }
  }

  return {
    async authorizationUrl(metadata, secrets) {
      const { openid, configuration } = await configure(metadata)
      return openid.buildAuthorizationUrl(configuration, {
        redirect_uri: client.redirectUri,
        scope: [...new Set(['openid', ...client.scopes])].join(' '),
        state: secrets.state,
        nonce: secrets.nonce,
        code_challenge: await openid.calculatePKCECodeChallenge(secrets.codeVerifier),
        code_challenge_method: 'S256',
      })
    },

    async exchange(metadata, callback, secrets) {
      const { openid, configuration } = await configure(metadata)
      const url = new URL(client.redirectUri)
      url.search = callback.toString()
      try {
        const answer = await openid.authorizationCodeGrant(configuration, url, {
          pkceCodeVerifier: secrets.codeVerifier,
          expectedState: secrets.state,
          expectedNonce: secrets.nonce,
          idTokenExpected: true,
        })
        return { idToken: answer.id_token ?? '', accessToken: answer.access_token }
      } catch (error) {
        throw toFault(error, { endpoint: 'oidc:token-endpoint', content: 'oidc:id-token' })
      }
    },

    async userinfo(metadata, accessToken, subject) {
      const { openid, configuration } = await configure(metadata)
      try {
        return { ...(await openid.fetchUserInfo(configuration, accessToken, subject)) }
      } catch (error) {
        throw toFault(error, { endpoint: 'oidc:userinfo', content: 'oidc:userinfo' })
      }
    },
  }
}

function serverMetadata(metadata: IssuerMetadata): ServerMetadata {
  const { authorizationEndpoint, tokenEndpoint, userinfoEndpoint } = metadata
  return {
    issuer: metadata.issuer,
    jwks_uri: metadata.jwksUri,
    id_token_signing_alg_values_supported: [...metadata.algorithms],
    authorization_response_iss_parameter_supported: metadata.sendsIssuerParameter,
    ...(authorizationEndpoint === undefined ? {} : { authorization_endpoint: authorizationEndpoint }),
    ...(tokenEndpoint === undefined ? {} : { token_endpoint: tokenEndpoint }),
    ...(userinfoEndpoint === undefined ? {} : { userinfo_endpoint: userinfoEndpoint }),
  }
}

function bodyOf(body: unknown): { readonly body?: string | URLSearchParams } {
  if (body === undefined || body === null) return {}
  if (typeof body === 'string' || body instanceof URLSearchParams) return { body }
  throw new TypeError('request body is neither text nor a form')
}
