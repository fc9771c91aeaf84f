/**
 * What a relying party reads of an issuer: its discovery document and its key set, for declared accounts and only
 * while tokens are enabled. Everything else under `/tokens/` is 404, alike for every reason.
 * OpenID Connect Discovery 1.0 §3 and §4; RFC 7517 §5.
 */
import { Fault } from '../fault.js'
import type { WireResponse, WireRoom } from '../http/wire.js'
import type { Log } from '../operation/log.js'
import type { TokenIssuer } from './token-issuer.js'
import { tokenAlgorithms } from './token-algorithm.js'

const base = '/tokens/'
const documentPath = /^\/tokens\/(\d{12})\/\.well-known\/(openid-configuration|jwks\.json)$/
/** Far below the hour for which a new key is published before it signs. */
const keySetSeconds = 900
const discoverySeconds = 3600

export function createIssuerRoom({
  issuer,
  log,
}: {
  readonly issuer: TokenIssuer
  readonly log: Log
}): WireRoom {
  async function document(account: string, name: string): Promise<WireResponse> {
    if (name === 'openid-configuration')
      return json(200, discovery(issuer.issuerOf(account)), discoverySeconds)
    return json(200, { keys: await issuer.keySet(account) }, keySetSeconds)
  }

  return {
    name: 'issuer',
    maxBodyBytes: 0,
    accepts: (_method, rawPath) => rawPath.startsWith(base),
    async handle({ method, rawPath, origin }) {
      const [, account = '', name = ''] = documentPath.exec(rawPath) ?? []
      if (!issuer.offers(account)) return json(404, { error: 'not_found' })
      if (method !== 'GET' && method !== 'HEAD')
        return withHeader(json(405, { error: 'method_not_allowed' }), 'allow', 'GET, HEAD')
      try {
        return await document(account, name)
      } catch (cause) {
        const { requestId } = origin
        if (cause instanceof Fault) log.warn('issuer.unavailable', { requestId, account, cause })
        else log.error('issuer.failed', { requestId, account, cause })
        return withHeader(json(503, { error: 'temporarily_unavailable' }), 'retry-after', '5')
      }
    },
    tooLarge: () => json(413, { error: 'body_too_large' }),
  }
}

function discovery(issuer: string): Readonly<Record<string, unknown>> {
  return {
    issuer,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: tokenAlgorithms,
    scopes_supported: ['openid'],
    claims_supported: ['iss', 'sub', 'aud', 'iat', 'exp', 'jti', 'https://sts.amazonaws.com/'],
  }
}

/** Public documents: any page may read them, and caches may keep the good ones. */
function json(status: number, body: object, keptSeconds?: number): WireResponse {
  return {
    status,
    headers: {
      'content-type': 'application/json',
      'cache-control': keptSeconds === undefined ? 'no-store' : `public, max-age=${keptSeconds}`,
      'access-control-allow-origin': '*',
      'x-content-type-options': 'nosniff',
    },
    body: `${JSON.stringify(body)}\n`,
  }
}

function withHeader(response: WireResponse, name: string, value: string): WireResponse {
  return { ...response, headers: { ...response.headers, [name]: value } }
}
