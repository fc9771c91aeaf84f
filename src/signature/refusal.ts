/** Why a signature was not accepted, in AWS's codes and words; each face writes it in its own envelope. */
export type SignatureErrorCode =
  | 'ExpiredToken'
  | 'IncompleteSignature'
  | 'InvalidClientTokenId'
  | 'MissingAuthenticationToken'
  /** A fact that must be shared (a signature's single use, a key) could not be asked for. */
  | 'ServiceUnavailable'
  | 'SignatureDoesNotMatch'

export interface SignatureRefusal {
  readonly code: SignatureErrorCode
  /** Safe for the caller, in AWS's words where AWS has some. */
  readonly message: string
  /** For the record and the log only, e.g. `sts:skew`. */
  readonly reason: string
}

export function signatureRefusal(
  code: SignatureErrorCode,
  message: string,
  reason: string,
): SignatureRefusal {
  return { code, message, reason }
}
