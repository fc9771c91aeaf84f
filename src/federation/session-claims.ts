/**
 * The session tags and the source identity of an assertion, from both sources: attributes that the configuration maps,
 * and what the provider asserts itself by AWS's own attributes and claims. Where the two say different things nobody
 * can tell which is meant, and the sign-in is refused. Whether a role takes them is for its trust policy.
 */
import { Fault } from '../fault.js'
import type { Log } from '../operation/log.js'
import type { Assertion, ProviderKind } from './assertion.js'
import { onlyValue } from './mapped-value.js'
import { isSourceIdentity, isTagValue, maximumTags } from './session-tag.js'
import type { SourceIdentityMapping, TagMapping } from './settings.js'

export type SessionClaims = Pick<Assertion, 'tags' | 'transitiveTagKeys' | 'sourceIdentity'>

export interface SessionClaimsSettings {
  readonly kind: ProviderKind
  readonly name: string
  readonly sessionTags?: readonly TagMapping[]
  readonly sourceIdentity?: SourceIdentityMapping
  readonly allowTagKeys?: readonly string[]
}

const nothing: SessionClaims = { tags: new Map(), transitiveTagKeys: [] }

export interface Said {
  /** What the provider says under a name, as text; an empty text counts as absent. */
  readonly valuesOf: (from: string) => readonly string[]
  /** What it asserts itself, the syntax checked; keys outside `allowTagKeys` are dropped and logged. */
  readonly asserted?: SessionClaims
}

/**
 * @throws {Fault} `InvalidAssertion`, reason `<kind>:attribute-values`, `<kind>:required-attribute`,
 * `<kind>:session-tag` or `<kind>:source-identity`; the cause and the log name attribute and tag, never a value.
 */
export function sessionClaims(
  settings: SessionClaimsSettings,
  { valuesOf, asserted = nothing }: Said,
  log: Log,
): SessionClaims {
  const valueOf = ({ from, required }: SourceIdentityMapping): string | undefined => {
    const present = valuesOf(from).filter((text) => text !== '')
    const value = onlyValue(settings.kind, from, present)
    if (value === undefined && required) {
      throw refused(`${settings.kind}:required-attribute`, `attribute ${from} is required and has no value`)
    }
    return value
  }
  try {
    const sourceIdentity = joinSourceIdentity(settings, valueOf, asserted.sourceIdentity)
    return {
      ...joinTags(settings, valueOf, admitted(settings, asserted, log)),
      ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
    }
  } catch (cause) {
    // Not every face logs the cause of a Fault, and without it nobody finds the attribute.
    if (cause instanceof Fault) {
      const detail = cause.cause instanceof Error ? cause.cause.message : undefined
      log.info('session claims refused', { provider: settings.name, reason: cause.reason, detail })
    }
    throw cause
  }
}

type ValueOf = (mapping: SourceIdentityMapping) => string | undefined
type Tags = Pick<SessionClaims, 'tags' | 'transitiveTagKeys'>

function admitted({ name, allowTagKeys }: SessionClaimsSettings, asserted: Tags, log: Log): Tags {
  if (allowTagKeys === undefined) return asserted
  const allowed = new Set(allowTagKeys.map(folded))
  const isAllowed = (key: string): boolean => allowed.has(folded(key))
  const dropped = [...asserted.tags.keys()].filter((key) => !isAllowed(key))
  if (dropped.length > 0) log.info('session tags not taken', { provider: name, keys: dropped })
  return {
    tags: new Map([...asserted.tags].filter(([key]) => isAllowed(key))),
    transitiveTagKeys: asserted.transitiveTagKeys.filter(isAllowed),
  }
}

function joinTags(settings: SessionClaimsSettings, valueOf: ValueOf, asserted: Tags): Tags {
  const refusedTag = (detail: string): Fault => refused(`${settings.kind}:session-tag`, detail)
  const tags = new Map<string, readonly [key: string, value: string]>()
  const transitive = new Map(asserted.transitiveTagKeys.map((key) => [folded(key), key]))
  for (const [key, value] of asserted.tags) {
    if (folded(key).startsWith('aws:')) throw refusedTag(`tag key ${key} has the reserved prefix aws:`)
    if (tags.has(folded(key))) throw refusedTag(`tag key ${key} is there twice, compared without case`)
    tags.set(folded(key), [key, value])
  }
  for (const mapping of settings.sessionTags ?? []) {
    const { from, to } = mapping
    const value = valueOf(mapping)
    const other = tags.get(folded(to))
    // Also where the attribute is missing: the provider's own word does not stand in for it.
    if (other !== undefined && other[1] !== value) {
      throw refusedTag(`attribute ${from} and the provider's own tag ${to} differ`)
    }
    if (value === undefined) continue
    if (!isTagValue(value)) throw refusedTag(`attribute ${from} is no value for the tag ${to}`)
    tags.set(folded(to), [to, value])
    if (mapping.transitive) transitive.set(folded(to), to)
  }
  if (tags.size > maximumTags) throw refusedTag(`${tags.size} session tags`)
  return { tags: new Map(tags.values()), transitiveTagKeys: [...transitive.values()] }
}

function joinSourceIdentity(
  { kind, sourceIdentity: mapping }: SessionClaimsSettings,
  valueOf: ValueOf,
  asserted: string | undefined,
): string | undefined {
  if (mapping === undefined) return asserted
  const value = valueOf(mapping)
  const reason = `${kind}:source-identity`
  if (asserted !== undefined && asserted !== value) {
    throw refused(reason, `attribute ${mapping.from} and the provider's own source identity differ`)
  }
  if (value === undefined || isSourceIdentity(value)) return value
  throw new Fault(
    'InvalidAssertion',
    'Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with "aws:"',
    { reason, cause: new Error(`attribute ${mapping.from} is no source identity`) },
  )
}

function folded(key: string): string {
  return key.toLowerCase()
}

function refused(reason: string, detail: string): Fault {
  return new Fault('InvalidAssertion', 'what the identity provider says about this account cannot be used', {
    reason,
    cause: new Error(detail),
  })
}
