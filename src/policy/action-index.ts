/**
 * Statements by what they can match, so that a decision does not look at the others: first by action, then, where
 * many share one, by the text with which their resources begin. Narrows only.
 * They are found in the order in which they were given, each once.
 */
import { type ActionElement, matchesAction } from './action-element.js'
import { type PrefixTable, prefixTable, visitPrefixes } from './prefix-table.js'
import { literalHeads, type ResourceElement } from './resource-element.js'

/** A statement, or whatever else stands for one. */
interface Filed {
  readonly actions: ActionElement
  readonly resources: ResourceElement | undefined
}

export interface ActionIndex<E extends Filed> {
  readonly entries: readonly E[]
  /** Absent where trying each entry is as quick. */
  readonly tables: ActionTables<E> | undefined
}

interface ActionTables<E> {
  /** Those that list this very action, lower case. */
  readonly byAction: ReadonlyMap<string, readonly Position[]>
  /** Those with a wildcard in the action's name, by its service. */
  readonly byService: ReadonlyMap<string, readonly Position[]>
  /** `*`, wildcards in the service, NotAction. */
  readonly anywhere: readonly Position[]
  /** What was found for actions asked about lately. */
  readonly known: Map<string, Sharing<E>>
}

/** The entries that match one action. */
interface Sharing<E> {
  readonly entries: readonly E[]
  /** Absent where there are few. */
  readonly byResource: ByResource | undefined
}

interface ByResource {
  readonly beginnings: PrefixTable
  /** Those whose resources may begin with anything. */
  readonly anywhere: readonly Position[]
}

/** Among the entries. */
type Position = number

const fewEntries = 4
const fewSharing = 8

/** So many actions are remembered; a caller who invents more costs a look-up each and no memory. */
const rememberedActions = 512

const nothing: readonly never[] = Object.freeze([])
const empty = Object.freeze({ entries: nothing, tables: undefined })

export function indexByAction<E extends Filed>(entries: readonly E[]): ActionIndex<E> {
  if (entries.length === 0) return empty
  if (entries.length <= fewEntries) return { entries, tables: undefined }
  const byAction = new Map<string, Position[]>()
  const byService = new Map<string, Position[]>()
  const anywhere: Position[] = []
  for (const [position, { actions }] of entries.entries()) {
    const { includes, literals, globs } = actions
    if (!includes || globs.some(({ service }) => service === undefined)) {
      anywhere.push(position)
      continue
    }
    const services = new Set(globs.map(({ service }) => service!))
    for (const service of services) append(byService, service, position)
    for (const action of literals) {
      if (!services.has(serviceOf(action))) append(byAction, action, position)
    }
  }
  return { entries, tables: { byAction, byService, anywhere, known: new Map() } }
}

/**
 * The entries that may match; whoever is left out does not.
 * @param action Lower case.
 */
export function likely<E extends Filed>(
  { entries, tables }: ActionIndex<E>,
  action: string,
  resource: string,
): readonly E[] {
  if (tables === undefined) return entries
  const sharing = tables.known.get(action) ?? find(entries, tables, action)
  return sharing.byResource === undefined ? sharing.entries : narrowed(sharing, sharing.byResource, resource)
}

function find<E extends Filed>(
  entries: readonly E[],
  { byAction, byService, anywhere, known }: ActionTables<E>,
  action: string,
): Sharing<E> {
  const matches = (position: Position) => matchesAction(entries[position]!.actions, action)
  const found = [
    ...(byAction.get(action) ?? nothing),
    ...(byService.get(serviceOf(action)) ?? nothing).filter(matches),
    ...anywhere.filter(matches),
  ]
    .sort(ascending)
    .map((position) => entries[position]!)
  const sharing = { entries: found, byResource: indexByResource(found) }
  if (known.size >= rememberedActions) known.clear()
  known.set(action, sharing)
  return sharing
}

function indexByResource(entries: readonly Filed[]): ByResource | undefined {
  if (entries.length <= fewSharing) return undefined
  const anywhere: Position[] = []
  const heads: [string, Position][] = []
  for (const [position, { resources }] of entries.entries()) {
    const beginnings = resources === undefined ? undefined : literalHeads(resources)
    if (beginnings === undefined) anywhere.push(position)
    else for (const beginning of beginnings) heads.push([beginning, position])
  }
  const beginnings = prefixTable(heads)
  // Each length costs about as much as trying two entries.
  return entries.length - anywhere.length > 2 * beginnings.byLength.size
    ? { beginnings, anywhere }
    : undefined
}

function narrowed<E>(
  { entries }: Sharing<E>,
  { beginnings, anywhere }: ByResource,
  resource: string,
): readonly E[] {
  const found: Position[] = [...anywhere]
  let sources = anywhere.length > 0 ? 1 : 0
  visitPrefixes(beginnings, resource, (positions) => {
    sources += 1
    for (const position of positions) found.push(position)
  })
  if (sources > 1) found.sort(ascending)
  const result: E[] = []
  for (let i = 0; i < found.length; i += 1) {
    if (found[i] !== found[i - 1]) result.push(entries[found[i]!]!)
  }
  return result
}

function ascending(one: number, other: number): number {
  return one - other
}

function serviceOf(action: string): string {
  return action.slice(0, Math.max(0, action.indexOf(':')))
}

function append(map: Map<string, Position[]>, key: string, position: Position): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [position])
  else list.push(position)
}
