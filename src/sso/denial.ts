/**
 * Refusals that belong in the record: somebody came with a token, a client or a grant that does not hold. What is
 * merely malformed, or not decided yet, does not; and what a role refuses, the role room has recorded.
 */
import { auditEvent } from '../audit/build-event.js'
import type { AuditEvent } from '../audit/event.js'
import type { WireRequest } from '../http/wire.js'
import type { SsoError, SsoErrorShape } from './errors.js'

const denials: ReadonlySet<SsoErrorShape> = new Set<SsoErrorShape>([
  'UnauthorizedException',
  'InvalidClientException',
  'InvalidGrantException',
  'AccessDeniedException',
])

const eventNames: ReadonlyMap<string, string> = new Map([
  ['POST /client/register', 'RegisterClient'],
  ['POST /device_authorization', 'StartDeviceAuthorization'],
  ['POST /token', 'CreateToken'],
  ['GET /assignment/accounts', 'ListAccounts'],
  ['GET /assignment/roles', 'ListAccountRoles'],
  ['GET /federation/credentials', 'GetRoleCredentials'],
  ['POST /logout', 'Logout'],
  ['GET /v1/identity', 'GetIdentity'],
])

/** @returns undefined for a refusal that is not a denial. */
export function denialEvent(
  error: SsoError,
  { method, rawPath, origin }: WireRequest,
  made: { readonly now: Date; readonly eventID: string },
): AuditEvent | undefined {
  if (!denials.has(error.shape)) return undefined
  const eventName = eventNames.get(`${method} ${rawPath}`) ?? 'Unknown'
  return auditEvent({
    ...made,
    origin,
    eventSource: 'sso.amazonaws.com',
    eventName,
    userIdentity: { type: 'Unknown' },
    errorCode: error.shape,
    errorMessage: error.message,
  })
}
