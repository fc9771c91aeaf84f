/**
 * evaluate → issue → record, in this order and in this file only. What could not be recorded is not handed out.
 */
import type { AuditLog, RequestOrigin } from '../audit/event.js'
import type { SessionCredentials } from '../credentials/credentials.js'
import { Fault, type Clock } from '../fault.js'
import type { Assertion } from '../federation/assertion.js'
import { providerArn } from '../federation/provider-arn.js'
import type { Metrics } from '../operation/metrics.js'
import type { ContextValue } from '../policy/context.js'
import { compilePolicy } from '../policy/document.js'
import { actionFor, authorize, implicitDeny } from './authorize.js'
import type { AssumeCaller, AssumeOutcome, AssumeRequest, PassedContext, RoleBroker } from './broker.js'
import { chainFrom, originOfCaller } from './lineage.js'
import { packedPolicyPercent } from './packed-size.js'
import { denialEvent, failureEvent, grantEvent } from './record.js'
import { nameQualifier } from './request-context.js'
import type { Role, RoleDirectory } from './role.js'
import type { SessionContext } from './role-session.js'
import type { SessionOrigin } from './session.js'
import { sessionEnd, type LifetimeLimits } from './session-lifetime.js'
import { joinTags, noTags, type SessionTags } from './session-tags.js'
import { signInParameters } from './sign-in-parameters.js'

export interface RoleBrokerDeps {
  /** The directory in force now; read once per request, so that each request sees one configuration. */
  readonly directory: () => RoleDirectory
  readonly limits: () => LifetimeLimits
  readonly credentials: SessionCredentials
  readonly audit: AuditLog
  readonly metrics: Metrics
  readonly now: Clock
  readonly randomUuid: () => string
}

export function createRoleBroker(deps: RoleBrokerDeps): RoleBroker {
  return {
    rolesFor: (assertion, origin) => rolesFor(deps, assertion, origin),
    assume: async (request) => {
      try {
        return await assume(deps, request)
      } catch (cause) {
        if (!(cause instanceof Fault) || cause.code === 'AuditUnavailable') throw cause
        await deps.audit.record(failureEvent(deps, request, cause))
        throw cause
      }
    },
  }
}

function rolesFor(deps: RoleBrokerDeps, assertion: Assertion, origin: RequestOrigin): readonly Role[] {
  const directory = deps.directory()
  const now = deps.now()
  const passed = signInParameters(assertion)
  const allowed: Role[] = []
  for (const role of directory.candidates(assertion)) {
    const parts = {
      now,
      origin,
      organization: directory.organization,
      role,
      account: directory.account(role.account),
      passed,
    }
    if (authorize({ type: 'assertion', assertion }, directory, parts).allowed) allowed.push(role)
  }
  return allowed.sort((one, other) => compare(one.account, other.account) || compare(one.name, other.name))
}

async function assume(deps: RoleBrokerDeps, request: AssumeRequest): Promise<AssumeOutcome> {
  const directory = deps.directory()
  const now = deps.now()
  const { caller } = request
  const assertion = caller.type === 'assertion' ? caller.assertion : undefined

  const policies = request.sessionPolicies ?? []
  policies.forEach(assertSessionPolicy)
  const policyArns = request.policyArns ?? []
  const contexts = request.contexts ?? []
  const tags = tagsFor(request)
  const packedPercent = packedPolicyPercent([...policies, ...policyArns], tags.tags)
  if (packedPercent !== undefined && packedPercent > 100) {
    throw new Fault(
      'PackedPolicyTooLarge',
      `Packed policy consumes ${packedPercent}% of allotted space, please use smaller policy.`,
      { reason: 'sts:packed-size' },
    )
  }
  const sourceIdentity = sourceIdentityOf(request)

  const role = directory.role(request.roleArn)
  const authorization =
    role === undefined
      ? ({
          allowed: false,
          deniedAction: `sts:${actionFor(caller)}`,
          decision: implicitDeny,
          reason: 'sts:no-such-role',
        } as const)
      : authorize(caller, directory, {
          now,
          origin: request.origin,
          organization: directory.organization,
          role,
          account: directory.account(role.account),
          passed: {
            sessionName: request.sessionName,
            ...tags,
            ...(request.externalId === undefined ? {} : { externalId: request.externalId }),
            ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
            ...(request.multiFactor === undefined ? {} : { multiFactorAt: request.multiFactor.at }),
            ...(contexts.length === 0 ? {} : contextsPassed(contexts)),
          },
        })
  if (role === undefined || !authorization.allowed) {
    const denied = authorization.allowed ? undefined : authorization
    const decision = denied?.decision ?? implicitDeny
    const deniedAction = denied?.deniedAction ?? `sts:${actionFor(caller)}`
    await deps.audit.record(
      denialEvent(deps, request, { decision, deniedAction, reason: denied?.reason ?? 'sts:trust' }),
    )
    return { granted: false, decision, deniedAction }
  }

  const expiresAt = sessionEnd({
    now,
    requestedSeconds: request.durationSeconds,
    role,
    chained: isChained(caller),
    limits: deps.limits(),
    assertion,
  })
  const issued = deps.credentials.issue({
    type: 'role',
    roleArn: role.arn,
    roleId: role.id,
    account: role.account,
    sessionName: request.sessionName,
    issuedAt: now,
    expiresAt,
    ...(sourceIdentity === undefined ? {} : { sourceIdentity }),
    ...tags,
    ...(policies.length === 0 ? {} : { sessionPolicies: policies }),
    ...(policyArns.length === 0 ? {} : { policyArns }),
    ...(contexts.length === 0 ? {} : { contexts: contexts.map(withoutKeys) }),
    origin:
      caller.type === 'assertion' ? originOfAssertion(caller.assertion, role) : originOfCaller(caller, now),
    chain: caller.type === 'assertion' ? [] : chainFrom(caller),
  })
  await deps.audit.record(
    grantEvent(deps, request, { decision: authorization.decision, session: issued.session, packedPercent }),
  )
  deps.metrics.issued(request.eventName)
  const { session, ...credentials } = issued
  return {
    granted: true,
    credentials,
    session,
    role,
    ...(packedPercent === undefined ? {} : { packedPolicyPercent: packedPercent }),
  }
}

function assertSessionPolicy(text: string): void {
  const compiled = compilePolicy(text, 'session', 'session policy')
  if (compiled.ok) return
  const [first] = compiled.problems
  throw new Fault(
    'MalformedPolicyDocument',
    first === undefined
      ? 'Syntax errors in policy.'
      : `Syntax errors in policy: ${first.path}: ${first.message}`,
    { reason: 'sts:policy' },
  )
}

/** AWS counts the sessions of GetSessionToken in, too; a user with a long-term key is the first hop. */
function isChained(caller: AssumeCaller): boolean {
  return caller.type === 'session'
}

function contextsPassed(contexts: readonly PassedContext[]) {
  return {
    contextKeys: new Map(contexts.flatMap(({ keys }) => [...keys])),
    contextProviders: contexts.map(({ providerArn }) => providerArn),
  }
}

function withoutKeys({ providerArn, issuer, subject }: PassedContext): SessionContext {
  return { providerArn, issuer, subject }
}

function tagsFor(request: AssumeRequest): SessionTags {
  const { caller } = request
  const passed: SessionTags = {
    tags: request.tags ?? new Map(),
    transitiveTagKeys: request.transitiveTagKeys ?? [],
  }
  if (caller.type !== 'assertion')
    return joinTags(
      passed,
      caller.type === 'session' && caller.session.type === 'role' ? caller.session : noTags,
    )
  // What a provider asserted cannot be overwritten by the caller, so the two are never mixed.
  return passed.tags.size === 0
    ? joinTags(tagsOf(caller.assertion), noTags)
    : joinTags(passed, asInherited(caller.assertion))
}

function tagsOf(assertion: Assertion): SessionTags {
  return { tags: assertion.tags, transitiveTagKeys: assertion.transitiveTagKeys }
}

function asInherited(assertion: Assertion): SessionTags {
  return { tags: assertion.tags, transitiveTagKeys: [...assertion.tags.keys()] }
}

/** Once set in a chain it stays; each hop is authorised for the inherited value too. */
function sourceIdentityOf(request: AssumeRequest): string | undefined {
  const { caller } = request
  const inherited = inheritedSourceIdentity(caller)
  if (
    request.sourceIdentity !== undefined &&
    inherited !== undefined &&
    request.sourceIdentity !== inherited
  ) {
    throw new Fault('InvalidRequest', 'The source identity is already set for this assume role session', {
      reason: 'sts:source-identity',
    })
  }
  return request.sourceIdentity ?? inherited
}

function inheritedSourceIdentity(caller: AssumeCaller): string | undefined {
  switch (caller.type) {
    case 'assertion':
      return caller.assertion.sourceIdentity
    case 'session':
      return caller.session.sourceIdentity
    case 'user':
      return undefined
  }
}

function originOfAssertion(assertion: Assertion, role: Role): SessionOrigin {
  return {
    provider: providerArn(role.account, assertion),
    issuer: assertion.issuer,
    subject: assertion.subject,
    ...(assertion.providerSession === undefined ? {} : { providerSession: assertion.providerSession }),
    startedAt: assertion.authenticatedAt,
    persistentKeys: persistentKeys(assertion, role),
    multiFactor: assertion.multiFactor,
    assertedTagKeys: [...assertion.tags.keys()].map((key) => key.toLowerCase()),
  }
}

/**
 * The keys that later calls of the session still carry: for SAML `saml:namequalifier`, `saml:sub` and `saml:sub_type`,
 * for OpenID Connect `aud`, `sub` and `amr`, for directories and local accounts the user's name.
 */
function persistentKeys(assertion: Assertion, role: Role): ReadonlyMap<string, ContextValue> {
  const lasting = lastingKeys[assertion.kind]
  const kept = new Map([...assertion.conditionKeys].filter(([key]) => lasting.test(key)))
  if (assertion.kind === 'saml') {
    kept.set('saml:namequalifier', nameQualifier(assertion.issuer, role.account, assertion.provider))
  }
  return kept
}

const lastingKeys = {
  saml: /^saml:sub(?:_type)?$/,
  oidc: /:(?:aud|sub|amr)$/,
  ldap: /^ldap:username$/,
  local: /^local:username$/,
} as const satisfies Record<Assertion['kind'], RegExp>

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}
