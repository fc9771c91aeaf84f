import type { Revocation } from '../credentials/revocation-entry.js'

/** A revocation as answers, records and the command line show it. */
export interface ShownRevocation {
  readonly type: string
  /** Instants are in ISO 8601. */
  readonly revokedAt: string
  readonly issuedUntil?: string
  readonly beganUntil?: string
  readonly keptUntil: string
  readonly by: string
  /** What names the target, by its type. */
  readonly [field: string]: unknown
}

export function shownRevocation(revocation: Revocation): ShownRevocation {
  const { target, revokedAt, issuedUntil, beganUntil, expiresAt, by } = revocation
  return {
    ...target,
    revokedAt: revokedAt.toISOString(),
    ...(issuedUntil === undefined ? {} : { issuedUntil: issuedUntil.toISOString() }),
    ...(beganUntil === undefined ? {} : { beganUntil: beganUntil.toISOString() }),
    keptUntil: expiresAt.toISOString(),
    by,
  }
}
