/**
 * What is revoked, arranged so that asking costs a few look-ups however much there is, and nothing while there is
 * nothing. In memory, no clock and no store: who fills it is `revocation-list.ts`.
 */
import type { Session, SessionOrigin } from '../role/session.js'
import type { SignInFacts } from './revocation.js'
import { targetName, type Revocation, type RevocationTarget } from './revocation-entry.js'

export interface RevocationIndex {
  /**
   * Hearing one twice changes nothing; of two about the same the later instants count.
   * @returns what is known of the target now.
   */
  add(revocation: Revocation): Revocation
  /** Forgets what has expired. */
  sweep(now: Date): void
  /** One per target. */
  all(): IterableIterator<Revocation>
  knows(target: RevocationTarget): boolean
  /** How much memory all this takes, estimated from above. */
  bytes(): number
  ends(session: Session): boolean
  endsKey(accessKeyId: string): boolean
  endsSignIn(signIn: SignInFacts, beganAt?: Date): boolean
}

type ByTwoNames<Value> = Map<string, Map<string, Value>>

export function createRevocationIndex(): RevocationIndex {
  const known = new Map<string, Revocation>()
  let bytes = 0
  /** Access key ids of sessions and of long-term keys: which of the two an id is of can be seen from it. */
  const accessKeyIds = new Set<string>()
  const roles = new Map<string, Revocation>()
  const people: ByTwoNames<Revocation> = new Map()
  /** Innermost: the subjects, or undefined for whoever it is. */
  const providerSessions: ByTwoNames<Set<string | undefined>> = new Map()

  function arrange(revocation: Revocation): void {
    const { target } = revocation
    switch (target.type) {
      case 'session':
      case 'key':
        accessKeyIds.add(target.accessKeyId)
        return
      case 'role':
        roles.set(target.roleId, revocation)
        return
      case 'person':
        inner(people, target.issuer).set(target.subject, revocation)
        return
      case 'provider-session': {
        const sessions = inner(providerSessions, target.issuer)
        const subjects = sessions.get(target.providerSession) ?? new Set()
        sessions.set(target.providerSession, subjects.add(target.subject))
      }
    }
  }

  function endsRole(roleId: string, issuedAt: Date): boolean {
    return isUntil(issuedAt, roles.get(roleId)?.issuedUntil)
  }

  function endsProviderSession({ issuer, providerSession, subject }: Person): boolean {
    if (providerSession === undefined) return false
    const subjects = providerSessions.get(issuer)?.get(providerSession)
    return subjects !== undefined && (subjects.has(undefined) || subjects.has(subject))
  }

  /**
   * @param beganAt by the identity provider's clock where it has one of its own.
   * @param knownAt when this installation first knew of it.
   */
  function endsPerson(person: Person, ourClock: boolean, beganAt: Date, knownAt: Date | undefined): boolean {
    if (endsProviderSession(person)) return true
    const revocation = people.get(person.issuer)?.get(person.subject)
    if (revocation === undefined) return false
    const { issuedUntil, beganUntil } = revocation
    if (knownAt !== undefined && isUntil(knownAt, issuedUntil)) return true
    return isUntil(beganAt, ourClock ? (issuedUntil ?? beganUntil) : (beganUntil ?? issuedUntil))
  }

  return {
    add(revocation) {
      const name = targetName(revocation.target)
      const before = known.get(name)
      const merged = before === undefined ? revocation : later(before, revocation)
      if (before === undefined) bytes += bytesOf(name)
      known.set(name, merged)
      arrange(merged)
      return merged
    },

    sweep(now) {
      const expired = [...known].filter(([, { expiresAt }]) => expiresAt <= now)
      if (expired.length === 0) return
      for (const [name] of expired) {
        known.delete(name)
        bytes -= bytesOf(name)
      }
      for (const arranged of [accessKeyIds, roles, people, providerSessions]) arranged.clear()
      for (const revocation of known.values()) arrange(revocation)
    },

    all: () => known.values(),
    knows: (target) => known.has(targetName(target)),
    bytes: () => bytes,

    ends(session) {
      if (known.size === 0) return false
      if (accessKeyIds.has(session.accessKeyId)) return true
      if (session.type === 'role' && endsRole(session.roleId, session.issuedAt)) return true
      let knownAt = session.issuedAt
      for (const { accessKeyId, roleId, issuedAt } of session.chain) {
        if (accessKeyIds.has(accessKeyId)) return true
        if (issuedAt === undefined) continue
        if (roleId !== undefined && endsRole(roleId, issuedAt)) return true
        if (issuedAt < knownAt) knownAt = issuedAt
      }
      const { origin } = session
      return endsPerson(origin, isOfOurClock(origin), origin.startedAt, knownAt)
    },

    endsKey: (accessKeyId) => accessKeyIds.has(accessKeyId),

    endsSignIn(signIn, beganAt) {
      if (known.size === 0) return false
      const ourClock = signIn.kind !== 'saml' && signIn.kind !== 'oidc'
      return endsPerson(signIn, ourClock, signIn.authenticatedAt, beganAt)
    },
  }
}

/** Measured: the objects and maps, and the texts twice, which take up to two bytes a character. */
function bytesOf(name: string): number {
  return 700 + 4 * name.length
}

interface Person {
  readonly issuer: string
  readonly subject: string
  readonly providerSession?: string
}

/** Of providers that say themselves when somebody signed in. */
const withClock = /:(?:saml|oidc)-provider\//

function isOfOurClock({ provider }: SessionOrigin): boolean {
  return provider === undefined || !withClock.test(provider)
}

function isUntil(instant: Date, end: Date | undefined): boolean {
  return end !== undefined && instant <= end
}

function inner<Value>(outer: ByTwoNames<Value>, name: string): Map<string, Value> {
  const found = outer.get(name) ?? new Map<string, Value>()
  outer.set(name, found)
  return found
}

/** Whichever was heard first: the order of a feed that was told anew is not the order of the revocations. */
function later(one: Revocation, other: Revocation): Revocation {
  const newer = other.revokedAt > one.revokedAt ? other : one
  const issuedUntil = latest(one.issuedUntil, other.issuedUntil)
  const beganUntil = latest(one.beganUntil, other.beganUntil)
  return {
    target: newer.target,
    revokedAt: newer.revokedAt,
    ...(issuedUntil === undefined ? {} : { issuedUntil }),
    ...(beganUntil === undefined ? {} : { beganUntil }),
    expiresAt: latest(one.expiresAt, other.expiresAt) ?? one.expiresAt,
    by: newer.by,
  }
}

function latest(one: Date | undefined, other: Date | undefined): Date | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return one > other ? one : other
}
