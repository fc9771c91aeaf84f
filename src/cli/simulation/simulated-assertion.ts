/**
 * What is written about an identity → the assertion that its provider would have made, with the condition keys that
 * the provider's kind gives.
 */
import type { IdentityFile } from '../../config/identity-file.js'
import { suggestion } from '../../config/nearest-name.js'
import type { Assertion, ProviderKind } from '../../federation/assertion.js'
import { withoutScheme } from '../../federation/provider-arn.js'
import type { ProviderSettings } from '../../federation/settings.js'
import type { ContextValue } from '../../policy/context.js'
import { joinTags, noTags } from '../../role/session-tags.js'
import { CommandError, exitCodes } from '../terminal.js'

/**
 * @throws {CommandError} when the provider is not known well enough.
 * @throws {Fault} for tags that no session can carry.
 */
export function simulatedAssertion(
  identity: IdentityFile,
  providers: readonly ProviderSettings[],
  publicUrl: string,
  now: Date,
): Assertion {
  const settings = providers.find(({ name }) => name === identity.provider)
  const kind = kindOf(identity, settings, providers)
  const issuer = identity.issuer ?? issuerOf(kind, settings)
  const { username, groups } = identity
  const subject = identity.subject ?? username
  const audience = identity.audience ?? audienceOf(settings, publicUrl)
  const tags = new Map(Object.entries(identity.tags))
  const { transitiveTagKeys } = joinTags({ tags, transitiveTagKeys: identity.transitiveTagKeys }, noTags)
  const said = { kind, issuer, subject, audience }
  return {
    ...said,
    provider: identity.provider,
    username,
    displayName: username,
    groups,
    conditionKeys: conditionKeysOf(identity, said),
    authenticatedAt: now,
    multiFactor: identity.multiFactor,
    tags,
    transitiveTagKeys,
    ...(identity.email !== undefined && { email: identity.email }),
    ...(identity.sourceIdentity !== undefined && { sourceIdentity: identity.sourceIdentity }),
    ...(identity.roleSessionName !== undefined && { roleSessionName: identity.roleSessionName }),
    ...(identity.roles !== undefined && { roleClaims: identity.roles.map((roleArn) => ({ roleArn })) }),
  }
}

function kindOf(
  { provider, kind }: IdentityFile,
  settings: ProviderSettings | undefined,
  providers: readonly ProviderSettings[],
): ProviderKind {
  if (settings === undefined && kind !== undefined) return kind
  if (settings === undefined) {
    const known = providers.map(({ name }) => name)
    throw new CommandError(
      exitCodes.usage,
      `no provider \`${provider}\` is enabled; ${suggestion(provider, known)} (with \`kind\` it is simulated all the same)`,
    )
  }
  if (kind === undefined || kind === settings.kind) return settings.kind
  throw new CommandError(exitCodes.usage, `the provider \`${provider}\` is of kind \`${settings.kind}\``)
}

function issuerOf(kind: ProviderKind, settings: ProviderSettings | undefined): string {
  if (kind === 'local') return 'rolegate:local'
  if (settings?.kind === 'oidc') return settings.issuer
  if (settings?.kind === 'ldap') return settings.urls[0] ?? ''
  if (kind === 'oidc') {
    throw new CommandError(
      exitCodes.usage,
      'an OpenID Connect identity needs `issuer`: its ARN is made of it',
    )
  }
  return ''
}

function audienceOf(settings: ProviderSettings | undefined, publicUrl: string): string {
  if (settings?.kind === 'saml') return settings.acsUrl
  if (settings?.kind === 'oidc') return settings.client?.id ?? settings.audiences[0] ?? ''
  return publicUrl
}

/** Attributes first, so that none can speak for what the provider itself says; what is written in full comes last. */
function conditionKeysOf(
  { attributes, groups, username, email, conditionKeys }: IdentityFile,
  { kind, issuer, subject, audience }: Pick<Assertion, 'kind' | 'issuer' | 'subject' | 'audience'>,
): ReadonlyMap<string, ContextValue> {
  const prefix = kind === 'oidc' ? withoutScheme(issuer) : kind
  const keys = new Map<string, ContextValue>()
  const set = (name: string, value: ContextValue) => keys.set(`${prefix}:${name}`.toLowerCase(), value)
  for (const [name, value] of Object.entries(attributes)) set(name, value)
  if (kind === 'ldap' || kind === 'local') {
    set('username', username)
    set('groups', groups)
  } else {
    if (groups.length > 0) set('groups', groups)
    set('sub', subject)
    set('aud', audience)
  }
  if (kind === 'saml' && issuer !== '') set('iss', issuer)
  if (kind === 'oidc' && email !== undefined) set('email', email)
  for (const [key, value] of Object.entries(conditionKeys)) keys.set(key.toLowerCase(), value)
  return keys
}
