/**
 * Who signed this request. The steps and their order are AWS's, so that a client sees the error it would see there:
 * parameters, scope and time, access key and session token, expiry, the role or user behind it, the signature.
 */
import type { Revocations } from '../credentials/revocation.js'
import { Fault } from '../fault.js'
import type { Caller } from '../role/caller.js'
import { subjectStands } from '../role/caller-subject.js'
import type { RoleDirectory } from '../role/role.js'
import type { ReceivedRequest } from '../signature/canonical-request.js'
import { parseClaim, type CredentialScope, type SignatureClaim } from '../signature/claim.js'
import type { ReplayGuard } from '../signature/replay-guard.js'
import { signatureRefusal, type SignatureRefusal } from '../signature/refusal.js'
import { checkClaim, checkSignature, type SignatureSettings } from '../signature/verification.js'
import type { LongTermKeys } from '../user/long-term-key.js'
import type { KnownSessions } from './known-sessions.js'
import type { KeyObject } from 'node:crypto'
import { longTermSigningKey } from './signing-key.js'

export interface AuthenticationDeps {
  readonly sessions: KnownSessions
  readonly keys: LongTermKeys
  readonly revocations: Revocations
  /** Absent: a signature may be used again while it is valid. */
  readonly replay?: ReplayGuard
  /** The one directory that this request sees. */
  readonly directory: RoleDirectory
  readonly settings: SignatureSettings
  readonly now: Date
}

export type Authentication =
  /** `region`: the one in the scope that was signed. */
  | { readonly ok: true; readonly caller: Caller; readonly region: string }
  /** `claimed` is whose credentials were presented, where they are known: for the record, not a proof. */
  | { readonly ok: false; readonly refusal: SignatureRefusal; readonly claimed?: Caller }

/**
 * @param payloadHash hex SHA-256 of the body as received; computed late, since most bad requests end earlier.
 * Never rejects; a store that cannot be asked is a refusal with the code `ServiceUnavailable`.
 */
export async function authenticate(
  request: ReceivedRequest,
  payloadHash: () => string,
  deps: AuthenticationDeps,
): Promise<Authentication> {
  const parsed = parseClaim(request)
  if (parsed.type === 'none')
    return refused(
      signatureRefusal(
        'MissingAuthenticationToken',
        'Request is missing Authentication Token',
        'sts:auth-place',
      ),
    )
  if (parsed.type === 'refused') return refused(parsed.refusal)
  const { claim } = parsed
  const unusable = checkClaim(claim, request, deps.settings, deps.now)
  if (unusable !== undefined) return refused(unusable)
  try {
    return await withClaim(claim, request, payloadHash, deps)
  } catch (cause) {
    if (!(cause instanceof Fault)) throw cause
    return refused(
      signatureRefusal(
        'ServiceUnavailable',
        'The service cannot answer now. Try again.',
        cause.reason ?? 'sts:store',
      ),
    )
  }
}

async function withClaim(
  claim: SignatureClaim,
  request: ReceivedRequest,
  payloadHash: () => string,
  deps: AuthenticationDeps,
): Promise<Authentication> {
  const found = claim.sessionToken === undefined ? await byKey(claim, deps) : byToken(claim, deps)
  if (!found.ok) return found
  const { caller } = found
  const wrong = checkSignature(claim, request, payloadHash(), found.signingKey(claim.scope))
  if (wrong !== undefined) return refused(wrong, caller)
  if (deps.replay !== undefined && !(await deps.replay.use(claim.signature, lastUse(claim, deps))))
    return refused(
      signatureRefusal(
        'SignatureDoesNotMatch',
        'The signature of this request was used before. Sign the request again.',
        'sts:replay',
      ),
      caller,
    )
  return { ok: true, caller, region: claim.scope.region }
}

type Found =
  | { readonly ok: true; readonly caller: Caller; signingKey(scope: CredentialScope): KeyObject }
  | Extract<Authentication, { ok: false }>

function byToken(claim: SignatureClaim, deps: AuthenticationDeps): Found {
  const opened = deps.sessions.open(claim.accessKeyId, claim.sessionToken ?? '')
  if (opened === undefined) return refused(invalidToken('sts:token'))
  const caller: Caller = { type: 'session', session: opened.session }
  if (opened.session.expiresAt.getTime() <= deps.now.getTime())
    return refused(expiredToken('sts:expired'), caller)
  // A role or user that was removed and made again under the same name is another one.
  if (!subjectStands(caller, deps.directory)) return refused(invalidToken('sts:principal-gone'), caller)
  if (deps.revocations.ends(opened.session)) return refused(expiredToken('sts:revoked'), caller)
  return { ok: true, caller, signingKey: (scope) => opened.signingKey(scope) }
}

async function byKey(claim: SignatureClaim, deps: AuthenticationDeps): Promise<Found> {
  const key = await deps.keys.find(claim.accessKeyId)
  if (key === undefined) return refused(invalidToken('sts:key'))
  const user = deps.directory.user(key.userArn)
  if (user === undefined || user.id !== key.userId) return refused(invalidToken('sts:principal-gone'))
  const caller: Caller = { type: 'user', user, accessKeyId: key.accessKeyId }
  if (!key.active) return refused(invalidToken('sts:key-inactive'), caller)
  if (deps.revocations.endsKey(key.accessKeyId)) return refused(invalidToken('sts:revoked'), caller)
  return { ok: true, caller, signingKey: (scope) => longTermSigningKey(key, scope) }
}

/** After this instant the signature is too old to be accepted anyway. */
function lastUse({ signedAt }: SignatureClaim, { settings }: AuthenticationDeps): Date {
  const seconds = Math.max(settings.clockSkewSeconds, settings.maxPresignedSeconds)
  return new Date(signedAt.getTime() + (seconds + 1) * 1000)
}

function refused(refusal: SignatureRefusal, claimed?: Caller): Extract<Authentication, { ok: false }> {
  return claimed === undefined ? { ok: false, refusal } : { ok: false, refusal, claimed }
}

function invalidToken(reason: string): SignatureRefusal {
  return signatureRefusal(
    'InvalidClientTokenId',
    'The security token included in the request is invalid.',
    reason,
  )
}

function expiredToken(reason: string): SignatureRefusal {
  return signatureRefusal('ExpiredToken', 'The security token included in the request is expired', reason)
}
