/** Answers of the JSON interfaces under `/v1/`: nothing of them may be kept by anybody on the way. */
import type { WireResponse } from '../http/wire.js'
import type { SignatureErrorCode } from '../signature/refusal.js'

export interface JsonError {
  /** e.g. `AccessDenied` */
  readonly code: string
  /** Safe for the caller. */
  readonly message: string
}

const headers = {
  'content-type': 'application/json',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
}

/** By the code of a refused signature. */
export const signatureStatuses = {
  ExpiredToken: 401,
  IncompleteSignature: 401,
  InvalidClientTokenId: 401,
  MissingAuthenticationToken: 401,
  ServiceUnavailable: 503,
  SignatureDoesNotMatch: 401,
} as const satisfies Record<SignatureErrorCode, number>

/** RFC 9110 11.6.1: what a 401 says it wants, and when to ask a 503 again. */
const byStatus: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  401: { 'www-authenticate': 'AWS4-HMAC-SHA256' },
  503: { 'retry-after': '1' },
}

export function jsonAnswer(
  status: number,
  value: unknown,
  requestId: string | undefined,
  further: Readonly<Record<string, string>> = {},
): WireResponse {
  return {
    status,
    headers: {
      ...headers,
      ...(requestId === undefined ? {} : { 'x-amzn-requestid': requestId }),
      ...byStatus[status],
      ...further,
    },
    body: `${JSON.stringify(value)}\n`,
  }
}

/** `{"code", "message", "requestId"}` and whatever else is said about it. */
export function jsonError(
  status: number,
  { code, message, ...more }: JsonError & Readonly<Record<string, unknown>>,
  requestId: string | undefined,
): WireResponse {
  return jsonAnswer(status, { code, message, ...more, requestId }, requestId, { 'x-amzn-errortype': code })
}
