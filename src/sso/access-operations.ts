/**
 * What a token opens: ListAccounts, ListAccountRoles, GetRoleCredentials, Logout, and Rolegate's own `/v1/identity`.
 * https://docs.aws.amazon.com/singlesignon/latest/PortalAPIReference/Welcome.html
 */
import { auditEvent, identityOf } from '../audit/build-event.js'
import type { AuditLog } from '../audit/event.js'
import type { Clock } from '../fault.js'
import type { WireRequest } from '../http/wire.js'
import type { RoleBroker } from '../role/broker.js'
import type { RoleDirectory } from '../role/role.js'
import { sessionArn } from '../role/role-session.js'
import { roleSessionName } from '../role/session-name.js'
import { SsoError } from './errors.js'
import type { Operation } from './sso-room.js'
import type { TokenHolder, Tokens } from './tokens.js'

export interface AccessDeps {
  readonly tokens: Tokens
  readonly broker: RoleBroker
  readonly directory: () => RoleDirectory
  readonly audit: AuditLog
  readonly now: Clock
  readonly randomUuid: () => string
}

export function createAccessOperations(deps: AccessDeps): readonly (readonly [string, Operation])[] {
  return [
    ['GET /assignment/accounts', (request) => listAccounts(deps, request)],
    ['GET /assignment/roles', (request) => listAccountRoles(deps, request)],
    ['GET /federation/credentials', (request) => getRoleCredentials(deps, request)],
    ['POST /logout', (request) => logout(deps, request)],
    ['GET /v1/identity', (request) => identity(deps, request)],
  ]
}

async function listAccounts(deps: AccessDeps, request: WireRequest): Promise<unknown> {
  const { assertion } = await holderOf(deps, request)
  const query = new URLSearchParams(request.rawQuery)
  const directory = deps.directory()
  const ids = [...new Set(deps.broker.rolesFor(assertion, request.origin).map((role) => role.account))]
  const { page, nextToken } = paginate(ids, query)
  return {
    nextToken,
    accountList: page.map((id) => {
      const account = directory.account(id)
      return { accountId: id, accountName: account?.name ?? id, emailAddress: account?.email ?? '' }
    }),
  }
}

async function listAccountRoles(deps: AccessDeps, request: WireRequest): Promise<unknown> {
  const { assertion } = await holderOf(deps, request)
  const query = new URLSearchParams(request.rawQuery)
  const account = accountId(query, deps.directory())
  const roles = deps.broker.rolesFor(assertion, request.origin).filter((role) => role.account === account)
  const { page, nextToken } = paginate(roles, query)
  return { nextToken, roleList: page.map((role) => ({ roleName: role.name, accountId: role.account })) }
}

async function getRoleCredentials(deps: AccessDeps, request: WireRequest): Promise<unknown> {
  const { assertion } = await holderOf(deps, request)
  const query = new URLSearchParams(request.rawQuery)
  const account = accountId(query, deps.directory())
  const roleName = query.get('role_name') ?? ''
  if (!/^[\w+=,.@/-]{1,128}$/.test(roleName)) {
    throw new SsoError('InvalidRequestException', '`role_name` is missing or not a role name')
  }
  const durationSeconds = duration(query)
  // An unknown role goes the same way as a refused one: the broker answers and records both alike.
  const roleArn =
    deps.directory().roleNamed(account, roleName)?.arn ??
    `arn:aws:iam::${account}:role/${roleName.replace(/^\//, '')}`
  const outcome = await deps.broker.assume({
    caller: { type: 'assertion', assertion },
    roleArn,
    sessionName: roleSessionName(assertion),
    ...(durationSeconds === undefined ? {} : { durationSeconds }),
    eventName: 'GetRoleCredentials',
    eventSource: 'sso.amazonaws.com',
    origin: request.origin,
  })
  if (!outcome.granted) throw new SsoError('ForbiddenException', 'No access')
  const { credentials, session } = outcome
  return {
    roleCredentials: {
      accessKeyId: credentials.accessKeyId,
      secretAccessKey: credentials.secretAccessKey,
      sessionToken: credentials.sessionToken,
      expiration: credentials.expiresAt.getTime(),
    },
    assumedRoleArn: sessionArn(session),
  }
}

async function logout(deps: AccessDeps, request: WireRequest): Promise<unknown> {
  const { assertion } = await holderOf(deps, request)
  await deps.tokens.end(bearer(request))
  await deps.audit.record(
    auditEvent({
      now: deps.now(),
      eventID: deps.randomUuid(),
      origin: request.origin,
      eventSource: 'sso.amazonaws.com',
      eventName: 'Logout',
      eventType: 'AwsServiceEvent',
      userIdentity: identityOf(assertion),
      requestParameters: null,
      responseElements: { Logout: 'Success' },
      readOnly: false,
    }),
  )
  return undefined
}

async function identity(deps: AccessDeps, request: WireRequest): Promise<unknown> {
  const { assertion, loginEndsAt } = await holderOf(deps, request)
  return {
    provider: assertion.provider,
    kind: assertion.kind,
    issuer: assertion.issuer,
    subject: assertion.subject,
    username: assertion.username,
    displayName: assertion.displayName,
    groups: assertion.groups,
    multiFactor: assertion.multiFactor,
    loginEndsAt: loginEndsAt.toISOString(),
  }
}

async function holderOf({ tokens }: AccessDeps, request: WireRequest): Promise<TokenHolder> {
  const holder = await tokens.holder(bearer(request))
  if (holder === undefined) throw new SsoError('UnauthorizedException', 'Session token not found or invalid')
  return holder
}

function bearer(request: WireRequest): string {
  const values = request.headers.filter(([name]) => name === 'x-amz-sso_bearer_token')
  const [first] = values
  if (values.length !== 1 || first === undefined) {
    throw new SsoError('UnauthorizedException', 'Session token not found or invalid')
  }
  return first[1]
}

/** 12 digits as AWS has it, or an alias. An alias nobody has goes on as it is, to be refused like an unknown account. */
function accountId(query: URLSearchParams, directory: RoleDirectory): string {
  const account = query.get('account_id') ?? ''
  if (/^\d{12}$/.test(account)) return account
  if (!/^[a-z0-9-]{3,63}$/.test(account)) {
    throw new SsoError('InvalidRequestException', '`account_id` must be 12 digits, or an alias')
  }
  return directory.account(account)?.id ?? '000000000000'
}

/** Not one of AWS's parameters: seconds, so that a command line can ask for more or less than the default hour. */
function duration(query: URLSearchParams): number | undefined {
  const text = query.get('duration_seconds')
  if (text === null) return undefined
  const seconds = /^\d{3,6}$/.test(text) ? Number(text) : 0
  if (seconds < 900 || seconds > 129_600) {
    throw new SsoError('InvalidRequestException', '`duration_seconds` must be 900 to 129600')
  }
  return seconds
}

function paginate<T>(
  all: readonly T[],
  query: URLSearchParams,
): { readonly page: readonly T[]; readonly nextToken: string | null } {
  const size = Number(query.get('max_result') ?? '100')
  const start = Number(query.get('next_token') ?? '0')
  if (!Number.isInteger(size) || size < 1 || size > 100) {
    throw new SsoError('InvalidRequestException', '`max_result` must be 1 to 100')
  }
  if (!Number.isInteger(start) || start < 0)
    throw new SsoError('InvalidRequestException', '`next_token` is not ours')
  const end = start + size
  return { page: all.slice(start, end), nextToken: end < all.length ? String(end) : null }
}
