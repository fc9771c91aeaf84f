/**
 * Claims as a trust policy sees them: keys under the issuer without its scheme, in lower case, as at AWS. Which
 * claims the organisation trusts for what is said in trust policies, except groups, which come from one claim only.
 */
import { Fault } from '../../fault.js'
import type { ContextValue } from '../../policy/context.js'
import { withoutScheme } from '../provider-arn.js'
import { mappedValue } from '../mapped-value.js'
import type { AttributeMapping } from '../settings.js'
import { claimAt, textOf, textsOf } from './claim-values.js'
import { isJsonObject, member, type JsonObject } from './strict-json.js'

const maximumClaims = 200
const maximumValues = 10_000
/** What these mean is decided here, so that a claim named `Sub` or `GROUPS` cannot stand in for them. */
const ownKeys = new Set(['aud', 'oaud', 'sub', 'amr', 'groups', 'email'])
/** What these say is about the token and not about its subject; a mapping may still name one. */
const protocolClaims = new Set(['iat', 'exp', 'nbf', 'jti', 'nonce', 'at_hash', 'c_hash', 's_hash'])

export interface ClaimsToKeys {
  readonly issuer: string
  readonly groups: readonly string[]
  /** See `CheckedClaims.audience`. */
  readonly audience: string
  readonly attributes: readonly AttributeMapping[]
}

/**
 * `<issuer>:aud`, `:oaud`, `:sub`, `:amr` and `:groups` (both always lists), and every claim about the subject that has a
 * faithful text. `:email` is only there when the issuer says that it verified the address.
 *
 * @throws {Fault} `InvalidAssertion` when there are too many: leaving some out could silence a Deny.
 */
export function conditionKeys(claims: JsonObject, how: ClaimsToKeys): ReadonlyMap<string, ContextValue> {
  const prefix = withoutScheme(how.issuer)
  const keys = new Map<string, ContextValue>()
  const set = (name: string, value: ContextValue | undefined): void => {
    if (value === undefined) return
    if (Array.isArray(value) && value.length > maximumValues) throw tooMuch()
    keys.set(`${prefix}:${name}`.toLowerCase(), value)
  }

  // Where the configuration says which claim a key comes from, a claim that happens to have the key's name is not it.
  const mapped = new Set(how.attributes.map(({ to }) => to.toLowerCase()))
  const entries = Object.entries(claims)
  if (entries.length > maximumClaims) throw tooMuch()
  for (const [name, value] of entries) {
    const key = name.toLowerCase()
    // Of two names that differ in case only, the one in lower case counts.
    const shadowed = key !== name && Object.hasOwn(claims, key)
    const isSubjects = !ownKeys.has(key) && !protocolClaims.has(key)
    if (isSubjects && !mapped.has(key) && !shadowed) set(name, textOf(value))
  }
  for (const [to, value] of mappedClaims(claims, how.attributes)) set(to, value)
  if (member(claims, 'email_verified') === true) set('email', textOf(member(claims, 'email')))
  set('amr', textsOf(member(claims, 'amr')))
  if (how.groups.length > 0) set('groups', how.groups)
  set('sub', textOf(member(claims, 'sub')))
  set('aud', how.audience)
  if (Object.hasOwn(claims, 'azp')) set('oaud', textOf(member(claims, 'aud')))
  return keys
}

/**
 * What the configuration maps, under its own names, in lower case.
 * @throws {Fault} `InvalidAssertion`, see `mappedValue`.
 */
export function mappedClaims(
  claims: JsonObject,
  attributes: readonly AttributeMapping[],
): ReadonlyMap<string, ContextValue> {
  const mapped = new Map<string, ContextValue>()
  for (const mapping of attributes) {
    const value = mappedValue('oidc', mapping, textsOf(claimAt(claims, mapping.from)) ?? [])
    if (value === undefined) continue
    if (Array.isArray(value) && value.length > maximumValues) throw tooMuch()
    mapped.set(mapping.to.toLowerCase(), value)
  }
  return mapped
}

/**
 * @throws {Fault} `InvalidAssertion` when the claim is no list of names, or when the issuer kept the groups back and
 * only says where to ask for them: a policy that denies a group could not see it.
 */
export function groupsOf(claims: JsonObject, groupsClaim: string): readonly string[] {
  const value = claimAt(claims, groupsClaim)
  const elsewhere = member(claims, '_claim_names')
  if (value === undefined || value === null) {
    if (groupsClaim !== '' && isJsonObject(elsewhere) && Object.hasOwn(elsewhere, groupsClaim)) {
      throw unusableGroups('oidc:groups-overage')
    }
    return []
  }
  const groups = typeof value === 'string' || Array.isArray(value) ? textsOf(value) : undefined
  if (!groups) throw unusableGroups('oidc:groups')
  return [...new Set(groups)]
}

function unusableGroups(reason: string): Fault {
  return new Fault('InvalidAssertion', 'the identity provider did not say the groups in a usable way', {
    reason,
  })
}

function tooMuch(): Fault {
  return new Fault('InvalidAssertion', 'the token says too much', { reason: 'oidc:claims' })
}
