/**
 * The attributes that AWS defines for SAML (IAM User Guide, "Configure SAML assertions for the authentication
 * response"), by their full names and in the shapes it accepts. What a role makes of them is decided elsewhere.
 */
import type { Assertion, RoleClaim } from '../assertion.js'
import type { SamlAttribute } from './facts.js'
import { isSourceIdentity, isTagKey, isTagValue, maximumTags } from '../session-tag.js'
import { refuse } from './refusal.js'

const prefix = 'https://aws.amazon.com/SAML/Attributes/'
const principalTag = 'PrincipalTag:'
const namePattern = /^[\w+=,.@-]{2,64}$/
const minSessionSeconds = 900
const maxSessionSeconds = 129_600

export type AwsAttributes = Pick<
  Assertion,
  'tags' | 'transitiveTagKeys' | 'sourceIdentity' | 'roleSessionName' | 'maxSessionSeconds' | 'roleClaims'
>

/** @throws {SamlRefusal} `sts:claims` for a value that has a shape which AWS refuses. */
export function readAwsAttributes(attributes: readonly SamlAttribute[]): AwsAttributes {
  const own = new Map(
    attributes
      .filter(({ name }) => name.startsWith(prefix))
      .map(({ name, values }) => [name.slice(prefix.length), values]),
  )
  const sourceIdentity = single(own, 'SourceIdentity')
  if (sourceIdentity !== undefined && !isSourceIdentity(sourceIdentity)) {
    refuse('sts:claims', 'source identity')
  }
  const roleSessionName = single(own, 'RoleSessionName')
  if (roleSessionName !== undefined && !namePattern.test(roleSessionName))
    refuse('sts:claims', 'role session name')
  const duration = single(own, 'SessionDuration')
  const roles = own.get('Role')
  const transitiveTagKeys = own.get('TransitiveTagKeys') ?? []
  if (transitiveTagKeys.length > maximumTags) refuse('sts:claims', 'too many transitive tag keys')
  return {
    tags: tagsOf(own),
    transitiveTagKeys,
    ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
    ...(roleSessionName === undefined ? {} : { roleSessionName }),
    ...(duration === undefined ? {} : { maxSessionSeconds: secondsOf(duration) }),
    ...(roles === undefined ? {} : { roleClaims: roles.flatMap(claimOf) }),
  }
}

function tagsOf(own: ReadonlyMap<string, readonly string[]>): ReadonlyMap<string, string> {
  const tags = new Map<string, string>()
  for (const name of own.keys()) {
    if (!name.startsWith(principalTag)) continue
    const key = name.slice(principalTag.length)
    const value = single(own, name) ?? ''
    if (!isTagKey(key) || !isTagValue(value)) refuse('sts:claims', 'a session tag')
    tags.set(key, value)
  }
  if (tags.size > maximumTags) refuse('sts:claims', 'too many session tags')
  return tags
}

/** Longer than any session can be is the same as no limit; nonsense is not. */
function secondsOf(text: string): number {
  const seconds = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN
  if (!(seconds >= minSessionSeconds)) refuse('sts:claims', 'session duration')
  return Math.min(seconds, maxSessionSeconds)
}

/** Either order; a value that is no such pair grants nothing. */
function claimOf(value: string): readonly RoleClaim[] {
  const parts = value.split(',').map((part) => part.trim())
  const roleArn = parts.find((part) => /^arn:[\w-]+:iam::\d{12}:role\/.+$/.test(part))
  const providerArn = parts.find((part) => /^arn:[\w-]+:iam::\d{12}:saml-provider\/.+$/.test(part))
  return parts.length === 2 && roleArn !== undefined && providerArn !== undefined
    ? [{ roleArn, providerArn }]
    : []
}

function single(own: ReadonlyMap<string, readonly string[]>, name: string): string | undefined {
  const values = own.get(name)
  if (values !== undefined && values.length !== 1) refuse('sts:claims', `\`${name}\` must have one value`)
  return values?.[0]
}
