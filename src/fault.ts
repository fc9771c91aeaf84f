/**
 * The one error type. Expected outcomes (wrong password, not found, denied) are values elsewhere; a Fault is a
 * failure that some edge has to show: it carries a stable code, a sentence that is safe for the caller, and a
 * reason and cause that only the log and the audit record see.
 */
export class Fault extends Error {
  override readonly name = 'Fault'
  /** For the audit record and the log, e.g. `saml:audience`; never shown to the caller. */
  readonly reason: string | undefined
  readonly code: FaultCode

  constructor(
    code: FaultCode,
    publicMessage: string,
    options: { readonly reason?: string; readonly cause?: unknown } = {},
  ) {
    super(publicMessage, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.reason = options.reason
  }
}

/** Every edge has one table over these codes (`satisfies Record<FaultCode, …>`), so a new code must be shown. */
export type FaultCode =
  | 'AccessDenied'
  /** The audit record could not be written, so nothing was granted. */
  | 'AuditUnavailable'
  /** The caller's own temporary credentials or sign-in session are over. */
  | 'ExpiredCredentials'
  /** What the identity provider said is too old. */
  | 'ExpiredAssertion'
  | 'InvalidAssertion'
  /** Unknown access key id, or a session token that does not belong to it. */
  | 'InvalidCredentials'
  /** Parameters that contradict each other or what is already set, e.g. tag keys that differ in case only. */
  | 'InvalidParameterValue'
  | 'InvalidRequest'
  | 'MalformedPolicyDocument'
  | 'NotFound'
  | 'PackedPolicyTooLarge'
  | 'PayloadTooLarge'
  /** The identity provider could not be asked. */
  | 'ProviderUnavailable'
  /** The identity provider was asked and said no. */
  | 'ProviderRejected'
  | 'SignatureMismatch'
  /** A fact that must be shared (single use, pending sign-in, a key) could not be read or written. */
  | 'StoreUnavailable'
  | 'Throttled'

/** Time is passed in, so that tests control it. */
export type Clock = () => Date

/** Randomness is passed in, so that tests control it. */
export type RandomBytes = (size: number) => Buffer
