/**
 * How a resource server decides, in its own process or by asking: the port behind the middleware. Question and answer
 * are those of `POST /v1/authorize`, so that a server can go from one way to the other.
 */
import type { AccessDecision, ClientKnown, ClientRefused } from './access.js'

export interface Verifier {
  /**
   * @throws {CannotDecide} when nothing can be said now; try again.
   * @throws {VerifierRefused} for a question that is malformed or that this server may not ask.
   */
  check(question: AuthorizeQuestion): Promise<AuthorizeAnswer>
  /** Lets go of what it holds. */
  close(): Promise<void>
}

/** The body of `POST /v1/authorize`, with one question. */
export interface AuthorizeQuestion {
  readonly service: string
  readonly hosts: readonly string[]
  readonly request: {
    readonly method: string
    readonly path: string
    readonly query?: string
    readonly headers: readonly (readonly [name: string, value: string])[]
    readonly payloadHash?: string
    readonly allowUnsignedPayload?: boolean
  }
  readonly sourceIp: string
  readonly secureTransport?: boolean
  readonly action: string
  readonly resource: string
  readonly resourceAccount?: string
  /** A policy document: JSON text or parsed. */
  readonly resourcePolicy?: unknown
  readonly context?: Readonly<Record<string, ConditionValue | readonly ConditionValue[]>>
}

export type ConditionValue = string | number | boolean

export type AuthorizeAnswer = ClientRefused | Authorized

export interface Authorized extends Omit<ClientKnown, 'decisions'>, AccessDecision {}

/** The store, the record or the network does not answer: whoever asked may try again. */
export class CannotDecide extends Error {
  override readonly name = 'CannotDecide'
}

/** A mistake in the question, or a server that is not allowed to ask it: trying again does not help. */
export class VerifierRefused extends Error {
  override readonly name = 'VerifierRefused'
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}
