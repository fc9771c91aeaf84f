/**
 * An Assertion as plain JSON values and back, for owners that keep one in a store. What is read back was written by
 * this installation; anything of another shape is refused rather than repaired.
 */
import type { Assertion, ProviderKind, RoleClaim } from '../federation/assertion.js'
import type { ContextValue } from '../policy/context.js'

const kinds: readonly ProviderKind[] = ['ldap', 'saml', 'oidc', 'local']

/** A value for `JSON.stringify`: maps as lists of pairs, instants as ISO 8601. */
export function assertionToJson(assertion: Assertion): unknown {
  return {
    ...assertion,
    conditionKeys: [...assertion.conditionKeys],
    tags: [...assertion.tags],
    authenticatedAt: assertion.authenticatedAt.toISOString(),
    sessionEndsAt: assertion.sessionEndsAt?.toISOString(),
  }
}

/** @throws {TypeError} when the value is not what `assertionToJson` makes. */
export function assertionFromJson(value: unknown): Assertion {
  const from = record(value)
  const kind = kinds.find((known) => known === from['kind'])
  if (kind === undefined) throw new TypeError('an assertion needs a kind')
  return {
    provider: text(from['provider']),
    kind,
    issuer: text(from['issuer']),
    subject: text(from['subject']),
    audience: text(from['audience']),
    username: text(from['username']),
    displayName: text(from['displayName']),
    groups: texts(from['groups']),
    conditionKeys: new Map(
      pairs(from['conditionKeys']).map(([key, held]) => [text(key), contextValue(held)]),
    ),
    authenticatedAt: instant(from['authenticatedAt']),
    multiFactor: from['multiFactor'] === true,
    tags: new Map(pairs(from['tags']).map(([key, held]) => [text(key), text(held)])),
    transitiveTagKeys: texts(from['transitiveTagKeys']),
    ...optional(from, 'email', text),
    ...optional(from, 'sessionEndsAt', instant),
    ...optional(from, 'providerSession', text),
    ...optional(from, 'sourceIdentity', text),
    ...optional(from, 'roleSessionName', text),
    ...optional(from, 'maxSessionSeconds', seconds),
    ...optional(from, 'roleClaims', (held) => list(held).map(roleClaim)),
  }
}

function roleClaim(value: unknown): RoleClaim {
  const from = record(value)
  return { roleArn: text(from['roleArn']), ...optional(from, 'providerArn', text) }
}

function optional<Key extends string, Value>(
  from: Readonly<Record<string, unknown>>,
  key: Key,
  read: (value: unknown) => Value,
): { readonly [key in Key]?: Value } {
  return from[key] === undefined ? {} : ({ [key]: read(from[key]) } as { readonly [key in Key]: Value })
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError('expected an object')
  return value as Readonly<Record<string, unknown>>
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError('expected a list')
  return value
}

function pairs(value: unknown): readonly (readonly [unknown, unknown])[] {
  return list(value).map((pair) => {
    const [key, held, ...rest] = list(pair)
    if (rest.length > 0) throw new TypeError('expected a pair')
    return [key, held]
  })
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('expected text')
  return value
}

function texts(value: unknown): readonly string[] {
  return list(value).map(text)
}

function seconds(value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new TypeError('expected a number')
  return value
}

function contextValue(value: unknown): ContextValue {
  return typeof value === 'string' ? value : texts(value)
}

function instant(value: unknown): Date {
  const at = new Date(text(value))
  if (Number.isNaN(at.getTime())) throw new TypeError('expected an instant')
  return at
}
