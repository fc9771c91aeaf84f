/** Why a case cannot be judged: what its line of output says instead of a decision. */
export interface CaseError {
  /** Stable, e.g. `UNKNOWN_FIELD`; for policies the compiler's own codes. */
  readonly code: string
  readonly message: string
  /** JSON path inside the line, e.g. `$.identityPolicies[0].Statement[0].Effect`. */
  readonly path: string
}

/** Thrown while a line is read, caught where its answer is written. */
export class CaseProblem extends Error {
  readonly detail: CaseError
  /** The case's name, where the line can be read that far. */
  readonly caseName: string | undefined

  constructor(code: string, path: string, message: string, caseName?: string) {
    super(message)
    this.detail = { code, message, path }
    this.caseName = caseName
  }
}
