/**
 * Who signed this request. The steps and their order are AWS's, so that a client sees the error it would see there:
 * parameters, scope and time, access key and session token, expiry, the role or user behind it, the signature.
 */
import { createSecretKey, randomBytes, type KeyObject } from 'node:crypto'
import type { Revocations } from '../credentials/revocation.js'
import { Fault } from '../fault.js'
import type { Caller } from '../role/caller.js'
import { subjectStands } from '../role/caller-subject.js'
import type { RoleDirectory } from '../role/role.js'
import type { ReceivedRequest } from '../signature/canonical-request.js'
import { parseClaim, type SignatureClaim } from '../signature/claim.js'
import { resolvePayload, type Payload } from '../signature/payload.js'
import type { ReplayGuard } from '../signature/replay-guard.js'
import { signatureRefusal, type SignatureRefusal } from '../signature/refusal.js'
import { checkClaim, verifySignature, type SignatureSettings } from '../signature/verification.js'
import type { LongTermKey, LongTermKeys } from '../user/long-term-key.js'
import type { KnownSessions } from './known-sessions.js'
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
  | {
      readonly ok: true
      readonly caller: Caller
      /** The one in the scope that was signed. */
      readonly region: string
      /** What the signature covers as the body: hex SHA-256, or `UNSIGNED-PAYLOAD` where that is allowed. */
      readonly payloadHash: string
    }
  /** `claimed` is whose credentials were presented, where they are known: for the record, not a proof. */
  | { readonly ok: false; readonly refusal: SignatureRefusal; readonly claimed?: Caller }

/**
 * A promise only where the store has to be asked: for a long-term key that is not known here, and for single use.
 * Never throws or rejects because of a request; a store that cannot be asked is a refusal with the code
 * `ServiceUnavailable`.
 */
export function authenticate(
  request: ReceivedRequest,
  payload: Payload,
  deps: AuthenticationDeps,
): Promise<Authentication> | Authentication {
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
  const unusable = checkClaim(claim, deps.settings, deps.now)
  if (unusable !== undefined) return refused(unusable)
  try {
    const outcome = withClaim({ claim, request, payload, deps })
    return outcome instanceof Promise ? outcome.catch(unavailable) : outcome
  } catch (cause) {
    return unavailable(cause)
  }
}

/** What the steps after the claim have in common. */
interface Attempt {
  readonly claim: SignatureClaim
  readonly request: ReceivedRequest
  readonly payload: Payload
  readonly deps: AuthenticationDeps
}

function withClaim(attempt: Attempt): Promise<Authentication> | Authentication {
  const { claim, deps } = attempt
  if (claim.sessionToken !== undefined) return judge(attempt, byToken(claim, claim.sessionToken, deps))
  const key = deps.keys.find(claim.accessKeyId)
  return key instanceof Promise
    ? key.then((found) => judge(attempt, byKey(claim, found, deps)))
    : judge(attempt, byKey(claim, key, deps))
}

type Found =
  | { readonly ok: true; readonly caller: Caller; readonly signingKey: KeyObject }
  | Extract<Authentication, { ok: false }>

function judge(attempt: Attempt, found: Found): Promise<Authentication> | Authentication {
  const { claim, request, deps } = attempt
  const { publicHosts } = deps.settings
  const payload = resolvePayload(claim, attempt.payload)
  if (!found.ok) {
    // Whoever is refused before it costs what a wrong signature costs.
    verifySignature(claim, request, { payload, signingKey: strangerKey, publicHosts })
    return found
  }
  const { caller, signingKey } = found
  const wrong = verifySignature(claim, request, { payload, signingKey, publicHosts })
  if (wrong !== undefined) return refused(wrong, caller)
  const proven: Authentication = {
    ok: true,
    caller,
    region: claim.scope.region,
    payloadHash: payload.hash,
  }
  return deps.replay === undefined ? proven : onceOnly(claim, proven, deps.replay, deps.settings)
}

async function onceOnly(
  claim: SignatureClaim,
  proven: Extract<Authentication, { ok: true }>,
  replay: ReplayGuard,
  settings: SignatureSettings,
): Promise<Authentication> {
  if (await replay.use(claim.signature, lastUse(claim, settings))) return proven
  const message = 'The signature of this request was used before. Sign the request again.'
  return refused(signatureRefusal('SignatureDoesNotMatch', message, 'sts:replay'), proven.caller)
}

function byToken(claim: SignatureClaim, sessionToken: string, deps: AuthenticationDeps): Found {
  const opened = deps.sessions.open(claim.accessKeyId, sessionToken)
  if (opened === undefined) return refused(invalidToken('sts:token'))
  const caller: Caller = { type: 'session', session: opened.session }
  if (opened.session.expiresAt.getTime() <= deps.now.getTime())
    return refused(expiredToken('sts:expired'), caller)
  // A role or user that was declared again under another id is another one.
  if (!subjectStands(caller, deps.directory)) return refused(invalidToken('sts:principal-gone'), caller)
  if (deps.revocations.ends(opened.session)) return refused(expiredToken('sts:revoked'), caller)
  return { ok: true, caller, signingKey: opened.signingKey(claim.scope) }
}

function byKey(claim: SignatureClaim, key: LongTermKey | undefined, deps: AuthenticationDeps): Found {
  if (key === undefined) return refused(invalidToken('sts:key'))
  const user = deps.directory.user(key.userArn)
  if (user === undefined || user.id !== key.userId) return refused(invalidToken('sts:principal-gone'))
  const caller: Caller = { type: 'user', user, accessKeyId: key.accessKeyId }
  if (!key.active) return refused(invalidToken('sts:key-inactive'), caller)
  if (deps.revocations.endsKey(key.accessKeyId)) return refused(invalidToken('sts:revoked'), caller)
  return { ok: true, caller, signingKey: longTermSigningKey(key, claim.scope) }
}

/** Nobody's. */
const strangerKey = createSecretKey(randomBytes(32))

/** By how much the clock of another replica may be behind: that one takes a signature for as much longer. */
const clockMarginSeconds = 60

/** After this instant the signature is too old to be accepted anyway, at whatever replica. */
function lastUse({ signedAt }: SignatureClaim, settings: SignatureSettings): Date {
  const seconds = Math.max(settings.clockSkewSeconds, settings.maxPresignedSeconds)
  return new Date(signedAt.getTime() + (seconds + clockMarginSeconds) * 1000)
}

function refused(refusal: SignatureRefusal, claimed?: Caller): Extract<Authentication, { ok: false }> {
  return claimed === undefined ? { ok: false, refusal } : { ok: false, refusal, claimed }
}

/** @throws whatever is no Fault: a mistake of ours. */
function unavailable(cause: unknown): Authentication {
  if (!(cause instanceof Fault)) throw cause
  const message = 'The service cannot answer now. Try again.'
  return refused(signatureRefusal('ServiceUnavailable', message, cause.reason ?? 'sts:store'))
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
