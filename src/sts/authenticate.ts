/**
 * Who signed this request. The steps and their order are AWS's, so that a client sees the error it would see there:
 * parameters, scope and time, access key and session token, expiry, the role behind the session, the signature.
 */
import type { RoleDirectory } from '../role/role.js'
import type { RoleSession } from '../role/role-session.js'
import type { ReceivedRequest } from './canonical-request.js'
import type { KnownSessions } from './known-sessions.js'
import { checkClaim, checkSignature, type SignatureSettings } from './signature.js'
import { parseClaim } from './signature-claim.js'
import { refusal, type Refusal } from './wire-errors.js'

export type Authentication =
  | { readonly ok: true; readonly caller: RoleSession }
  /** `claimed` is whose token was presented, where one could be opened: for the record, not a proof. */
  | { readonly ok: false; readonly refusal: Refusal; readonly claimed?: RoleSession }

export function authenticate(
  request: ReceivedRequest,
  deps: {
    readonly sessions: KnownSessions
    readonly directory: RoleDirectory
    readonly settings: SignatureSettings
    readonly now: Date
  },
): Authentication {
  const parsed = parseClaim(request)
  if (parsed.type === 'none')
    return refused(
      refusal('MissingAuthenticationToken', 'Request is missing Authentication Token', 'sts:auth-place'),
    )
  if (parsed.type === 'refused') return refused(parsed.refusal)
  const { claim } = parsed

  const unusable = checkClaim(claim, request, deps.settings, deps.now)
  if (unusable !== undefined) return refused(unusable)

  const opened =
    claim.sessionToken === undefined ? undefined : deps.sessions.open(claim.accessKeyId, claim.sessionToken)
  if (opened === undefined)
    return refused(invalidToken(claim.sessionToken === undefined ? 'sts:key' : 'sts:token'))
  const { session } = opened

  if (session.expiresAt.getTime() <= deps.now.getTime())
    return refused(
      refusal('ExpiredToken', 'The security token included in the request is expired', 'sts:expired'),
      session,
    )
  // A role that was deleted and made again under the same name is another one.
  if (deps.directory.role(session.roleArn)?.id !== session.roleId)
    return refused(invalidToken('sts:role-gone'), session)

  const wrong = checkSignature(claim, request, opened.signingKey(claim.scope))
  return wrong === undefined ? { ok: true, caller: session } : refused(wrong, session)
}

function refused(refusal: Refusal, claimed?: RoleSession): Authentication {
  return claimed === undefined ? { ok: false, refusal } : { ok: false, refusal, claimed }
}

function invalidToken(reason: string): Refusal {
  return refusal('InvalidClientTokenId', 'The security token included in the request is invalid.', reason)
}
