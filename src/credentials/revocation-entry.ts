/**
 * One revocation: what it ends, and how it is written in the feed. Which sessions that are is `revocation-index.ts`.
 *
 * Instants are those of the replica that revoked. Other replicas' clocks may differ, and they hear of it within a
 * second; so what is issued up to `clockMarginMs` later is ended too. Children of what is ended are found by their
 * chain or by their sign-in, whenever they were made.
 */

export type RevocationTarget =
  | { readonly type: 'session'; readonly accessKeyId: string }
  /** All sessions of a role. */
  | { readonly type: 'role'; readonly roleArn: string; readonly roleId: string }
  | { readonly type: 'person'; readonly issuer: string; readonly subject: string }
  | {
      readonly type: 'provider-session'
      readonly issuer: string
      readonly providerSession: string
      /** Needed where a provider uses one name for sessions of several people. */
      readonly subject?: string
    }
  /** A user's long-term key and everything that was made with it. */
  | { readonly type: 'key'; readonly accessKeyId: string }

export interface Revocation {
  readonly target: RevocationTarget
  readonly revokedAt: Date
  /** Of a role or person: what was issued here until then is over. */
  readonly issuedUntil?: Date
  /** Of a person: what goes back to a sign-in that, by the identity provider's clock, was before that is over. */
  readonly beganUntil?: Date
  /** From then on nothing that it ends can be alive. */
  readonly expiresAt: Date
  /** Who revoked: an ARN, or the name of an identity provider. */
  readonly by: string
}

export const clockMarginMs = 5_000
/** What entries in the feed begin with. */
export const revocationTopic = 'revoke:'

/** Revocations of the same name end the same; the name is unique, whatever stands in issuers and subjects. */
export function targetName(target: RevocationTarget): string {
  switch (target.type) {
    case 'session':
    case 'key':
      return target.accessKeyId
    case 'role':
      return target.roleId
    case 'person':
      return JSON.stringify([target.issuer, target.subject])
    case 'provider-session':
      return JSON.stringify([target.issuer, target.providerSession, target.subject ?? null])
  }
}

export function entryOf({ target, revokedAt, issuedUntil, beganUntil, by }: Revocation): string {
  const entry: Written = {
    target,
    at: revokedAt.getTime(),
    ...(issuedUntil === undefined ? {} : { issued: issuedUntil.getTime() }),
    ...(beganUntil === undefined ? {} : { began: beganUntil.getTime() }),
    by,
  }
  return revocationTopic + JSON.stringify(entry)
}

/** @returns undefined for what this version does not understand. */
export function readEntry(entry: string, expiresAt: Date): Revocation | undefined {
  let written: Partial<Written>
  try {
    written = JSON.parse(entry.slice(revocationTopic.length)) as Partial<Written>
  } catch {
    return undefined
  }
  const { target, at, issued, began, by } = written ?? {}
  if (!isTarget(target) || !isInstant(at) || typeof by !== 'string') return undefined
  if (issued !== undefined && !isInstant(issued)) return undefined
  if (began !== undefined && !isInstant(began)) return undefined
  return {
    target,
    revokedAt: new Date(at),
    ...(issued === undefined ? {} : { issuedUntil: new Date(issued) }),
    ...(began === undefined ? {} : { beganUntil: new Date(began) }),
    expiresAt,
    by,
  }
}

interface Written {
  readonly target: RevocationTarget
  /** Milliseconds since 1970, as the two below. */
  readonly at: number
  readonly issued?: number
  readonly began?: number
  readonly by: string
}

const members: Readonly<Record<RevocationTarget['type'], readonly string[]>> = {
  session: ['accessKeyId'],
  role: ['roleArn', 'roleId'],
  person: ['issuer', 'subject'],
  'provider-session': ['issuer', 'providerSession'],
  key: ['accessKeyId'],
}

function isTarget(value: unknown): value is RevocationTarget {
  if (typeof value !== 'object' || value === null) return false
  const target = value as Readonly<Record<string, unknown>>
  const { type, subject } = target
  if (typeof type !== 'string' || !Object.hasOwn(members, type)) return false
  if (subject !== undefined && typeof subject !== 'string') return false
  return members[type as RevocationTarget['type']].every((name) => typeof target[name] === 'string')
}

function isInstant(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && Math.abs(value) <= 8.64e15
}
