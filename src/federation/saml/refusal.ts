/**
 * Why a message of an identity provider was not accepted, before anybody decides what to tell the caller. The reasons
 * are the vocabulary of the audit record; `detail` is for the log only and may quote the message.
 */
export type SamlReason =
  | 'saml:parameter'
  | 'saml:binding'
  | 'saml:relaystate'
  | 'saml:size'
  | 'saml:encoding'
  | 'saml:markup'
  | 'saml:not-wellformed'
  | 'saml:structure'
  | 'saml:duplicate-id'
  | 'saml:reference'
  | 'saml:reference-not-parent'
  | 'saml:transform'
  | 'saml:algorithm'
  | 'saml:untrusted-key'
  | 'saml:unsigned'
  | 'saml:signature'
  | 'saml:decrypt'
  | 'saml:status'
  | 'saml:version'
  | 'saml:time'
  | 'saml:issuer'
  | 'saml:destination'
  | 'saml:inresponseto'
  | 'saml:subject'
  | 'saml:confirmation'
  | 'saml:recipient'
  | 'saml:conditions'
  | 'saml:audience'
  | 'saml:session'
  | 'saml:attributes'
  | 'saml:age'
  | 'saml:replay'
  | 'sts:claims'

/** `rejected`: the identity provider itself says no. `expired`: it was good once. */
export type RefusalKind = 'invalid' | 'expired' | 'rejected'

export class SamlRefusal extends Error {
  override readonly name = 'SamlRefusal'
  readonly reason: SamlReason
  readonly kind: RefusalKind
  /** It failed at what was encrypted to us: the caller must not learn at which step, or we would decrypt for strangers. */
  readonly sealed: boolean

  constructor(reason: SamlReason, detail: string, kind: RefusalKind = 'invalid', sealed = false) {
    super(detail)
    this.reason = reason
    this.kind = kind
    this.sealed = sealed
  }
}

/** The same refusal (or, for what is none, one of the message), said of what was encrypted. */
export function asSealed(cause: unknown): SamlRefusal {
  if (cause instanceof SamlRefusal) return new SamlRefusal(cause.reason, cause.message, 'invalid', true)
  return new SamlRefusal(
    'saml:structure',
    cause instanceof Error ? cause.message : String(cause),
    'invalid',
    true,
  )
}

export function refuse(reason: SamlReason, detail: string, kind?: RefusalKind): never {
  throw new SamlRefusal(reason, detail, kind)
}
