/**
 * What a web identity token says about its caller, in AWS's claims. Everything of AWS's own stands in one object claim,
 * so that nothing collides with what a relying party knows.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_outbound_token_claims.html
 */
import type { Caller } from '../role/caller.js'
import { isoSeconds } from '../role/instant.js'
import { orgPath } from '../role/request-context.js'
import type { RoleDirectory } from '../role/role.js'

export interface TokenSubject {
  readonly account: string
  /** ARN of the role or user: a session's name is its own choice, so nobody may rely on it. */
  readonly arn: string
  /** Tags of the role or user, overridden by those of the session; keys as they were last written. */
  readonly tags: ReadonlyMap<string, string>
}

/** @returns undefined when the role or user is gone, and for sessions that stand for neither. */
export function tokenSubject(caller: Caller, directory: RoleDirectory): TokenSubject | undefined {
  if (caller.type === 'user') {
    const user = directory.user(caller.user.arn)
    return user?.id === caller.user.id ? { account: user.account, arn: user.arn, tags: user.tags } : undefined
  }
  const { session } = caller
  if (session.type !== 'role') return undefined
  const role = directory.role(session.roleArn)
  if (role === undefined || role.id !== session.roleId) return undefined
  return { account: role.account, arn: role.arn, tags: overridden(role.tags, session.tags) }
}

/** The value of the claim `https://sts.amazonaws.com/`. */
export function awsClaims(input: {
  readonly caller: Caller
  readonly subject: TokenSubject
  readonly requestTags: ReadonlyMap<string, string>
  readonly region: string
  readonly directory: RoleDirectory
}): Readonly<Record<string, unknown>> {
  const { caller, subject, requestTags, region, directory } = input
  const { organization } = directory
  const account = directory.account(subject.account)
  const session = caller.type === 'session' ? caller.session : undefined
  return {
    aws_account: subject.account,
    org_id: organization.id,
    ...(account === undefined ? {} : { ou_path: [orgPath(organization, account)] }),
    principal_id: subject.arn,
    source_region: region,
    ...(subject.tags.size === 0 ? {} : { principal_tags: asObject(subject.tags) }),
    ...(requestTags.size === 0 ? {} : { request_tags: asObject(requestTags) }),
    ...(session === undefined ? {} : { original_session_exp: isoSeconds(session.expiresAt) }),
    ...(session?.sourceIdentity === undefined ? {} : { source_identity: session.sourceIdentity }),
    ...(session?.origin.provider === undefined ? {} : { federated_provider: session.origin.provider }),
  }
}

function overridden(
  tags: ReadonlyMap<string, string>,
  by: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const merged = new Map<string, readonly [key: string, value: string]>()
  for (const [key, value] of [...tags, ...by]) merged.set(key.toLowerCase(), [key, value])
  return new Map(merged.values())
}

/** Without a prototype: a tag called `__proto__` is a tag like any other. */
function asObject(tags: ReadonlyMap<string, string>): Readonly<Record<string, string>> {
  const object = Object.create(null) as Record<string, string>
  for (const [key, value] of tags) object[key] = value
  return object
}
