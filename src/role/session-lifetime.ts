/**
 * How long a session may last: the model's range, the role's maximum, the server's, the chaining maximum, in the
 * order in which AWS STS complains; then, silently, whatever the identity provider said.
 */
import { Fault } from '../fault.js'
import type { Assertion } from '../federation/assertion.js'
import type { Role } from './role.js'

export interface LifetimeLimits {
  /** Seconds. */
  readonly maxSessionSeconds: number
  /** Seconds; for a role assumed with another role's session. */
  readonly chainedMaxSessionSeconds: number
}

const defaultSeconds = 3600

/**
 * @returns the session's end.
 * @throws {Fault} `InvalidRequest` when more was asked for than the role, the server or chaining permits.
 */
export function sessionEnd(input: {
  readonly now: Date
  readonly requestedSeconds: number | undefined
  readonly role: Role
  readonly chained: boolean
  readonly limits: LifetimeLimits
  readonly assertion: Assertion | undefined
}): Date {
  const { requestedSeconds: requested, role, limits, chained, assertion, now } = input
  const chainLimit = chained ? limits.chainedMaxSessionSeconds : Infinity
  if (requested !== undefined) {
    if (requested > role.maxSessionSeconds) {
      throw new Fault(
        'InvalidRequest',
        'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
        { reason: 'sts:duration-role' },
      )
    }
    if (requested > limits.maxSessionSeconds) {
      throw new Fault(
        'InvalidRequest',
        `The requested DurationSeconds exceeds the ${limits.maxSessionSeconds} seconds that this server allows.`,
        { reason: 'sts:duration-server' },
      )
    }
    if (requested > chainLimit) {
      const limit = chainLimit === 3600 ? '1 hour' : `${chainLimit} seconds`
      throw new Fault(
        'InvalidRequest',
        `The requested DurationSeconds exceeds the ${limit} session limit for roles assumed by role chaining.`,
        { reason: 'sts:duration-chain' },
      )
    }
  }
  const seconds = Math.min(
    requested ?? defaultSeconds,
    role.maxSessionSeconds,
    limits.maxSessionSeconds,
    chainLimit,
    assertion?.maxSessionSeconds ?? Infinity,
  )
  const end = now.getTime() + seconds * 1000
  return new Date(Math.min(end, assertion?.sessionEndsAt?.getTime() ?? Infinity))
}
