/**
 * Which roles could an identity assume? An index over trust policies that leaves out roles which cannot possibly
 * match, so that nobody evaluates every role. It only narrows: whoever it lists is still to be evaluated, and whoever
 * it leaves out would have been denied.
 *
 * A statement is filed under the provider it names and under one condition, the one that the fewest other statements
 * share: a `saml:aud` that is the same everywhere says nothing about anybody.
 */
import { parseArn } from './arn.js'
import type { RequestContext } from './context.js'
import type { PolicyDocument } from './document.js'
import { providersNamed } from './principal-element.js'
import type { Statement } from './statement.js'
import { type TraitTable, traitTable, visitAll, visitTraits } from './trait-table.js'
import { type Anchor, anchorOf, type Trait } from './trust-anchor.js'

export interface Trusting {
  readonly arn: string
  readonly account: string
  readonly trustPolicy: PolicyDocument
}

/**
 * @param providerArnResource The tail of the provider's ARN, e.g. `saml-provider/corp`. Each account has the provider
 *   under its own number, and vouches with it for its own roles only.
 * @param asserted What the provider said, keys in lower case: every key that an evaluation would see, apart from
 *   those listed at `isAsserted`. Without it only the provider narrows.
 * @returns In the order in which the roles were given, each once.
 */
export type FindCandidates<R> = (providerArnResource: string, asserted?: RequestContext) => readonly R[]

export function trustIndex<R extends Trusting>(roles: readonly R[]): FindCandidates<R> {
  const { byProvider, forEveryone } = fileByProvider(roles)
  const tables = new Map<string, Tables>()
  for (const [provider, filed] of byProvider) tables.set(provider, tablesOf(filed))
  const tablesForEveryone = tablesOf(forEveryone)
  return (providerArnResource, asserted) => {
    const found = new Set<number>()
    collect(tablesForEveryone, asserted, found)
    const entries = tables.get(providerArnResource)
    if (entries !== undefined) collect(entries, asserted, found)
    return Array.from(Uint32Array.from(found).sort(), (position) => roles[position]!)
  }
}

/** An Allow statement of the role at this position. */
interface Filed {
  readonly position: number
  readonly anchors: readonly Anchor[]
}

function fileByProvider(roles: readonly Trusting[]): {
  readonly byProvider: ReadonlyMap<string, readonly Filed[]>
  readonly forEveryone: readonly Filed[]
} {
  const byProvider = new Map<string, Filed[]>()
  const forEveryone: Filed[] = []
  for (const [position, { account, trustPolicy }] of roles.entries()) {
    for (const statement of trustPolicy.statements) {
      if (statement.effect !== 'Allow' || statement.principal === undefined) continue
      const filed = { position, anchors: anchorsOf(statement, trustPolicy) }
      if (statement.principal.everyone) forEveryone.push(filed)
      for (const provider of providersNamed(statement.principal)) {
        const resource = resourceOf(provider, account)
        if (resource === undefined) continue
        const list = byProvider.get(resource)
        if (list === undefined) byProvider.set(resource, [filed])
        else list.push(filed)
      }
    }
  }
  return { byProvider, forEveryone }
}

function anchorsOf(statement: Statement, { version }: PolicyDocument): readonly Anchor[] {
  const anchors: Anchor[] = []
  for (const condition of statement.conditions) {
    const anchor = isAsserted(condition.key) ? anchorOf(condition, version) : undefined
    if (anchor !== undefined) anchors.push(anchor)
  }
  return anchors
}

/** Positions of roles: by a trait of one key's value, or without such a need. */
interface Tables {
  readonly byKey: ReadonlyMap<string, TraitTable>
  readonly always: readonly number[]
}

function tablesOf(filed: readonly Filed[]): Tables {
  const sharing = countTraits(filed)
  const always: number[] = []
  const byKey = new Map<string, [Trait, number][]>()
  for (const { position, anchors } of filed) {
    const anchor = rarest(anchors, sharing)
    if (anchor === undefined) {
      always.push(position)
      continue
    }
    let pairs = byKey.get(anchor.key)
    if (pairs === undefined) byKey.set(anchor.key, (pairs = []))
    for (const trait of anchor.traits) pairs.push([trait, position])
  }
  return { always, byKey: new Map(Array.from(byKey, ([key, pairs]) => [key, traitTable(pairs)])) }
}

/** How many statements demand a trait. */
type Sharing = ReadonlyMap<string, number>

function countTraits(filed: readonly Filed[]): Sharing {
  const counts = new Map<string, number>()
  for (const { anchors } of filed) {
    // Without a choice the count is of no interest.
    if (anchors.length < 2) continue
    for (const { key, traits } of anchors) {
      for (const trait of traits) {
        const name = nameOf(key, trait)
        counts.set(name, (counts.get(name) ?? 0) + 1)
      }
    }
  }
  return counts
}

function nameOf(key: string, { form, text }: Trait): string {
  return `${form} ${key} ${text}`
}

function rarest(anchors: readonly Anchor[], sharing: Sharing): Anchor | undefined {
  if (anchors.length < 2) return anchors[0]
  let best: Anchor | undefined
  let fewest = Number.POSITIVE_INFINITY
  for (const anchor of anchors) {
    let count = 0
    for (const trait of anchor.traits) count += sharing.get(nameOf(anchor.key, trait)) ?? 0
    if (count < fewest) {
      best = anchor
      fewest = count
    }
  }
  return best
}

function collect({ always, byKey }: Tables, asserted: RequestContext | undefined, found: Set<number>): void {
  const add = (positions: readonly number[]) => {
    for (const position of positions) found.add(position)
  }
  add(always)
  for (const [key, table] of byKey) {
    if (asserted === undefined) {
      visitAll(table, add)
      continue
    }
    const given = asserted.get(key) ?? []
    for (const value of typeof given === 'string' ? [given] : given) visitTraits(table, value, add)
  }
}

/**
 * Keys whose values come from the provider alone and are known when roles are listed. Those of the request (`aws:`,
 * `sts:`) and those that depend on the role's account are not.
 */
function isAsserted(key: string): boolean {
  return !/^(aws|sts|iam):/.test(key) && key !== 'saml:doc' && key !== 'saml:namequalifier'
}

/**
 * An ARN's resource part, undefined when it is another account's; a built-in provider's host as Rolegate's own
 * providers would be written.
 */
function resourceOf(provider: string, account: string): string | undefined {
  const arn = parseArn(provider)
  if (arn === undefined) return `oidc-provider/${provider}`
  return arn.account === account ? arn.resource : undefined
}
