/**
 * Which roles could an identity assume? An index over trust policies that leaves out roles which cannot possibly
 * match, so that nobody evaluates every role. It only narrows: whoever it lists is still to be evaluated, and whoever
 * it leaves out would have been denied.
 */
import { parseArn } from './arn.js'
import type { Condition } from './condition.js'
import type { RequestContext } from './context.js'
import type { PolicyDocument } from './document.js'
import { providersNamed } from './principal-element.js'
import type { Statement } from './statement.js'

export interface Trusting {
  readonly arn: string
  readonly account: string
  readonly trustPolicy: PolicyDocument
}

/**
 * @param providerArnResource The tail of the provider's ARN, e.g. `saml-provider/corp`; the account does not narrow.
 * @param asserted What the provider said, keys in lower case: every key that an evaluation would see, apart from
 *   those listed at `isAsserted`. Without it only the provider narrows.
 * @returns In the order in which the roles were given, each once.
 */
export type FindCandidates<R> = (providerArnResource: string, asserted?: RequestContext) => readonly R[]

export function trustIndex<R extends Trusting>(roles: readonly R[]): FindCandidates<R> {
  const byProvider = new Map<string, Entries>()
  const forEveryone = newEntries()
  for (const [position, role] of roles.entries()) {
    for (const statement of role.trustPolicy.statements) {
      if (statement.effect !== 'Allow' || statement.principal === undefined) continue
      if (statement.principal.everyone) add(forEveryone, statement, position)
      for (const provider of providersNamed(statement.principal)) {
        add(entriesOf(byProvider, resourceOf(provider)), statement, position)
      }
    }
  }
  return (providerArnResource, asserted) => {
    const found = new Set<number>()
    collect(forEveryone, asserted, found)
    const entries = byProvider.get(providerArnResource)
    if (entries !== undefined) collect(entries, asserted, found)
    return [...found].sort((a, b) => a - b).map((position) => roles[position]!)
  }
}

/** Positions of roles: by one value that the identity must have, or without such a need. */
interface Entries {
  readonly byValue: Map<string, Map<string, Set<number>>>
  readonly always: Set<number>
}

function newEntries(): Entries {
  return { byValue: new Map(), always: new Set() }
}

function entriesOf(map: Map<string, Entries>, provider: string): Entries {
  const entries = map.get(provider) ?? newEntries()
  map.set(provider, entries)
  return entries
}

function add(entries: Entries, statement: Statement, position: number): void {
  const anchor = anchorOf(statement)
  if (anchor === undefined) {
    entries.always.add(position)
    return
  }
  const values = entries.byValue.get(anchor.key) ?? new Map<string, Set<number>>()
  entries.byValue.set(anchor.key, values)
  for (const value of anchor.values) {
    const positions = values.get(value) ?? new Set()
    values.set(value, positions)
    positions.add(position)
  }
}

function collect(entries: Entries, asserted: RequestContext | undefined, found: Set<number>): void {
  for (const position of entries.always) found.add(position)
  for (const [key, values] of entries.byValue) {
    if (asserted === undefined) {
      for (const positions of values.values()) for (const position of positions) found.add(position)
      continue
    }
    const given = asserted.get(key) ?? []
    for (const value of typeof given === 'string' ? [given] : given) {
      for (const position of values.get(value) ?? []) found.add(position)
    }
  }
}

/** The condition with the fewest values among those that demand one of a few literal texts of an asserted key. */
function anchorOf(
  statement: Statement,
): { readonly key: string; readonly values: readonly string[] } | undefined {
  let best: { readonly key: string; readonly values: readonly string[] } | undefined
  for (const condition of statement.conditions) {
    if (!isAsserted(condition.key)) continue
    const values = demanded(condition)
    if (values !== undefined && (best === undefined || values.length < best.values.length)) {
      best = { key: condition.key, values }
    }
  }
  return best
}

/** The values of which the key must have one, absent keys failing; undefined when it is not that simple. */
function demanded({ operator, wanted }: Condition): readonly string[] | undefined {
  if (operator !== 'StringEquals' && operator !== 'ForAnyValue:StringEquals') return undefined
  return wanted.some((value) => value.includes('${')) ? undefined : wanted
}

/**
 * Keys whose values come from the provider alone and are known when roles are listed. Those of the request (`aws:`,
 * `sts:`) and those that depend on the role's account are not.
 */
function isAsserted(key: string): boolean {
  return !/^(aws|sts|iam):/.test(key) && key !== 'saml:doc' && key !== 'saml:namequalifier'
}

/** An ARN's resource part; a built-in provider's host as Rolegate's own providers would be written. */
function resourceOf(provider: string): string {
  return parseArn(provider)?.resource ?? `oidc-provider/${provider}`
}
