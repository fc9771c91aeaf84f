import type { Assertion } from '../federation/assertion.js'

/** What a person sees before letting a program act for them (RFC 8628 §5.4: name, address, scopes). */
export interface PendingDevice {
  /** `ABCD-EFGH` */
  readonly userCode: string
  readonly clientName: string
  /** Address that asked for the code. */
  readonly sourceIp: string
  readonly scopes: readonly string[]
  readonly requestedAt: Date
  readonly expiresAt: Date
}

/** Device approval (RFC 8628): the pages ask, the Identity-Center endpoints poll. */
export interface DeviceGrants {
  /** @returns undefined for a code that is unknown, expired or already decided. Letter case and the hyphen do not matter. */
  find(userCode: string): Promise<PendingDevice | undefined>
  /** @returns false when somebody else decided first. */
  approve(userCode: string, assertion: Assertion): Promise<boolean>
  deny(userCode: string): Promise<boolean>
}

export interface CodeRequest {
  readonly clientId: string
  readonly clientName: string
  readonly redirectUri: string
  readonly state: string
  readonly scopes: readonly string[]
  readonly codeChallenge: string
}

/** Authorization code with PKCE on a loopback redirect (RFC 7636, RFC 8252 §7.3). */
export interface CodeGrants {
  /** Checks the query of `GET /authorize`; a request that fails is answered on our page, never by redirect. */
  parse(query: URLSearchParams): Promise<CodeRequest | { readonly problem: string }>
  /** @returns where to send the browser: the redirect URI with `code` and `state`. */
  approve(request: CodeRequest, assertion: Assertion): Promise<URL>
  /** The redirect URI with `error=access_denied` and `state`. */
  deny(request: CodeRequest): URL
}
