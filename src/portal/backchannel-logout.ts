/**
 * `POST /signin/<provider>/backchannel-logout`: an identity provider says that somebody signed out there, and what
 * goes back to that sign-in ends here: in the portal, on command lines, and every session of a role.
 * OpenID Connect Back-Channel Logout 1.0 sections 2.5 to 2.8. Whether the provider really says so is its adapter's
 * business. Spoken between servers, so it stands in front of the pages and knows no cookie.
 */
import { auditEvent } from '../audit/build-event.js'
import type { AuditLog, UserIdentity } from '../audit/event.js'
import type { RevocationList } from '../credentials/revocation-list.js'
import type { RevocationTarget } from '../credentials/revocation-entry.js'
import { Fault, type Clock } from '../fault.js'
import type { IdentityProvider, LoggedOut, LogoutTokenVerifier } from '../federation/assertion.js'
import type { WireRequest, WireResponse, WireRoom } from '../http/wire.js'
import type { Log } from '../operation/log.js'
import { isFormEncoded } from './form-encoding.js'

export interface BackchannelLogoutDeps {
  readonly providers: () => readonly IdentityProvider[]
  readonly revocations: Pick<RevocationList, 'revoke'>
  readonly audit: AuditLog
  readonly log: Log
  readonly now: Clock
  readonly randomUuid: () => string
}

const path = /^\/signin\/([A-Za-z0-9._-]{1,64})\/backchannel-logout$/
const formType = /^application\/x-www-form-urlencoded(?:\s*;|$)/i

type Outcome =
  | { readonly status: 200; readonly loggedOut: LoggedOut }
  | { readonly status: 400; readonly error: Failure; readonly reason: string; readonly loggedOut?: LoggedOut }

/** RFC 6749 section 5.2 and 4.1.2.1. */
type Failure = 'invalid_request' | 'temporarily_unavailable' | 'server_error'

export function createBackchannelLogoutRoom(deps: BackchannelLogoutDeps): WireRoom {
  async function logOut(
    request: WireRequest,
    provider: IdentityProvider,
    verifier: LogoutTokenVerifier,
  ): Promise<Outcome> {
    const token = tokenIn(request)
    if (token === undefined) return { status: 400, error: 'invalid_request', reason: 'oidc:logout' }
    let loggedOut: LoggedOut | undefined
    try {
      loggedOut = await verifier.verify(token)
      // The token cannot be used again, so nothing may come in between.
      await deps.revocations.revoke(targetOf(loggedOut), provider.arnResource, loggedOut.issuedAt)
      return { status: 200, loggedOut }
    } catch (cause) {
      const { requestId } = request.origin
      const fields = { requestId, provider: provider.name, ...loggedOut }
      const error = failureOf(cause)
      const reason = cause instanceof Fault ? (cause.reason ?? cause.code) : 'unexpected'
      if (error === 'invalid_request') deps.log.info('logout.refused', { ...fields, reason, cause })
      else deps.log.error('logout.failed', { ...fields, reason, cause })
      return { status: 400, error, reason, ...(loggedOut === undefined ? {} : { loggedOut }) }
    }
  }

  async function record(request: WireRequest, provider: IdentityProvider, outcome: Outcome): Promise<void> {
    const { loggedOut } = outcome
    const event = auditEvent({
      now: deps.now(),
      eventID: deps.randomUuid(),
      origin: request.origin,
      eventSource: 'signin.amazonaws.com',
      eventName: 'BackChannelLogout',
      eventType: 'AwsServiceEvent',
      userIdentity: identityOf(loggedOut),
      requestParameters: loggedOut === undefined ? null : { ...targetOf(loggedOut) },
      responseElements: { Logout: outcome.status === 200 ? 'Success' : 'Failure' },
      ...(outcome.status === 200
        ? {}
        : { errorCode: outcome.error, errorMessage: 'the logout was not carried out' }),
      additionalEventData: {
        provider: provider.name,
        ...(outcome.status === 200 ? {} : { reason: outcome.reason }),
      },
    })
    // Leaving is never refused: an unwritten record is the operator's trouble, not this person's.
    await deps.audit
      .record(event)
      .catch((cause: unknown) => deps.log.error('logout.unrecorded', { provider: provider.name, cause }))
  }

  return {
    name: 'backchannel-logout',
    maxBodyBytes: 65_536,
    accepts: (_method, rawPath) => rawPath.startsWith('/signin/') && path.test(rawPath),
    tooLarge: (requestId) => answer(413, { error: 'invalid_request' }, requestId),
    async handle(request) {
      const { requestId } = request.origin
      const name = path.exec(request.rawPath)?.[1]
      const provider = deps.providers().find((one) => one.name === name)
      if (provider?.logoutToken === undefined) return answer(404, { error: 'invalid_request' }, requestId)
      if (request.method !== 'POST')
        return answer(405, { error: 'invalid_request' }, requestId, { allow: 'POST' })
      const outcome = await logOut(request, provider, provider.logoutToken)
      await record(request, provider, outcome)
      return outcome.status === 200
        ? answer(200, undefined, requestId)
        : answer(400, { error: outcome.error }, requestId)
    },
  }
}

/** Section 2.5: one `logout_token` in a form; other parameters are ignored. */
function tokenIn({ headers, body }: WireRequest): string | undefined {
  const contentType = headers.find(([name]) => name === 'content-type')?.[1] ?? ''
  const text = body.toString('latin1')
  if (!formType.test(contentType) || !isFormEncoded(text)) return undefined
  const tokens = new URLSearchParams(text).getAll('logout_token')
  return tokens.length === 1 ? tokens[0] : undefined
}

/** One session where the provider names it, otherwise all that the person has begun until then. */
function targetOf({ issuer, subject, providerSession }: LoggedOut): RevocationTarget {
  if (providerSession !== undefined) return { type: 'provider-session', issuer, providerSession }
  if (subject !== undefined) return { type: 'person', issuer, subject }
  throw new TypeError('a logout token names a person, a session or both')
}

function failureOf(cause: unknown): Failure {
  if (!(cause instanceof Fault)) return 'server_error'
  return cause.code === 'InvalidAssertion' || cause.code === 'ExpiredAssertion'
    ? 'invalid_request'
    : 'temporarily_unavailable'
}

function identityOf(loggedOut: LoggedOut | undefined): UserIdentity {
  if (loggedOut?.subject === undefined) return { type: 'Unknown' }
  const { issuer, subject } = loggedOut
  return {
    type: 'WebIdentityUser',
    principalId: `${issuer}:${subject}`,
    userName: subject,
    identityProvider: issuer,
  }
}

/** Section 2.8. */
function answer(
  status: number,
  body: { readonly error: Failure } | undefined,
  requestId: string,
  further: Readonly<Record<string, string>> = {},
): WireResponse {
  return {
    status,
    headers: {
      'cache-control': 'no-store',
      'x-amzn-requestid': requestId,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...further,
    },
    body: body === undefined ? '' : JSON.stringify(body),
  }
}
