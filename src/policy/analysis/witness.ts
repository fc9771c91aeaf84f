/**
 * From a region that may hold requests to one request that proves it: values are picked, variables filled in with
 * them, and the evaluator has the last word. A witness that it does not confirm is kept, marked as not exact.
 */
import { isAccountId } from '../arn.js'
import type { ContextValue } from '../context.js'
import type { PolicyDocument } from '../document.js'
import { type AuthorizationRequest, evaluate } from '../evaluate.js'
import type { Principal } from '../principal.js'
import { filled, type Region, resourceKeys } from './box.js'
import type { Caller } from './caller.js'
import { type Circumstance, circumstancesFor, layersFor } from './circumstance.js'
import { variableKeys } from './clause.js'
import { findKeyValue } from './key-search.js'
import { byKey, type RegionSearch } from './region-search.js'

/** A request that the document allows, as a proof. */
export interface Witness extends AuthorizationRequest {
  /** The caller has a permissions boundary that allows everything. */
  readonly bounded: boolean
  /** What else applied when the evaluator was asked; see `layersFor`. */
  readonly circumstance: Circumstance
  /** The evaluator confirmed it. Otherwise the access could not be ruled out, and this is where it might be. */
  readonly exact: boolean
}

export interface Claim {
  /** Allows the witness's request. */
  readonly allowing: PolicyDocument
  /** Does not. */
  readonly refusing: PolicyDocument | undefined
}

export function witnessOf(region: Region, caller: Caller, claim: Claim, search: RegionSearch): Witness {
  let fallback: Witness | undefined
  for (const absentVariables of hasVariables(region) ? [false, true] : [false]) {
    const found = requestOf(region, caller.principal, search, absentVariables)
    const action = asWritten(found.action, claim.allowing)
    for (const circumstance of circumstancesFor(claim.allowing.kind)) {
      const request = { ...placed(found, region, claim, circumstance, search), action }
      const witness = { ...request, bounded: caller.bounded, circumstance }
      if (confirms(witness, claim)) return { ...witness, exact: true }
      fallback ??= { ...witness, exact: false }
    }
  }
  return fallback!
}

function confirms(witness: Omit<Witness, 'exact'>, { allowing, refusing }: Claim): boolean {
  const allows = (document: PolicyDocument) =>
    evaluate(witness, layersFor(document, witness.circumstance, witness.bounded)).outcome === 'allowed'
  return allows(allowing) && (refusing === undefined || !allows(refusing))
}

/** Actions are searched for in lower case; the document's own spelling reads better. */
function asWritten(action: string, { statements }: PolicyDocument): string {
  const written = statements.flatMap(({ actions }) => actions.written)
  return written.find((text) => text.toLowerCase() === action) ?? action
}

/** With its resource in some account, and with a role for a resource where trust policies do not say which. */
function placed(
  request: AuthorizationRequest,
  region: Region,
  { allowing }: Claim,
  circumstance: Circumstance,
  { texts }: RegionSearch,
): AuthorizationRequest {
  const resourceAccount = accountFor(request.principal, circumstance)
  const role = `arn:aws:iam::${resourceAccount}:role/Any`
  const fits = allowing.kind === 'trust' && region.resources.every((set) => texts.contains(set, role))
  return { ...request, resourceAccount, resource: fits ? role : request.resource }
}

/** Where the caller's policies allow everything, only a resource of another account asks the resource's policy. */
function accountFor(principal: Principal, circumstance: Circumstance): string {
  const own = 'account' in principal && isAccountId(principal.account) ? principal.account : '111122223333'
  if (circumstance !== 'supported') return own
  return own === '111122223333' ? '444455556666' : '111122223333'
}

function hasVariables(region: Region): boolean {
  return keysInVariables(region).size > 0
}

function keysInVariables({ resources, literals }: Region): ReadonlySet<string> {
  return new Set([
    ...resources.flatMap(resourceKeys),
    ...literals.flatMap(({ clause }) => variableKeys(clause)),
  ])
}

function requestOf(
  region: Region,
  principal: Principal,
  { texts }: RegionSearch,
  absentVariables: boolean,
): AuthorizationRequest {
  const context = new Map<string, ContextValue>()
  const groups = byKey(region.literals)
  const variables = keysInVariables(region)
  const keep = (key: string, value: ContextValue | undefined) =>
    value !== undefined && context.set(key, value)
  for (const key of variables) {
    const literals = groups.get(key)
    if (literals === undefined) {
      // Different texts, or two variables would pass for one.
      if (!absentVariables) context.set(key, context.size === 0 ? 'anybody' : `anybody${context.size}`)
      continue
    }
    const found = findKeyValue({ literals, preferText: !absentVariables }, texts)
    if (found.type === 'some') keep(key, found.value)
  }
  for (const [key, literals] of groups) {
    const found = findKeyValue({ literals, context }, texts)
    if (found.type === 'some' && !(variables.has(key) && context.has(key))) keep(key, found.value)
  }
  const action = texts.find(region.actions)
  const resource = texts.find(region.resources.map((set) => filled(set, context)))
  return {
    principal,
    action: action.type === 'some' ? action.value : '*:*',
    resource: resource.type === 'some' ? resource.value : '*',
    resourceAccount: accountFor(principal, 'supported'),
    context,
  }
}
