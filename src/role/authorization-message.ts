/**
 * Encoded authorization messages: why a request was decided as it was, sealed, so that only somebody who may call
 * DecodeAuthorizationMessage reads it. Whoever decides a request makes one; only principals of one account open it.
 *
 * Statements are named, never quoted, and what belongs to another account than the reader's (the names of its
 * resource policies, its resources' tags) is left out. Says nothing about when: a message does not expire.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { ContextValue, RequestContext } from '../policy/context.js'
import type { AuthorizationRequest, Decision, LayerName } from '../policy/evaluate.js'
import type { CallerIdentity } from './caller.js'

/** What the box of the messages is for; nothing else is sealed for it. */
export const authorizationMessagePurpose = 'authorization-message'

/** A PurposeBox for `authorizationMessagePurpose`. */
export interface MessageBox {
  seal(text: string): string
  open(sealed: string): string | undefined
}

export interface DecidedRequest {
  readonly caller: CallerIdentity
  readonly request: Pick<AuthorizationRequest, 'action' | 'resource' | 'resourceAccount' | 'context'>
  readonly decision: Decision
}

/** What DecodeAuthorizationMessage takes, and a purpose box adds a third and 66 characters. */
export const maxEncodedLength = 10_240
/** Far above what fits into a message honestly. */
const maxTextBytes = 1_048_576
const maxValueLength = 512
const maxValues = 50
const callerLayers: readonly LayerName[] = ['identity', 'boundary', 'session', 'service-control']
const resourceTag = /^[^:]*:resourcetag\//

/**
 * @param account whose principals may read it: the caller's account, or the resource's.
 * @returns at most 10,240 characters of base64url; condition keys and statements that do not fit are left out, and it says so.
 */
export function encodeAuthorizationMessage(
  box: MessageBox,
  account: string,
  decided: DecidedRequest,
): string {
  const all = { conditions: conditionsFor(account, decided), statements: statementsFor(account, decided) }
  for (let share = 1; ; share /= 2) {
    const kept = { conditions: part(all.conditions, share), statements: part(all.statements, share) }
    const text = JSON.stringify(messageOf(decided, kept, share < 1))
    const content = Buffer.from(JSON.stringify({ account, text }))
    const isEmpty = kept.conditions.length + kept.statements.length === 0
    if (content.length > maxTextBytes && !isEmpty) continue
    const encoded = box.seal(deflateRawSync(content).toString('base64'))
    if (encoded.length <= maxEncodedLength || isEmpty) return encoded
  }
}

/**
 * @param account of whoever wants to read it.
 * @returns the message as JSON text; undefined for anything that was not made here, was altered, or is for another
 * account. Never throws.
 */
export function openAuthorizationMessage(
  box: MessageBox,
  account: string,
  encoded: string,
): string | undefined {
  const sealed = encoded.length > maxEncodedLength ? undefined : box.open(encoded)
  if (sealed === undefined) return undefined
  const content = inflateRawSync(Buffer.from(sealed, 'base64'), { maxOutputLength: maxTextBytes })
  const message = JSON.parse(content.toString('utf8')) as { readonly account: string; readonly text: string }
  return message.account === account ? message.text : undefined
}

interface Item {
  readonly value: string
}

interface ConditionItem {
  readonly key: string
  readonly values: { readonly items: readonly Item[] }
}

/** In AWS's shape, where every list is an object with `items`. */
function messageOf(
  { caller, request, decision }: DecidedRequest,
  kept: { readonly conditions: readonly ConditionItem[]; readonly statements: readonly unknown[] },
  isCut: boolean,
): unknown {
  const truncated = isCut ? { truncated: true } : {}
  return {
    allowed: decision.outcome === 'allowed',
    explicitDeny: decision.outcome === 'explicitDeny',
    matchedStatements: { items: kept.statements, ...truncated },
    failures: {
      items: [...new Set(decision.missing ?? [])].map((layer) => ({ policyType: layer, allowed: false })),
    },
    context: {
      principal: { id: cut(caller.userId), arn: cut(caller.arn) },
      action: cut(request.action),
      resource: cut(request.resource),
      conditions: { items: kept.conditions, ...truncated },
    },
  }
}

function statementsFor(account: string, { caller, request, decision }: DecidedRequest): readonly unknown[] {
  return decision.matched.map(({ layer, policy, statement, effect }) => {
    const owner = callerLayers.includes(layer) ? caller.account : request.resourceAccount
    const named = account === owner ? { policy: cut(policy), statementId: cut(statement) } : {}
    return { effect: effect.toUpperCase(), policyType: layer, ...named }
  })
}

function conditionsFor(account: string, { request }: DecidedRequest): readonly ConditionItem[] {
  const isOwner = account === request.resourceAccount
  return [...(request.context satisfies RequestContext)]
    .filter(([key]) => isOwner || !resourceTag.test(key))
    .map(([key, value]) => ({ key: cut(key), values: { items: items(value) } }))
}

function items(value: ContextValue): readonly Item[] {
  const values = typeof value === 'string' ? [value] : value.slice(0, maxValues)
  return values.map((one) => ({ value: cut(one) }))
}

function part<Item>(list: readonly Item[], share: number): readonly Item[] {
  return list.slice(0, Math.floor(list.length * share))
}

function cut(text: string): string {
  return text.length > maxValueLength ? `${text.slice(0, maxValueLength)}…` : text
}
