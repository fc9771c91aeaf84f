/**
 * Every error the STS wire knows, with its status, and how each Fault looks there.
 * https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html and the STS service model.
 */
import type { Fault, FaultCode } from '../fault.js'

const sender = (status: number) => ({ status, type: 'Sender' }) as const
const receiver = (status: number) => ({ status, type: 'Receiver' }) as const

export const stsErrors = {
  AccessDenied: sender(403),
  ExpiredToken: sender(403),
  ExpiredTokenException: sender(400),
  IDPCommunicationError: sender(400),
  IDPRejectedClaim: sender(403),
  IncompleteSignature: sender(400),
  InternalFailure: receiver(500),
  InvalidAction: sender(400),
  InvalidAuthorizationMessageException: sender(400),
  InvalidClientTokenId: sender(403),
  InvalidIdentityToken: sender(400),
  InvalidParameterValue: sender(400),
  JWTPayloadSizeExceededException: sender(400),
  MalformedInput: sender(400),
  MalformedPolicyDocument: sender(400),
  MalformedQueryString: sender(400),
  MethodNotAllowed: sender(405),
  MissingAction: sender(400),
  MissingAuthenticationToken: sender(403),
  OutboundWebIdentityFederationDisabledException: sender(403),
  PackedPolicyTooLarge: sender(400),
  ServiceUnavailable: receiver(503),
  SessionDurationEscalationException: sender(403),
  SignatureDoesNotMatch: sender(403),
  Throttling: sender(400),
  UnsupportedMediaType: sender(415),
  ValidationError: sender(400),
} as const satisfies Record<string, { readonly status: number; readonly type: 'Sender' | 'Receiver' }>

export type StsErrorCode = keyof typeof stsErrors

const codes = {
  AccessDenied: 'AccessDenied',
  AuditUnavailable: 'ServiceUnavailable',
  ExpiredAssertion: 'ExpiredTokenException',
  ExpiredCredentials: 'ExpiredToken',
  InvalidAssertion: 'InvalidIdentityToken',
  InvalidCredentials: 'InvalidClientTokenId',
  InvalidParameterValue: 'InvalidParameterValue',
  InvalidRequest: 'ValidationError',
  MalformedPolicyDocument: 'MalformedPolicyDocument',
  NotFound: 'ValidationError',
  PackedPolicyTooLarge: 'PackedPolicyTooLarge',
  PayloadTooLarge: 'MalformedInput',
  ProviderRejected: 'IDPRejectedClaim',
  ProviderUnavailable: 'IDPCommunicationError',
  SignatureMismatch: 'SignatureDoesNotMatch',
  StoreUnavailable: 'ServiceUnavailable',
  Throttled: 'Throttling',
} as const satisfies Record<FaultCode, StsErrorCode>

/** An answer of no, before it is written as XML. */
export interface Refusal {
  readonly code: StsErrorCode
  /** Safe for the caller, in AWS's words where AWS has some; empty where AWS says nothing. */
  readonly message: string
  /** For the record and the log only. */
  readonly reason?: string
  /** What lies behind it, for the record only. */
  readonly cause?: string
  readonly retryAfterSeconds?: number
}

export function refusal(code: StsErrorCode, message: string, reason?: string): Refusal {
  return reason === undefined ? { code, message } : { code, message, reason }
}

export function refusalOf(fault: Fault): Refusal {
  return refusal(codes[fault.code], fault.message, fault.reason)
}
