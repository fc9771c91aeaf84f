/**
 * The STS endpoint as a wire room: which requests are for it, and the record, the metric and the envelope of whatever
 * `dispatch.ts` decided. While nothing can be recorded nothing is answered; grants and refusals are on record before.
 */
import { randomUUID } from 'node:crypto'
import type { AuditLog } from '../audit/event.js'
import type { AuthenticationDeps } from '../authentication/authenticate.js'
import { rememberSessions } from '../authentication/known-sessions.js'
import type { SessionCredentials } from '../credentials/credentials.js'
import type { Clock } from '../fault.js'
import type { IdentityProvider } from '../federation/assertion.js'
import type { WireRequest, WireResponse, WireRoom } from '../http/wire.js'
import type { TokenIssuer } from '../issuer/token-issuer.js'
import type { Log } from '../operation/log.js'
import type { Metrics } from '../operation/metrics.js'
import type { RoleBroker } from '../role/broker.js'
import type { MessageBox } from '../role/authorization-message.js'
import type { RoleDirectory } from '../role/role.js'
import type { UserTokenBroker } from '../role/user-token-broker.js'
import type { RootSessionBroker } from '../role/root-session-broker.js'
import type { SignatureSettings } from '../signature/verification.js'
import type { MfaDevices } from '../user/mfa-device.js'
import type { StsAction, StsOutcome } from './action.js'
import { assumeRole } from './assume-role.js'
import { assumeRoleWithLdapIdentity } from './assume-role-with-ldap-identity.js'
import { assumeRoleWithSaml } from './assume-role-with-saml.js'
import { assumeRoleWithWebIdentity } from './assume-role-with-web-identity.js'
import { assumeRoot } from './assume-root.js'
import { decodeAuthorizationMessage } from './decode-authorization-message.js'
import { dispatch, type Progress } from './dispatch.js'
import { getAccessKeyInfo } from './get-access-key-info.js'
import { getCallerIdentity } from './get-caller-identity.js'
import { getDelegatedAccessToken } from './get-delegated-access-token.js'
import { getFederationToken } from './get-federation-token.js'
import { getSessionToken } from './get-session-token.js'
import { getWebIdentityToken } from './get-web-identity-token.js'
import type { PasswordThrottle } from './password-throttle.js'
import { stsEvent } from './record.js'
import { refusal } from './wire-errors.js'
import { failure, success, tooLarge } from './xml.js'

export interface StsRoomDeps {
  readonly broker: RoleBroker
  readonly userTokens: UserTokenBroker
  readonly mfa: MfaDevices
  readonly credentials: SessionCredentials
  /** The directory in force now; read once per request. */
  readonly directory: () => RoleDirectory
  readonly providers: () => readonly IdentityProvider[]
  readonly audit: AuditLog
  readonly metrics: Metrics
  readonly log: Log
  readonly now: Clock
  readonly settings: () => Omit<SignatureSettings, 'service' | 'maxPresignedSeconds'>
  readonly throttle: PasswordThrottle
  readonly keys: AuthenticationDeps['keys']
  readonly revocations: AuthenticationDeps['revocations']
  /** In force when the configuration asks for it. */
  readonly replay: () => AuthenticationDeps['replay']
  readonly rootSessions: RootSessionBroker
  /** Opens what `encodeAuthorizationMessage` made. */
  readonly authorizationMessages: MessageBox
  readonly issuer: TokenIssuer
  /** For the ids of audit records. */
  readonly randomUuid?: () => string
}

/** STS honours a presigned request for 15 minutes, however long it claims to live. */
const maxPresignedSeconds = 900
/** A SAML assertion of 100,000 characters, each percent-encoded, and the rest of the form. */
const maxBodyBytes = 512 * 1024
const forSts = /(?:^|&)(?:Action|X-Amz-Algorithm)=/

/** Takes `/sts`, `/sts/`, `POST /`, and `GET /` when its query is a request to STS; any other `GET /` is the portal's. */
export function createStsRoom(deps: StsRoomDeps): WireRoom {
  const actions: ReadonlyMap<string, StsAction> = new Map(
    [
      getCallerIdentity,
      getAccessKeyInfo(deps),
      decodeAuthorizationMessage(deps),
      getWebIdentityToken(deps),
      assumeRoot(deps.rootSessions),
      getDelegatedAccessToken,
      assumeRole(deps),
      getSessionToken(deps),
      getFederationToken(deps),
      assumeRoleWithSaml(deps),
      assumeRoleWithWebIdentity(deps),
      assumeRoleWithLdapIdentity(deps),
    ].map((action) => [action.name, action]),
  )
  const phases = {
    ...deps,
    sessions: rememberSessions(deps.credentials),
    settings: () => {
      const { clockSkewSeconds, publicHosts } = deps.settings()
      return { clockSkewSeconds, publicHosts, service: 'sts', maxPresignedSeconds }
    },
  }
  const eventID = deps.randomUuid ?? randomUUID

  /** @returns a promise where the answer has to wait for the record. */
  function record(outcome: StsOutcome, progress: Progress): Promise<void> | undefined {
    const event = stsEvent(progress, outcome, { now: deps.now(), eventID: eventID() })
    if (!outcome.ok || outcome.elements !== undefined) return deps.audit.record(event)
    deps.audit.note(event)
    return undefined
  }

  async function handle(request: WireRequest): Promise<WireResponse> {
    const { requestId } = request.origin
    const progress: Progress = { action: '', parameters: null, origin: request.origin, proven: false }
    const count = (code: string): void =>
      deps.metrics.stsRequest(actions.has(progress.action) ? progress.action : 'unknown', code)
    try {
      const outcome = await dispatch(phases, actions, request, progress)
      const recorded = outcome.recorded ? undefined : record(outcome, progress)
      if (recorded !== undefined) await recorded
      count(outcome.ok ? 'ok' : outcome.refusal.code)
      return outcome.ok
        ? success(progress.action, outcome.result, requestId)
        : failure(outcome.refusal, requestId)
    } catch (cause) {
      deps.log.error('sts.record-failed', { requestId, action: progress.action, cause })
      count('ServiceUnavailable')
      return failure(refusal('ServiceUnavailable', 'The service cannot answer now. Try again.'), requestId)
    }
  }

  return {
    name: 'sts',
    maxBodyBytes,
    tooLarge,
    handle,
    accepts(method, rawPath, rawQuery) {
      if (rawPath === '/sts' || rawPath === '/sts/') return true
      return rawPath === '/' && (method === 'POST' || (method === 'GET' && forSts.test(rawQuery)))
    },
  }
}
