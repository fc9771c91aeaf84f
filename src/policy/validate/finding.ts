/**
 * What the validator answers, in the shape of Access Analyzer's ValidatePolicy. Types only.
 * https://docs.aws.amazon.com/access-analyzer/latest/APIReference/API_ValidatePolicyFinding.html
 */
export type FindingType = 'ERROR' | 'SECURITY_WARNING' | 'WARNING' | 'SUGGESTION'

export interface Finding {
  /**
   * `ERROR`: refused, or cannot do what it says. `SECURITY_WARNING`: works and is probably too open. `WARNING`: works,
   * perhaps not as meant. `SUGGESTION`: could be said better.
   */
  readonly findingType: FindingType
  /** The published name, e.g. `MISSING_VERSION`; names of our own start with `ROLEGATE_`. */
  readonly issueCode: string
  /** One sentence. May quote the policy. */
  readonly findingDetails: string
  readonly locations: readonly Location[]
}

export interface Location {
  /** From the outermost object inwards; empty for the document itself. */
  readonly path: readonly PathElement[]
  readonly span: Span
}

export type PathElement =
  /** The value of the member with this name. */
  | { readonly value: string }
  /** The name of a member, rather than its value; last in the path. */
  | { readonly key: string }
  /** An entry of a list, from 0. */
  | { readonly index: number }
  /** Part of a string's value, in UTF-16 code units; last in the path. */
  | { readonly substring: { readonly start: number; readonly length: number } }

export interface Span {
  readonly start: Position
  /** The first place that does not belong to it. */
  readonly end: Position
}

export interface Position {
  /** From 1. */
  readonly line: number
  /** From 0, in UTF-16 code units. */
  readonly column: number
  /** From 0, in UTF-16 code units. */
  readonly offset: number
}
