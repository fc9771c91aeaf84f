/** A proof handed to its provider; what goes wrong names the provider, for the caller when it is unavailable, in the record always. */
import type { Assertion, IdentityProvider } from '../federation/assertion.js'
import { Fault } from '../fault.js'
import type { StsOutcome } from './action.js'
import { refusalOf } from './wire-errors.js'

export type Verification =
  { readonly ok: true; readonly assertion: Assertion } | { readonly ok: false; readonly outcome: StsOutcome }

const longestCause = 200

export async function verifyToken(provider: IdentityProvider, token: string): Promise<Verification> {
  if (provider.token === undefined) throw new TypeError(`${provider.name} verifies no tokens`)
  try {
    return { ok: true, assertion: await provider.token.verify(token) }
  } catch (cause) {
    if (!(cause instanceof Fault)) throw cause
    return { ok: false, outcome: failureAt(provider, cause) }
  }
}

/** The outcome that stands for a provider's Fault. */
export function failureAt(provider: IdentityProvider, fault: Fault): StsOutcome {
  const refusal = refusalOf(fault)
  const unavailable = fault.code === 'ProviderUnavailable'
  const cause =
    unavailable && fault.cause instanceof Error ? fault.cause.message.slice(0, longestCause) : undefined
  return {
    ok: false,
    recorded: false,
    identity: { type: 'Unknown', identityProvider: provider.arnResource },
    refusal: {
      ...refusal,
      ...(unavailable ? { message: `${provider.displayName} is unavailable` } : {}),
      ...(cause === undefined ? {} : { cause }),
    },
  }
}
