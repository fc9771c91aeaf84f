/**
 * How long a session may last and how many roles may follow one another: the model's range was checked when the
 * parameter was read; then the role's maximum, the server's, the chaining maximum, in the order in which AWS STS
 * complains; then, silently, whatever the identity provider said.
 */
import { Fault } from '../fault.js'
import type { Assertion } from '../federation/assertion.js'
import type { Role } from './role.js'
import type { ChainLink } from './session.js'

export interface LifetimeLimits {
  /** Seconds; for everything that is issued. */
  readonly maxSessionSeconds: number
  /** Seconds; for a role assumed with temporary credentials. */
  readonly chainedMaxSessionSeconds: number
  /** How many roles may follow one another, the first one included. */
  readonly maxChainLength: number
}

const defaultRoleSeconds = 3600
/** Of GetSessionToken and GetFederationToken. */
const defaultUserSeconds = 43_200

/**
 * @returns the end of a role session.
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
    assertWithinServer(requested, limits)
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
    requested ?? defaultRoleSeconds,
    role.maxSessionSeconds,
    limits.maxSessionSeconds,
    chainLimit,
    assertion?.maxSessionSeconds ?? Infinity,
  )
  const end = now.getTime() + seconds * 1000
  return new Date(Math.min(end, assertion?.sessionEndsAt?.getTime() ?? Infinity))
}

/**
 * @returns the end of a session that a user takes for itself or for a federated user.
 * @throws {Fault} `InvalidRequest` when more was asked for than the server permits.
 */
export function userSessionEnd(now: Date, requested: number | undefined, limits: LifetimeLimits): Date {
  if (requested !== undefined) assertWithinServer(requested, limits)
  const seconds = Math.min(requested ?? defaultUserSeconds, limits.maxSessionSeconds)
  return new Date(now.getTime() + seconds * 1000)
}

/** @throws {Fault} `InvalidRequest` when a role assumed with these credentials behind it would be one too many. */
export function assertChainLength(chain: readonly ChainLink[], { maxChainLength }: LifetimeLimits): void {
  let roles = 1
  for (const { roleId } of chain) if (roleId !== undefined) roles += 1
  if (roles > maxChainLength) {
    throw new Fault(
      'InvalidRequest',
      `The role chain of this request exceeds the ${maxChainLength === 1 ? 'one role' : `${maxChainLength} roles`} that this server allows.`,
      { reason: 'sts:chain-length' },
    )
  }
}

function assertWithinServer(requested: number, { maxSessionSeconds }: LifetimeLimits): void {
  if (requested > maxSessionSeconds) {
    throw new Fault(
      'InvalidRequest',
      `The requested DurationSeconds exceeds the ${maxSessionSeconds} seconds that this server allows.`,
      { reason: 'sts:duration-server' },
    )
  }
}
