/**
 * Errors of the Identity-Center endpoints: clients recognise them by the `x-amzn-ErrorType` header (the shape's
 * name); a body with `error` alone makes the AWS CLI give up polling.
 */
import type { FaultCode } from '../fault.js'
import type { WireResponse } from '../http/wire.js'

export class SsoError extends Error {
  override readonly name = 'SsoError'
  readonly shape: SsoErrorShape

  constructor(shape: SsoErrorShape, message: string) {
    super(message)
    this.shape = shape
  }
}

const shapes = {
  AuthorizationPendingException: { status: 400, error: 'authorization_pending' },
  SlowDownException: { status: 400, error: 'slow_down' },
  ExpiredTokenException: { status: 400, error: 'expired_token' },
  AccessDeniedException: { status: 400, error: 'access_denied' },
  InvalidGrantException: { status: 400, error: 'invalid_grant' },
  InvalidScopeException: { status: 400, error: 'invalid_scope' },
  InvalidClientException: { status: 401, error: 'invalid_client' },
  UnauthorizedClientException: { status: 400, error: 'unauthorized_client' },
  UnsupportedGrantTypeException: { status: 400, error: 'unsupported_grant_type' },
  InvalidClientMetadataException: { status: 400, error: 'invalid_client_metadata' },
  InvalidRedirectUriException: { status: 400, error: 'invalid_redirect_uri' },
  InvalidRequestException: { status: 400, error: 'invalid_request' },
  InternalServerException: { status: 500, error: 'server_error' },
  /** The portal's operations. */
  UnauthorizedException: { status: 401, error: undefined },
  ForbiddenException: { status: 403, error: undefined },
  ResourceNotFoundException: { status: 404, error: undefined },
  TooManyRequestsException: { status: 429, error: undefined },
  ServiceUnavailableException: { status: 503, error: undefined },
} as const satisfies Record<string, { status: number; error: string | undefined }>

export type SsoErrorShape = keyof typeof shapes

/** What a Fault from a room further in looks like here. */
export const faultShapes = {
  AccessDenied: 'ForbiddenException',
  AuditUnavailable: 'ServiceUnavailableException',
  ExpiredCredentials: 'UnauthorizedException',
  ExpiredAssertion: 'UnauthorizedException',
  InvalidAssertion: 'UnauthorizedException',
  InvalidCredentials: 'UnauthorizedException',
  InvalidParameterValue: 'InvalidRequestException',
  InvalidRequest: 'InvalidRequestException',
  MalformedPolicyDocument: 'InvalidRequestException',
  NotFound: 'ResourceNotFoundException',
  PackedPolicyTooLarge: 'InvalidRequestException',
  PayloadTooLarge: 'InvalidRequestException',
  ProviderUnavailable: 'ServiceUnavailableException',
  ProviderRejected: 'ForbiddenException',
  SignatureMismatch: 'UnauthorizedException',
  StoreUnavailable: 'ServiceUnavailableException',
  Throttled: 'TooManyRequestsException',
} as const satisfies Record<FaultCode, SsoErrorShape>

export function errorResponse(shape: SsoErrorShape, message: string, requestId: string): WireResponse {
  const { status, error } = shapes[shape]
  return {
    status,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'x-amzn-requestid': requestId,
      'x-amzn-errortype': shape,
    },
    body: JSON.stringify(error === undefined ? { message } : { error, error_description: message }),
  }
}
