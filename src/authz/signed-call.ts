/**
 * Calls to Rolegate's own interfaces (`rolegate:` actions), signed by users and sessions of its own: who calls, and
 * whether policies let them. Such calls are signed for the service `rolegate`, so that nobody can use for one what was
 * signed for STS or for an upstream.
 */
import type { RequestOrigin } from '../audit/event.js'
import { authenticate, type AuthenticationDeps } from '../authentication/authenticate.js'
import type { Clock } from '../fault.js'
import type { WireRequest } from '../http/wire.js'
import type { ContextValue } from '../policy/context.js'
import type { Decision } from '../policy/evaluate.js'
import type { Caller } from '../role/caller.js'
import { permissionOf } from '../role/permission.js'
import type { RoleDirectory } from '../role/role.js'
import { sha256Hex } from '../signature/canonical-request.js'
import type { SignatureRefusal } from '../signature/refusal.js'
import type { SignatureSettings } from '../signature/verification.js'

export interface SignedCallDeps extends Pick<AuthenticationDeps, 'sessions' | 'keys' | 'revocations'> {
  /** In force when the configuration asks for it. */
  readonly replay: () => AuthenticationDeps['replay']
  /** The directory in force now; read once per request. */
  readonly directory: () => RoleDirectory
  /** `publicHosts` are Rolegate's own names. */
  readonly settings: () => Omit<SignatureSettings, 'service' | 'maxPresignedSeconds'>
  readonly now: Clock
}

export interface SignedCall {
  readonly caller: Caller
  /** With the region that was signed for. */
  readonly origin: RequestOrigin
  /** The one directory that this request sees. */
  readonly directory: RoleDirectory
  readonly now: Date
}

export type AuthenticatedCall =
  | { readonly ok: true; readonly call: SignedCall }
  /** `claimed` is whose credentials were presented, where they are known: for the record, not a proof. */
  | { readonly ok: false; readonly refusal: SignatureRefusal; readonly claimed?: Caller }

/** Credential scope of everything that is no STS action. */
export const ownService = 'rolegate'
const maxPresignedSeconds = 900

/** Never rejects; a store that cannot be asked is a refusal with the code `ServiceUnavailable`. */
export async function authenticateCall(
  request: WireRequest,
  deps: SignedCallDeps,
): Promise<AuthenticatedCall> {
  const directory = deps.directory()
  const now = deps.now()
  const replay = deps.replay()
  const authentication = await authenticate(
    request,
    { type: 'computed', hash: () => sha256Hex(request.body) },
    {
      sessions: deps.sessions,
      keys: deps.keys,
      revocations: deps.revocations,
      ...(replay === undefined ? {} : { replay }),
      directory,
      settings: { ...deps.settings(), service: ownService, maxPresignedSeconds },
      now,
    },
  )
  if (!authentication.ok) return authentication
  const origin = { ...request.origin, region: authentication.region }
  return { ok: true, call: { caller: authentication.caller, origin, directory, now } }
}

/** Whether the caller's policies allow a `rolegate:` action on one of Rolegate's resources. */
export function decideCall(
  { caller, origin, directory, now }: SignedCall,
  asked: {
    /** e.g. `rolegate:Authorize` */
    readonly action: string
    /** ARN, or `*` */
    readonly resource: string
    readonly context?: ReadonlyMap<string, ContextValue>
  },
): Decision {
  return permissionOf({ caller, origin, ...asked }, directory, now).decision
}
