/**
 * What a caller brings into an evaluation: the principal, the policies on its side, and the condition keys about it.
 * Every authorisation of a signed request starts here, whatever it is about.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principal-properties
 */
import type { ContextValue } from '../policy/context.js'
import type { PolicyDocument } from '../policy/document.js'
import type { PolicyLayers } from '../policy/evaluate.js'
import type { Principal } from '../policy/principal.js'
import { identityOfCaller, type Caller } from './caller.js'
import { isoSeconds } from './instant.js'
import { addOrganization, principalTags, secondsBetween } from './request-context.js'
import type { RoleDirectory } from './role.js'
import { sessionArn } from './role-session.js'
import { sessionLayer } from './session-policies.js'
import type { RootSession, Session, SessionPolicies } from './session.js'

export interface CallerSubject {
  readonly principal: Principal & { readonly account: string }
  /** The layers on the caller's side; the resource's own policy is not among them. */
  readonly layers: PolicyLayers
  /** `aws:Principal…` and what else is known of the caller, keys in lower case; made for the one request. */
  readonly keys: Map<string, ContextValue>
}

/** Whether the role or user behind the credentials is still the one they were made for. */
export function subjectStands(caller: Caller, directory: RoleDirectory): boolean {
  if (caller.type === 'user') return directory.user(caller.user.arn)?.id === caller.user.id
  const { session } = caller
  switch (session.type) {
    case 'role':
      return directory.role(session.roleArn)?.id === session.roleId
    case 'user':
    case 'federated-user':
      return directory.user(session.userArn)?.id === session.userId
    case 'root':
      return directory.account(session.account) !== undefined
  }
}

/** What of a subject is the same whenever it asks, as long as the directory is. */
interface LastingSubject {
  readonly directory: RoleDirectory
  readonly principal: CallerSubject['principal']
  readonly layers: PolicyLayers
  readonly keys: ReadonlyMap<string, ContextValue>
}

/** A session that signs many requests is one object for all of them. */
const ofSessions = new WeakMap<Session, LastingSubject>()

/** @returns undefined when the role or user behind the credentials is gone. */
export function subjectOf(caller: Caller, directory: RoleDirectory, now: Date): CallerSubject | undefined {
  const lasting = lastingSubject(caller, directory)
  if (lasting === undefined) return undefined
  const { principal, layers } = lasting
  const keys = new Map(lasting.keys)
  if (caller.type === 'session' && caller.session.type === 'user') {
    const { multiFactorAt } = caller.session
    if (multiFactorAt !== undefined)
      keys.set('aws:multifactorauthage', String(secondsBetween(multiFactorAt, now)))
  }
  return { principal, layers, keys }
}

function lastingSubject(caller: Caller, directory: RoleDirectory): LastingSubject | undefined {
  if (caller.type === 'user') return makeLasting(caller, directory)
  const known = ofSessions.get(caller.session)
  if (known?.directory === directory) return known
  const made = makeLasting(caller, directory)
  if (made !== undefined) ofSessions.set(caller.session, made)
  return made
}

function makeLasting(caller: Caller, directory: RoleDirectory): LastingSubject | undefined {
  const found = foundation(caller, directory)
  if (found === undefined) return undefined
  const keys = new Map<string, ContextValue>(found.keys)
  const { account, userId } = identityOfCaller(caller)
  keys.set('aws:userid', userId)
  keys.set('aws:principalaccount', account)
  addOrganization(keys, 'principal', directory.organization, directory.account(account))
  if (caller.type === 'session') addSessionKeys(keys, caller.session)
  for (const [key, value] of found.tags) keys.set(`aws:principaltag/${key}`, value)
  return { directory, principal: found.principal, layers: found.layers, keys }
}

const nothing: readonly PolicyDocument[] = []
const noTags: ReadonlyMap<string, string> = new Map()

interface Foundation {
  readonly principal: CallerSubject['principal']
  readonly layers: PolicyLayers
  readonly keys: readonly (readonly [string, ContextValue])[]
  /** Keys in lower case. */
  readonly tags: ReadonlyMap<string, string>
}

function foundation(caller: Caller, directory: RoleDirectory): Foundation | undefined {
  if (caller.type === 'user') return ofUser(caller.user.arn, caller.user.id, directory)
  const { session } = caller
  switch (session.type) {
    case 'role': {
      const role = directory.role(session.roleArn)
      if (role === undefined || role.id !== session.roleId) return undefined
      const { account, roleArn, roleId } = session
      return {
        principal: { type: 'role-session', account, arn: sessionArn(session), roleArn, roleId },
        layers: layersOf(role, sessionLayer(session, directory)),
        keys: [
          ...session.origin.persistentKeys,
          ['aws:principalarn', roleArn],
          ['aws:principaltype', 'AssumedRole'],
        ],
        tags: principalTags(role.tags, session.tags),
      }
    }
    case 'user':
      return ofUser(session.userArn, session.userId, directory)
    case 'federated-user': {
      const user = directory.user(session.userArn)
      if (user === undefined || user.id !== session.userId) return undefined
      const { arn } = identityOfCaller(caller)
      return {
        principal: { type: 'federated-user', account: session.account, arn, federatingUser: user.arn },
        layers: layersOf(user, sessionLayer(session, directory) ?? nothing),
        keys: [
          ['aws:principalarn', arn],
          ['aws:principaltype', 'FederatedUser'],
        ],
        tags: principalTags(user.tags, session.tags),
      }
    }
    case 'root':
      return {
        principal: { type: 'root', account: session.account },
        layers: {
          identity: [],
          session: sessionLayer(taskOf(session), directory) ?? nothing,
        },
        keys: [
          ['aws:principalarn', `arn:aws:iam::${session.account}:root`],
          ['aws:principaltype', 'Account'],
          ['aws:assumedroot', 'true'],
        ],
        tags: noTags,
      }
  }
}

function ofUser(arn: string, id: string, directory: RoleDirectory): Foundation | undefined {
  const user = directory.user(arn)
  if (user === undefined || user.id !== id) return undefined
  return {
    principal: { type: 'user', account: user.account, arn, id },
    layers: layersOf(user, undefined),
    keys: [
      ['aws:principalarn', arn],
      ['aws:principaltype', 'User'],
      ['aws:username', user.name],
    ],
    tags: principalTags(user.tags, noTags),
  }
}

function layersOf(
  owner: { readonly permissions: readonly PolicyDocument[]; readonly boundary?: PolicyDocument },
  session: readonly PolicyDocument[] | undefined,
): PolicyLayers {
  return {
    identity: owner.permissions,
    ...(owner.boundary === undefined ? {} : { boundary: owner.boundary }),
    ...(session === undefined ? {} : { session }),
  }
}

/** A key without temporary credentials has none of these: a policy that asks for MFA must find it absent. */
function addSessionKeys(keys: Map<string, ContextValue>, session: Session): void {
  keys.set('aws:tokenissuetime', isoSeconds(session.issuedAt))
  if (session.origin.provider !== undefined) keys.set('aws:federatedprovider', session.origin.provider)
  if (session.sourceIdentity !== undefined) keys.set('aws:sourceidentity', session.sourceIdentity)
  if (session.type === 'user') {
    keys.set('aws:multifactorauthpresent', String(session.multiFactorAt !== undefined))
  } else if (session.type !== 'root') {
    keys.set('aws:multifactorauthpresent', String(session.type === 'role' && session.origin.multiFactor))
  }
}

const tasks = new WeakMap<RootSession, SessionPolicies>()

/** The task as a session policy, the same object for the same session. */
function taskOf(session: RootSession): SessionPolicies {
  let task = tasks.get(session)
  if (task === undefined) tasks.set(session, (task = { policyArns: [session.taskPolicyArn] }))
  return task
}
