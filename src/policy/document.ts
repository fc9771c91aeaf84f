/**
 * A policy document, compiled and immutable. Only `compilePolicy` makes one, so evaluation cannot meet bad syntax.
 * (Placeholder shape: the policy room fills it.)
 */
export interface PolicyDocument {
  readonly kind: PolicyKind
  /** What explanations and decisions call this document, e.g. `trust policy of arn:…:role/x`. */
  readonly name: string
}

export type PolicyKind =
  | 'identity'
  | 'trust'
  | 'resource'
  | 'boundary'
  | 'session'
  | 'service-control'
  | 'resource-control'

export interface PolicyProblem {
  /** Stable, e.g. `INVALID_EFFECT`. */
  readonly code: string
  /** JSON path inside the document, e.g. `$.Statement[0].Effect`. */
  readonly path: string
  readonly message: string
  /** 1-based, where the source was text. */
  readonly line?: number
  readonly column?: number
}

export type CompiledPolicy =
  | { readonly ok: true; readonly policy: PolicyDocument }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] }

/** Text (JSON) or an already parsed value → a compiled policy, or every problem at once. Never throws. */
export declare function compilePolicy(source: unknown, kind: PolicyKind, name: string): CompiledPolicy
