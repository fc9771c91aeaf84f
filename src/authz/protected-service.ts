import type { PolicyDocument } from '../policy/document.js'

/** An upstream that a reverse proxy guards by asking `GET /v1/verify`: what its requests are called in policies. */
export interface ProtectedService {
  /** `[a-z][a-z0-9-]{0,31}`, unique. */
  readonly name: string
  /** Id of the account that owns its resources. */
  readonly account: string
  /** `host` or `host:port`, lower-case, by which clients reach it and for which they sign; each belongs to one service. */
  readonly hosts: readonly string[]
  /** The service in the credential scope; never `sts` or `rolegate`. */
  readonly signingName: string
  /** Policy action; `{method}` stands for the request's method, e.g. `reports:{method}` → `reports:GET`. */
  readonly action: string
  /** ARN; `{path}` stands for the decoded path without its first slash, `{method}` and `{host}` for those. */
  readonly resource: string
  /** Judged as the resource's own policy. */
  readonly policy?: PolicyDocument
  /**
   * Accept `UNSIGNED-PAYLOAD`: whoever can change a request on its way may then change its body. Otherwise a request
   * has no body or carries its hash in a signed `x-amz-content-sha256`, which the upstream has to compare.
   */
  readonly allowUnsignedPayload: boolean
}
