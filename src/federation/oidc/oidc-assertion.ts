/** Verified claims as an Assertion. Everything taken from them is bounded and typed here; nothing is fetched. */
import { Fault } from '../../fault.js'
import type { Log } from '../../operation/log.js'
import type { Assertion } from '../assertion.js'
import { sessionClaims } from '../session-claims.js'
import type { OidcSettings } from '../settings.js'
import { awsClaims } from './aws-claims.js'
import { claimAt, exactTexts } from './claim-values.js'
import { conditionKeys, groupsOf } from './condition-keys.js'
import { isMultiFactor } from './multi-factor.js'
import { member, type JsonObject } from './strict-json.js'
import { checkProviderSession, type CheckedClaims } from './token-claims.js'

const longestName = 256

/**
 * @param deps.userinfo claims from the userinfo endpoint, whose `sub` was compared. They only add: what the signed token
 * says wins, and how the person signed in is taken from the token alone.
 * @throws {Fault} `InvalidAssertion` when groups, tags, source identity, roles or `sid` are malformed, and from
 * what the configuration maps, see `mappedValue` and `sessionClaims`.
 */
export function oidcAssertion(
  settings: OidcSettings,
  token: CheckedClaims,
  { log, userinfo = {} }: { readonly log: Log; readonly userinfo?: JsonObject },
): Assertion {
  const claims: JsonObject = { ...withoutTokenClaims(userinfo), ...token.claims }
  const groups = groupsOf(claims, settings.groupsClaim)
  const username = nameAt(claims, settings.usernameClaim) ?? token.subject
  const email = nameAt(claims, settings.emailClaim)
  const { issuer, attributes } = settings
  const providerSession = checkProviderSession(token.claims)
  const aws = awsClaims(claims)
  return {
    provider: settings.name,
    kind: 'oidc',
    issuer,
    subject: token.subject,
    audience: token.audience,
    username,
    displayName: nameAt(claims, settings.displayNameClaim) ?? username,
    ...(email === undefined ? {} : { email }),
    groups,
    conditionKeys: conditionKeys(claims, { issuer, groups, audience: token.audience, attributes }),
    authenticatedAt: authenticatedAt(token),
    multiFactor: isMultiFactor(token.claims),
    ...(providerSession === undefined ? {} : { providerSession }),
    ...aws,
    ...sessionClaims(settings, { valuesOf: (from) => textsAt(claims, from), asserted: aws }, log),
  }
}

/** An address that the issuer did not verify is what somebody typed, and counts as absent. */
function textsAt(claims: JsonObject, from: string): readonly string[] {
  if (from === 'email' && member(claims, 'email_verified') !== true) return []
  const value = claimAt(claims, from)
  if (value === undefined || value === null) return []
  const texts = exactTexts(value)
  if (texts) return texts
  throw new Fault('InvalidAssertion', 'what the identity provider says about this account cannot be used', {
    reason: 'oidc:attribute-values',
    cause: new Error(`claim ${from} is neither text nor a list of text`),
  })
}

/** Statements about the token itself, which a userinfo answer cannot make. */
const tokenClaims = new Set([
  'iss',
  'aud',
  'azp',
  'exp',
  'iat',
  'nbf',
  'auth_time',
  'amr',
  'acr',
  'nonce',
  'at_hash',
  'sid',
])

function withoutTokenClaims(userinfo: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(userinfo).filter(([name]) => !tokenClaims.has(name.toLowerCase())))
}

function nameAt(claims: JsonObject, path: string): string | undefined {
  const value = claimAt(claims, path)
  return typeof value === 'string' && value !== '' && value.length <= longestName ? value : undefined
}

function authenticatedAt(token: CheckedClaims): Date {
  const seconds = member(token.claims, 'auth_time')
  const sound = typeof seconds === 'number' && seconds >= 0 && seconds * 1000 <= token.issuedAt.getTime()
  return sound ? new Date(seconds * 1000) : token.issuedAt
}
