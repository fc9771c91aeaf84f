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

export const mismatchMessage =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.'

export function signatureRefusal(
  code: SignatureErrorCode,
  message: string,
  reason: string,
): SignatureRefusal {
  return { code, message, reason }
}
