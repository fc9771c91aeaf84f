/**
 * One statement: its elements compiled, and whether it matches a request. What the kind of policy allows a
 * statement to hold is checked here too.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_statement.html
 */
import { type ActionElement, compileActions, matchesAction } from './action-element.js'
import { compileConditions, type Condition, holds } from './condition.js'
import type { RequestContext } from './context.js'
import type { PolicyKind } from './document.js'
import { kindRules } from './kind.js'
import type { Language } from './operator.js'
import type { Principal } from './principal.js'
import { compilePrincipal, type Named, named, namedBy, type PrincipalElement } from './principal-element.js'
import { type Cursor, quoted, type Reader } from './reader.js'
import { compileResources, matchesResources, type ResourceElement } from './resource-element.js'

export interface Statement {
  /** The name of its document. */
  readonly policy: string
  readonly effect: 'Allow' | 'Deny'
  readonly sid: string | undefined
  /** The Sid, or the position (`#0`) when it has none. */
  readonly label: string
  /** Absent where the policy is attached to the caller. */
  readonly principal: PrincipalElement | undefined
  readonly actions: ActionElement
  /** Absent where the resource is implied. */
  readonly resources: ResourceElement | undefined
  readonly conditions: readonly Condition[]
}

/** A request as the statements see it. */
export interface Inquiry {
  readonly principal: Principal
  readonly bounded: boolean
  /** Lower case. */
  readonly action: string
  readonly resource: string
  readonly context: RequestContext
}

/**
 * How the statement names the caller, or `named.notAtAll` when it does not match. Statements without a Principal
 * element name him directly.
 */
export function matchStatement(statement: Statement, inquiry: Inquiry): Named {
  const { principal, actions, resources, conditions } = statement
  if (!matchesAction(actions, inquiry.action)) return named.notAtAll
  const rank =
    principal === undefined ? named.directly : namedBy(principal, inquiry.principal, inquiry.bounded)
  if (rank === named.notAtAll) return rank
  if (resources !== undefined && !matchesResources(resources, inquiry.resource, inquiry.context)) {
    return named.notAtAll
  }
  for (const condition of conditions) if (!holds(condition, inquiry.context)) return named.notAtAll
  return rank
}

const elements: ReadonlySet<string> = new Set([
  'Sid',
  'Effect',
  'Principal',
  'NotPrincipal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
])

/** Undefined when the statement has a problem; all of them are reported. */
export function compileStatement(
  cursor: Cursor,
  position: number,
  { kind, name: policy }: { readonly kind: PolicyKind; readonly name: string },
  language: Language,
  reader: Reader,
): Statement | undefined {
  const members = reader.members(cursor)
  if (members === undefined) return undefined
  for (const [name, member] of members) {
    if (!elements.has(name)) {
      reader.report('INVALID_POLICY_ELEMENT', member, `a statement has no element ${quoted(name)}`)
    }
  }
  const sid = readSid(members.get('Sid'), kind, reader)
  const effect = readEffect(cursor, members.get('Effect'), reader)
  const principal = readPrincipal(cursor, members, effect, kind, reader)
  const actions = readActions(cursor, members, kind, reader)
  const resources = readResources(cursor, members, kind, language, reader)
  const condition = members.get('Condition')
  const conditions =
    condition === undefined ? [] : compileConditions(condition, effect ?? 'Deny', language, reader)
  if (kind === 'resource-control' && effect === 'Allow') {
    reader.report('RCP_SYNTAX_ERROR_ALLOW', members.get('Effect')!, 'a resource control policy can only deny')
  }
  if (effect === undefined || actions === undefined) return undefined
  return { policy, effect, sid, label: sid ?? `#${position}`, principal, actions, resources, conditions }
}

function readSid(cursor: Cursor | undefined, kind: PolicyKind, reader: Reader): string | undefined {
  const sid = cursor && reader.text(cursor)
  if (!cursor || !sid) return undefined
  if (kindRules[kind].sid === 'plain' && !/^[A-Za-z0-9]+$/.test(sid)) {
    reader.report('UNSUPPORTED_SID', cursor, `the Sid ${quoted(sid)} may hold letters and digits only`)
  }
  return sid
}

function readEffect(
  statement: Cursor,
  cursor: Cursor | undefined,
  reader: Reader,
): 'Allow' | 'Deny' | undefined {
  if (cursor === undefined) {
    reader.report('MISSING_EFFECT', statement, 'a statement needs `Effect`')
    return undefined
  }
  const effect = reader.text(cursor)
  if (effect === 'Allow' || effect === 'Deny' || effect === undefined) return effect
  reader.report('INVALID_EFFECT', cursor, `\`Effect\` is \`Allow\` or \`Deny\`, not ${quoted(effect)}`)
  return undefined
}

type Members = ReadonlyMap<string, Cursor>

/** One of an exclusive pair, e.g. `Action` and `NotAction`. */
function readPair(
  members: Members,
  name: string,
  reader: Reader,
): { readonly cursor: Cursor; readonly includes: boolean } | undefined {
  const including = members.get(name)
  const excluding = members.get(`Not${name}`)
  if (including !== undefined && excluding !== undefined) {
    reader.report(
      'UNSUPPORTED_ELEMENT_COMBINATION',
      excluding,
      `\`${name}\` and \`Not${name}\` exclude each other`,
    )
  }
  if (including !== undefined) return { cursor: including, includes: true }
  return excluding === undefined ? undefined : { cursor: excluding, includes: false }
}

function readPrincipal(
  statement: Cursor,
  members: Members,
  effect: 'Allow' | 'Deny' | undefined,
  kind: PolicyKind,
  reader: Reader,
): PrincipalElement | undefined {
  const rules = kindRules[kind]
  const pair = readPair(members, 'Principal', reader)
  if (pair === undefined) {
    if (rules.principal === 'required') {
      reader.report('MISSING_PRINCIPAL', statement, `statements of ${kind} policies need \`Principal\``)
    }
    return undefined
  }
  const { cursor, includes } = pair
  if (rules.principal === 'forbidden') {
    reader.report('UNSUPPORTED_PRINCIPAL', cursor, `${kind} policies name no principal`)
    return undefined
  }
  if (
    kind === 'resource-control' &&
    !(includes && cursor.node.type === 'string' && cursor.node.value === '*')
  ) {
    reader.report('RCP_SYNTAX_ERROR_PRINCIPAL', cursor, "a resource control policy's `Principal` is `*`")
    return undefined
  }
  if (!includes && !rules.notPrincipal) {
    const code = kind === 'trust' ? 'ROLE_TRUST_POLICY_SYNTAX_ERROR_NOTPRINCIPAL' : 'UNSUPPORTED_PRINCIPAL'
    reader.report(code, cursor, `${kind} policies cannot hold \`NotPrincipal\``)
  } else if (!includes && effect === 'Allow') {
    reader.report('ALLOW_WITH_NOT_PRINCIPAL', cursor, '`NotPrincipal` works with `Deny` only')
  }
  return compilePrincipal(cursor, includes, rules.federated, reader)
}

function readActions(
  statement: Cursor,
  members: Members,
  kind: PolicyKind,
  reader: Reader,
): ActionElement | undefined {
  const pair = readPair(members, 'Action', reader)
  if (pair === undefined) {
    reader.report('MISSING_ACTION', statement, 'a statement needs `Action` or `NotAction`')
    return undefined
  }
  if (kind === 'resource-control' && !pair.includes) {
    reader.report(
      'RCP_SYNTAX_ERROR_NOTACTION',
      pair.cursor,
      'a resource control policy cannot hold `NotAction`',
    )
  }
  const actions = compileActions(pair.cursor, pair.includes, reader)
  if (kind === 'resource-control' && actions.written.includes('*')) {
    reader.report('RCP_SYNTAX_ERROR_ACTION', pair.cursor, 'a resource control policy names its services')
  }
  return actions
}

function readResources(
  statement: Cursor,
  members: Members,
  kind: PolicyKind,
  language: Language,
  reader: Reader,
): ResourceElement | undefined {
  const rule = kindRules[kind].resource
  const pair = readPair(members, 'Resource', reader)
  if (pair === undefined) {
    if (rule === 'required') {
      reader.report('MISSING_RESOURCE', statement, 'a statement needs `Resource` or `NotResource`')
    }
    return undefined
  }
  if (rule === 'forbidden') {
    reader.report(
      'ROLE_TRUST_POLICY_SYNTAX_ERROR_RESOURCE',
      pair.cursor,
      'a trust policy names no resource: the role is implied',
    )
    return undefined
  }
  return compileResources(pair.cursor, pair.includes, language, reader)
}
