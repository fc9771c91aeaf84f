/**
 * The claims by which an issuer speaks to AWS: session tags, source identity and the list of roles, under
 * `https://aws.amazon.com/…`. Their syntax is checked here; whether they are honoured is for trust policies.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
 */
import { Fault } from '../../fault.js'
import type { Assertion } from '../assertion.js'
import { isSourceIdentity, isTagKey, isTagValue, maximumTags } from '../session-tag.js'
import { textsOf } from './claim-values.js'
import { isJsonObject, member, type JsonObject } from './strict-json.js'

const namespace = 'https://aws.amazon.com'
const flatTag = `${namespace}/tags/principal_tags/`

type AwsClaims = Pick<Assertion, 'tags' | 'transitiveTagKeys' | 'sourceIdentity' | 'roleClaims'>

/** @throws {Fault} `InvalidAssertion` with reason `jwt:tags`, `jwt:source-identity` or `jwt:roles`. */
export function awsClaims(claims: JsonObject): AwsClaims {
  const sourceIdentity = member(claims, `${namespace}/source_identity`)
  if (
    sourceIdentity !== undefined &&
    !(typeof sourceIdentity === 'string' && isSourceIdentity(sourceIdentity))
  ) {
    throw malformed('source identity', 'jwt:source-identity')
  }
  const roles = member(claims, `${namespace}/roles`)
  const roleArns = roles === undefined ? undefined : listOfText(roles)
  if (roles !== undefined && !roleArns) throw malformed('role list', 'jwt:roles')
  return {
    ...tagsOf(claims),
    ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
    ...(roleArns ? { roleClaims: roleArns.map((roleArn) => ({ roleArn })) } : {}),
  }
}

/** One nested claim, or for issuers without nested claims one claim per tag. */
function tagsOf(claims: JsonObject): Pick<Assertion, 'tags' | 'transitiveTagKeys'> {
  const nested = member(claims, `${namespace}/tags`) ?? {}
  if (!isJsonObject(nested)) throw malformed('tags', 'jwt:tags')
  const principalTags = member(nested, 'principal_tags') ?? {}
  if (!isJsonObject(principalTags)) throw malformed('tags', 'jwt:tags')
  const flat = Object.entries(claims)
    .filter(([name]) => name.startsWith(flatTag))
    .map(([name, value]) => [name.slice(flatTag.length), value] as const)

  const tags = new Map<string, string>()
  for (const [key, value] of [...Object.entries(principalTags), ...flat]) {
    const [text, ...more] = listOfText(value) ?? []
    if (!isTagKey(key) || text === undefined || !isTagValue(text) || more.length > 0 || tags.has(key)) {
      throw malformed('tags', 'jwt:tags')
    }
    tags.set(key, text)
  }
  const transitive =
    member(nested, 'transitive_tag_keys') ?? member(claims, `${namespace}/tags/transitive_tag_keys`) ?? []
  const transitiveTagKeys = listOfText(transitive)
  if (!transitiveTagKeys || tags.size > maximumTags || transitiveTagKeys.length > maximumTags) {
    throw malformed('tags', 'jwt:tags')
  }
  return { tags, transitiveTagKeys }
}

function listOfText(value: unknown): readonly string[] | undefined {
  return typeof value === 'string' || Array.isArray(value) ? textsOf(value) : undefined
}

function malformed(what: string, reason: string): Fault {
  return new Fault('InvalidAssertion', `the token's ${what} cannot be used`, { reason })
}
