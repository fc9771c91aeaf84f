/** What a resource server asks about a request that a client signed, and what it is told. Types only. */
import type { ContextValue } from '../policy/context.js'
import type { PolicyDocument } from '../policy/document.js'
import type { Decision, LayerName } from '../policy/evaluate.js'
import type { ReceivedRequest } from '../signature/canonical-request.js'
import type { SignatureErrorCode } from '../signature/refusal.js'
import type { ClientIdentity } from './client-identity.js'

export interface AccessRequest {
  /** The service in the credential scope that the client has to sign for; never `sts` or `rolegate`. */
  readonly service: string
  /**
   * The resource server's own names, lower case, `host` or `host:port`: a request that was signed for another server
   * is refused, or every server could use what its clients send to others.
   */
  readonly hosts: readonly string[]
  readonly request: ReceivedRequest
  readonly body: SignedBody
  /** As the resource server sees the client. */
  readonly sourceIp: string
  readonly secureTransport: boolean
  /** At least one. */
  readonly questions: readonly AccessQuestion[]
  /** Whether they were asked as a list, and are answered as one. */
  readonly several: boolean
}

export type SignedBody =
  /** Hex SHA-256 of the body as it was received. */
  | { readonly type: 'hashed'; readonly sha256: string }
  /**
   * Whoever asks has not read the body: what the client declared in a signed `x-amz-content-sha256` counts, and without
   * one the body is empty. Whoever reads the body later has to compare.
   */
  | { readonly type: 'declared'; readonly allowUnsigned: boolean }

export interface AccessQuestion {
  /** e.g. `reports:Read` */
  readonly action: string
  /** ARN */
  readonly resource: string
  readonly resourceAccount: string
  readonly resourcePolicy?: PolicyDocument
  /** Only keys that `context-keys.ts` lets through. */
  readonly context: ReadonlyMap<string, ContextValue>
}

export type AccessAnswer = ClientRefused | ClientKnown

export interface ClientRefused {
  readonly authenticated: false
  readonly code: SignatureErrorCode
  readonly message: string
}

export interface ClientKnown {
  readonly authenticated: true
  readonly identity: ClientIdentity
  readonly sessionTags: Readonly<Record<string, string>>
  /** What the signature covers as the body: a hex SHA-256, or `UNSIGNED-PAYLOAD`. */
  readonly payload: string
  /** In the order of the questions. */
  readonly decisions: readonly AccessDecision[]
}

export interface AccessDecision {
  readonly decision: Decision['outcome']
  readonly reasons: readonly DecisionReason[]
  /** What may be said to the client; on denial only. */
  readonly explanation?: readonly string[]
  /** For DecodeAuthorizationMessage, by principals of the client's account; on denial only. */
  readonly encodedMessage?: string
}

/**
 * A statement that decided, or a layer without the Allow that it needs. Names policies of the asker's account only.
 * `credentials` stands for what credentials of that kind may not call whatever policies say.
 */
export interface DecisionReason {
  readonly layer: LayerName | 'credentials'
  readonly effect: 'Allow' | 'Deny' | 'missing'
  readonly policy?: string
  readonly statement?: string
}
