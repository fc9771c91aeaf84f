/**
 * The issuer's own description of itself (OpenID Connect Discovery 1.0), reduced to what we use and checked: it must
 * name exactly the configured issuer, and its endpoints must be ones we may call.
 */
import { isJsonObject, member, type JsonObject } from './strict-json.js'

export interface IssuerMetadata {
  readonly issuer: string
  readonly jwksUri: string
  readonly authorizationEndpoint: string | undefined
  readonly tokenEndpoint: string | undefined
  readonly userinfoEndpoint: string | undefined
  /** Algorithms both sides accept, never empty. */
  readonly algorithms: readonly string[]
  readonly tokenAuthMethods: readonly string[]
  /** RFC 9207: a callback without `iss` is then refused. */
  readonly sendsIssuerParameter: boolean
}

/** Asymmetric signatures only; those of AWS and RSA-PSS. What an issuer publishes can only narrow this. */
export const acceptedAlgorithms: readonly string[] =
  'RS256 RS384 RS512 ES256 ES384 ES512 PS256 PS384 PS512'.split(' ')

/** https://openid.net/specs/openid-connect-discovery-1_0.html section 4.1: appended to the issuer's path. */
export function discoveryUrl(issuer: string): string {
  return `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
}

/** Throws a plain Error that names the member at fault. */
export function parseDiscovery(
  document: unknown,
  expected: { readonly issuer: string; readonly insecureAllowHttp: boolean },
): IssuerMetadata {
  if (!isJsonObject(document)) throw new Error('discovery document is not an object')
  // Character for character, or another issuer could speak for this one (section 4.3).
  if (member(document, 'issuer') !== expected.issuer)
    throw new Error('discovery document names another issuer')
  const endpoint = (name: string): string | undefined => parseEndpoint(document, name, expected)
  const jwksUri = endpoint('jwks_uri')
  if (jwksUri === undefined) throw new Error('discovery document has no jwks_uri')
  const published = strings(document, 'id_token_signing_alg_values_supported') ?? ['RS256']
  const algorithms = acceptedAlgorithms.filter((algorithm) => published.includes(algorithm))
  if (algorithms.length === 0) throw new Error('issuer signs with no algorithm that is accepted here')
  return {
    issuer: expected.issuer,
    jwksUri,
    authorizationEndpoint: endpoint('authorization_endpoint'),
    tokenEndpoint: endpoint('token_endpoint'),
    userinfoEndpoint: endpoint('userinfo_endpoint'),
    algorithms,
    tokenAuthMethods: strings(document, 'token_endpoint_auth_methods_supported') ?? ['client_secret_basic'],
    sendsIssuerParameter: member(document, 'authorization_response_iss_parameter_supported') === true,
  }
}

function parseEndpoint(
  document: JsonObject,
  name: string,
  expected: { readonly issuer: string; readonly insecureAllowHttp: boolean },
): string | undefined {
  const value = member(document, name)
  if (value === undefined) return undefined
  if (typeof value !== 'string' || !URL.canParse(value)) throw new Error(`${name} is not a URL`)
  const url = new URL(value)
  if (url.protocol !== 'https:' && !(expected.insecureAllowHttp && url.protocol === 'http:')) {
    throw new Error(`${name} is not an https URL`)
  }
  if (url.username !== '' || url.password !== '' || url.hash !== '')
    throw new Error(`${name} is not a plain URL`)
  // A document from elsewhere must not make this server call its own machine or a cloud's metadata service.
  if (isThisMachine(url.hostname) && !isThisMachine(new URL(expected.issuer).hostname)) {
    throw new Error(`${name} is on a loopback or link-local address`)
  }
  return value
}

function isThisMachine(hostname: string): boolean {
  return (
    /^(?:localhost|.*\.localhost|0\.0\.0\.0|127(?:\.\d+){3}|169\.254(?:\.\d+){2})\.?$/.test(hostname) ||
    /^\[(?:::1?|fe[89ab][0-9a-f]:.*|::ffff:(?:7f|a9fe).*)\]$/.test(hostname)
  )
}

function strings(document: JsonObject, name: string): readonly string[] | undefined {
  const value = member(document, name)
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : undefined
}
