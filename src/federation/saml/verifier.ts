/**
 * Where verification runs. The port is one question with one answer; the worker (`worker-verifier.ts`) is what the
 * product uses, and the inline one serves where there is no compiled worker file: a program that runs from sources.
 */
import type { VerifiedResponse } from './facts.js'
import { SamlRefusal } from './refusal.js'
import type { RefusalKind, SamlReason } from './refusal.js'
import { loadParsers, verifyResponse } from './verify-response.js'
import type { ResponseParsers, VerificationRequest } from './verify-response.js'

export interface Verifier {
  /**
   * @throws {SamlRefusal} what is wrong with the message.
   * @throws {Fault} `Throttled` when too many wait, `ProviderUnavailable` when no verification can run.
   */
  verify(request: VerificationRequest): Promise<VerifiedResponse>
  close(): Promise<void>
}

/** On the calling thread and without a deadline: a hostile message can hold the event loop for seconds. */
export function createInlineVerifier(): Verifier {
  let parsers: Promise<ResponseParsers> | undefined
  return {
    verify: async (request) => factsOf(answer(request, await (parsers ??= loadParsers()))),
    close: async () => undefined,
  }
}

/** What a verification says across a thread, where classes do not survive. */
export type VerificationAnswer =
  | { readonly type: 'verified'; readonly facts: VerifiedResponse }
  | {
      readonly type: 'refused'
      readonly reason: SamlReason
      readonly detail: string
      readonly kind: RefusalKind
      readonly sealed: boolean
    }

export function answer(request: VerificationRequest, parsers: ResponseParsers): VerificationAnswer {
  try {
    return { type: 'verified', facts: verifyResponse(request, parsers) }
  } catch (cause) {
    if (cause instanceof SamlRefusal) {
      const { reason, message: detail, kind, sealed } = cause
      return { type: 'refused', reason, detail, kind, sealed }
    }
    // A library stumbled over the message; the message is what is refused, not the process.
    const detail = cause instanceof Error ? cause.message : String(cause)
    return { type: 'refused', reason: 'saml:structure', detail, kind: 'invalid', sealed: false }
  }
}

/** @throws {SamlRefusal} */
export function factsOf(given: VerificationAnswer): VerifiedResponse {
  if (given.type === 'verified') return given.facts
  throw new SamlRefusal(given.reason, given.detail, given.kind, given.sealed)
}
