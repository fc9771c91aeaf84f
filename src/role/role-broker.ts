/**
 * evaluate → issue → record for roles, in this order and in this file only. What could not be recorded is not handed
 * out.
 */
import type { AuditLog, RequestOrigin } from '../audit/event.js'
import type { SessionCredentials } from '../credentials/credentials.js'
import { Fault, type Clock } from '../fault.js'
import type { Assertion } from '../federation/assertion.js'
import type { Metrics } from '../operation/metrics.js'
import { actionFor, authorize, implicitDeny } from './authorize.js'
import type { AssumeCaller, AssumeOutcome, AssumeRequest, PassedContext, RoleBroker } from './broker.js'
import { chainFrom, originOfAssertion, originOfCaller } from './lineage.js'
import { packedPolicyPercent } from './packed-size.js'
import { denialEvent, failureEvent, grantEvent } from './record.js'
import type { PassedParameters } from './request-context.js'
import type { Role, RoleDirectory } from './role.js'
import type { RoleSession, SessionContext } from './role-session.js'
import type { ChainLink } from './session.js'
import { assertChainLength, sessionEnd, type LifetimeLimits } from './session-lifetime.js'
import { assertInlinePolicies, assertManagedPolicies } from './session-policies.js'
import { noTags, tagsFor, type SessionTags } from './session-tags.js'
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

  const policies = request.sessionPolicies ?? none
  assertInlinePolicies(policies)
  const policyArns = request.policyArns ?? none
  const contexts = request.contexts ?? noContexts
  const tags = tagsFor(caller, {
    tags: request.tags ?? noTags.tags,
    transitiveTagKeys: request.transitiveTagKeys ?? none,
  })
  const packedPercent = packedPolicyPercent(policies, policyArns, tags.tags)
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
          passed: passedIn(request, tags, sourceIdentity),
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

  assertManagedPolicies(policyArns, role.account, directory)
  const limits = deps.limits()
  const expiresAt = sessionEnd({
    now,
    requestedSeconds: request.durationSeconds,
    role,
    chained: isChained(caller),
    limits,
    assertion,
  })
  const chain = caller.type === 'assertion' ? noChain : chainFrom(caller)
  assertChainLength(chain, limits)
  const unnamed: Draft<Omit<RoleSession, 'accessKeyId'>> = {
    type: 'role',
    roleArn: role.arn,
    roleId: role.id,
    account: role.account,
    sessionName: request.sessionName,
    issuedAt: now,
    expiresAt,
    tags: tags.tags,
    transitiveTagKeys: tags.transitiveTagKeys,
    origin:
      caller.type === 'assertion' ? originOfAssertion(caller.assertion, role) : originOfCaller(caller, now),
    chain,
  }
  if (sourceIdentity !== undefined) unnamed.sourceIdentity = sourceIdentity
  if (policies.length > 0) unnamed.sessionPolicies = policies
  if (policyArns.length > 0) unnamed.policyArns = policyArns
  if (contexts.length > 0) unnamed.contexts = contexts.map(withoutKeys)
  const issued = deps.credentials.issue(unnamed, request.minimumTokenLength)
  await deps.audit.record(
    grantEvent(deps, request, { decision: authorization.decision, session: issued.session, packedPercent }),
  )
  deps.metrics.issued(request.eventName)
  const { session, accessKeyId, secretAccessKey, sessionToken } = issued
  const credentials = { accessKeyId, secretAccessKey, sessionToken, expiresAt }
  const granted = { granted: true, credentials, session, role } as const
  return packedPercent === undefined ? granted : { ...granted, packedPolicyPercent: packedPercent }
}

type Draft<Kind> = { -readonly [Field in keyof Kind]: Kind[Field] }

const none: readonly string[] = []
const noContexts: readonly PassedContext[] = []
const noChain: readonly ChainLink[] = []

/**
 * Whoever assumes a role with temporary credentials chains, and the chaining maximum is theirs. As users of AWS report,
 * that holds for the sessions of GetSessionToken, too; a user with a long-term key is the first hop.
 */
function isChained(caller: AssumeCaller): boolean {
  return caller.type === 'session'
}

function passedIn(
  { sessionName, externalId, multiFactor, contexts = noContexts }: AssumeRequest,
  { tags, transitiveTagKeys }: SessionTags,
  sourceIdentity: string | undefined,
): PassedParameters {
  const passed: Draft<PassedParameters> = { sessionName, tags, transitiveTagKeys }
  if (externalId !== undefined) passed.externalId = externalId
  if (sourceIdentity !== undefined) passed.sourceIdentity = sourceIdentity
  if (multiFactor !== undefined) passed.multiFactorAt = multiFactor.at
  if (contexts.length > 0) {
    passed.contextKeys = new Map(contexts.flatMap(({ keys }) => [...keys]))
    passed.contextProviders = contexts.map(({ providerArn }) => providerArn)
  }
  return passed
}

function withoutKeys({ providerArn, issuer, subject }: PassedContext): SessionContext {
  return { providerArn, issuer, subject }
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

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}
