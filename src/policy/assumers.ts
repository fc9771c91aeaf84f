/**
 * Who may assume a role? What its trust policy says of that, as a value: each way in with the callers it names and
 * the conditions that must hold. And, of a set of roles, those that may: the trust policy lets them and their own
 * permissions do.
 *
 * Both only narrow and leave the deciding to `evaluate`: a caller whom no way in names would have been denied, one
 * whom it names may still be. What roles may do after they were assumed is not asked.
 */
import { matchesAction } from './action-element.js'
import { accountOf, isAccountId, parseArn, parseAssumedRoleArn, parseRoleArn } from './arn.js'
import type { Trusting } from './candidates.js'
import type { Condition } from './condition.js'
import type { RequestContext } from './context.js'
import type { PolicyDocument } from './document.js'
import { evaluate } from './evaluate.js'
import type { PrincipalElement } from './principal-element.js'
import type { Statement } from './statement.js'

/** The callers that a name in a Principal element stands for. */
export type Assumer =
  | { readonly type: 'everyone' }
  /** Users, roles and sessions of the account; not its root user, who cannot assume roles. */
  | { readonly type: 'account'; readonly account: string }
  /** A user, a role, a role session or a federated user. */
  | { readonly type: 'principal'; readonly arn: string }
  /** A user's or a role's unique id. */
  | { readonly type: 'id'; readonly id: string }
  /** An identity provider's ARN or built-in host. */
  | { readonly type: 'provider'; readonly provider: string }
  | { readonly type: 'service'; readonly host: string }

export interface WayIn {
  readonly assumer: Assumer
  /** How such a caller asks, e.g. `sts:AssumeRoleWithSAML`. */
  readonly action: string
  /** The Sid, or the position (`#0`) when it has none. */
  readonly statement: string
  /** All of them must hold. */
  readonly conditions: readonly Condition[]
  /** Whether the caller's own policies have to allow it as well: `abroad` when he is of another account. */
  readonly ownAllow: 'always' | 'abroad' | 'never'
}

/**
 * Each Allow statement with each caller that it names and each action by which he can ask and that it lists, in
 * written order. Left out are ways that cannot lead anywhere: a Deny without conditions closes them, or the provider
 * is another account's (one vouches for the roles of its own account only). Denies with conditions are not
 * considered: they may close a way for some requests.
 */
export function waysInto(role: Trusting): readonly WayIn[] {
  const closing = role.trustPolicy.statements.filter(
    ({ effect, conditions }) => effect === 'Deny' && conditions.length === 0,
  )
  const ways: WayIn[] = []
  for (const { effect, label, principal, actions, conditions } of role.trustPolicy.statements) {
    if (effect !== 'Allow' || principal === undefined) continue
    for (const assumer of assumersIn(principal)) {
      if (assumer.type === 'provider' && !isProviderOf(role.account, assumer.provider)) continue
      for (const action of actionsOf(assumer)) {
        if (!matchesAction(actions, action.toLowerCase()) || isClosed(closing, assumer, action)) continue
        const ownAllow = ownAllowOf(assumer, role.account)
        ways.push({ assumer, action, statement: label, conditions, ownAllow })
      }
    }
  }
  return ways
}

/** A role as a caller, with what it may do itself. */
export interface CallingRole {
  readonly arn: string
  readonly id: string
  readonly account: string
  readonly permissions: readonly PolicyDocument[]
  readonly boundary?: PolicyDocument
}

export interface AssumingSession<R> {
  /** Trust policies may name a session: which one would ask. */
  readonly sessionName: string
  /** The keys that a role's session brings along; a key that is absent is judged as absent. */
  readonly contextOf: (caller: R) => RequestContext
}

/**
 * @returns Those of the roles that may `sts:AssumeRole` the target, in the order in which they were given. Exact: each
 *   was evaluated with both policies, its boundary and its context, as a session without session policies.
 */
export type FindAssumingRoles<R> = (target: Trusting, session: AssumingSession<R>) => readonly R[]

/** Of the roles given, only those are evaluated that the target's trust policy names. */
export function assumingRoles<R extends CallingRole>(roles: readonly R[]): FindAssumingRoles<R> {
  const byName = new Map<string, number[]>()
  const file = (name: string, position: number) => {
    const positions = byName.get(name)
    if (positions === undefined) byName.set(name, [position])
    else positions.push(position)
  }
  for (const [position, { arn, id, account }] of roles.entries()) {
    file(arn, position)
    file(id, position)
    file(account, position)
    file(sessionsOf(account, parseRoleArn(arn)?.name), position)
  }
  const named = (assumer: Assumer): Iterable<number> => {
    switch (assumer.type) {
      case 'everyone':
        return roles.keys()
      case 'account':
        return byName.get(assumer.account) ?? []
      case 'id':
        return byName.get(assumer.id) ?? []
      case 'principal': {
        const session = parseAssumedRoleArn(assumer.arn)
        const name = session === undefined ? assumer.arn : sessionsOf(session.account, session.roleName)
        return byName.get(name) ?? []
      }
      case 'provider':
      case 'service':
        break
    }
    return []
  }
  return (target, session) => {
    const found = new Set<number>()
    for (const { assumer, action } of waysInto(target)) {
      if (action !== assumeRole) continue
      for (const position of named(assumer)) found.add(position)
    }
    return Array.from(Uint32Array.from(found).sort(), (position) => roles[position]!).filter((role) =>
      mayAssume(role, target, session),
    )
  }
}

function mayAssume<R extends CallingRole>(
  caller: R,
  target: Trusting,
  { sessionName, contextOf }: AssumingSession<R>,
): boolean {
  const name = parseRoleArn(caller.arn)?.name ?? ''
  const decision = evaluate(
    {
      principal: {
        type: 'role-session',
        account: caller.account,
        arn: `arn:aws:sts::${caller.account}:assumed-role/${name}/${sessionName}`,
        roleArn: caller.arn,
        roleId: caller.id,
      },
      action: assumeRole,
      resource: target.arn,
      resourceAccount: target.account,
      context: contextOf(caller),
    },
    {
      identity: caller.permissions,
      resource: target.trustPolicy,
      ...(caller.boundary === undefined ? {} : { boundary: caller.boundary }),
    },
  )
  return decision.outcome === 'allowed'
}

const assumeRole = 'sts:AssumeRole'

const providerActions: readonly (readonly [prefix: string, action: string])[] = [
  ['saml-provider/', 'sts:AssumeRoleWithSAML'],
  ['oidc-provider/', 'sts:AssumeRoleWithWebIdentity'],
  ['ldap-provider/', 'sts:AssumeRoleWithLDAPIdentity'],
  ['local-provider/', 'sts:AssumeRoleWithLocalIdentity'],
]

function actionsOf(assumer: Assumer): readonly string[] {
  if (assumer.type === 'everyone') return [assumeRole, ...providerActions.map(([, action]) => action)]
  if (assumer.type !== 'provider') return [assumeRole]
  // Built-in providers, whose hosts are no ARNs, speak OpenID Connect.
  const resource = parseArn(assumer.provider)?.resource ?? 'oidc-provider/'
  return providerActions.filter(([prefix]) => resource.startsWith(prefix)).map(([, action]) => action)
}

function assumersIn({ everyone, written }: PrincipalElement): readonly Assumer[] {
  if (everyone) return [{ type: 'everyone' }]
  return written.flatMap((entry) => {
    const cut = entry.indexOf(':')
    return assumerNamed(entry.slice(0, cut), entry.slice(cut + 1))
  })
}

/** None for canonical storage accounts, which are no callers here. */
function assumerNamed(type: string, name: string): readonly Assumer[] {
  if (type === 'Federated') return [{ type: 'provider', provider: name }]
  if (type === 'Service') return [{ type: 'service', host: name }]
  if (type !== 'AWS') return []
  if (isAccountId(name)) return [{ type: 'account', account: name }]
  const arn = parseArn(name)
  if (arn === undefined) return [{ type: 'id', id: name }]
  return arn.resource === 'root'
    ? [{ type: 'account', account: arn.account }]
    : [{ type: 'principal', arn: name }]
}

function isClosed(closing: readonly Statement[], assumer: Assumer, action: string): boolean {
  return closing.some(
    ({ principal, actions }) =>
      principal !== undefined &&
      matchesAction(actions, action.toLowerCase()) &&
      assumersIn(principal).some((denied) => covers(denied, assumer)),
  )
}

/** Whether everybody that `inner` stands for is among those that `outer` stands for. */
function covers(outer: Assumer, inner: Assumer): boolean {
  if (outer.type === 'everyone') return true
  if (outer.type === 'account' && inner.type === 'principal') return outer.account === accountOf(inner.arn)
  return JSON.stringify(outer) === JSON.stringify(inner)
}

function isProviderOf(account: string, provider: string): boolean {
  const arn = parseArn(provider)
  return arn === undefined || arn.account === account
}

function ownAllowOf(assumer: Assumer, account: string): WayIn['ownAllow'] {
  switch (assumer.type) {
    case 'provider':
    case 'service':
      return 'never'
    case 'account':
      return 'always'
    case 'everyone':
    case 'id':
      return 'abroad'
    case 'principal':
      break
  }
  return accountOf(assumer.arn) === account ? 'never' : 'always'
}

function sessionsOf(account: string, roleName: string | undefined): string {
  return `sessions ${account} ${roleName ?? ''}`
}
