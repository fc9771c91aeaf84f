import type { ContextValue } from '../policy/context.js'

export type ProviderKind = 'ldap' | 'saml' | 'oidc' | 'local'

/**
 * What an identity provider has proved about a subject, in one shape for every protocol.
 *
 * A SAML assertion, an OIDC ID token, a successful LDAP bind and a local account's password all become this and
 * nothing else. Holding one means that proof, audience, recipient, lifetime and replay checks have all passed.
 */
export interface Assertion {
  /** The provider's name in the configuration. */
  readonly provider: string
  readonly kind: ProviderKind
  /** SAML Issuer, OIDC `iss`, the directory's URL, or `rolegate:local`. */
  readonly issuer: string
  /** Stable at that issuer: SAML NameID, OIDC `sub`, LDAP entry id or DN, local account name. Never the e-mail. */
  readonly subject: string
  /** Who this was said to: SAML Audience, OIDC `aud`; for passwords the public URL. */
  readonly audience: string
  /** What people call the account; becomes the role session's name after cleaning. Not a key. */
  readonly username: string
  readonly displayName: string
  readonly email?: string
  readonly groups: readonly string[]
  /** What this contributes to a trust policy's request context, keys in lower case, e.g. `saml:sub`, `ldap:groups`. */
  readonly conditionKeys: ReadonlyMap<string, ContextValue>
  readonly authenticatedAt: Date
  /** The identity provider says that more than one factor was used (`amr`, AuthnContextClassRef). */
  readonly multiFactor: boolean
  /** The identity provider's own end of session (SAML SessionNotOnOrAfter); nothing issued may outlive it. */
  readonly sessionEndsAt?: Date
  /**
   * The provider's own name for this sign-in: OIDC `sid`, SAML SessionIndex. What back-channel logout names. 1 to 256
   * printable ASCII characters.
   */
  readonly providerSession?: string
  /** Session tags the provider asserts (SAML PrincipalTag:*, the `https://aws.amazon.com/tags` claim, configured attributes). */
  readonly tags: ReadonlyMap<string, string>
  readonly transitiveTagKeys: readonly string[]
  readonly sourceIdentity?: string
  /** SAML RoleSessionName attribute. */
  readonly roleSessionName?: string
  /** SAML SessionDuration attribute, in seconds. */
  readonly maxSessionSeconds?: number
  /** SAML Role attribute pairs, or the `https://aws.amazon.com/roles` claim; absent when the provider said nothing. */
  readonly roleClaims?: readonly RoleClaim[]
}

export interface RoleClaim {
  readonly roleArn: string
  /** Present for SAML, where the pair names the provider too. */
  readonly providerArn?: string
}

/** A provider has the capabilities its protocol gives it. */
export interface IdentityProvider {
  readonly name: string
  readonly kind: ProviderKind
  readonly displayName: string
  /**
   * The tail of the provider's ARN in every account: `saml-provider/<name>`, `oidc-provider/<host/path>`,
   * `ldap-provider/<name>` or `local-provider/<name>`.
   */
  readonly arnResource: string
  readonly password?: PasswordSignIn
  readonly redirect?: RedirectSignIn
  /** For AssumeRoleWithSAML and AssumeRoleWithWebIdentity, where the caller brings the proof. */
  readonly token?: AssertionVerifier
  /** For OpenID Connect providers where people sign in: the provider says that somebody signed out there. */
  readonly logoutToken?: LogoutTokenVerifier
  /** For providers declared with `contextAssertions`: what AssumeRole is told by `ProvidedContexts`. */
  readonly context?: ContextVerifier
  /** The service provider's metadata document (SAML only). */
  metadata?(): string
  close(): Promise<void>
}

export interface PasswordSignIn {
  /**
   * @returns null when the user name or the password is wrong, and does not say which, nor takes a different time.
   * @throws {Fault} `ProviderUnavailable` when the directory could not be asked.
   */
  authenticate(username: string, password: string): Promise<Assertion | null>
  /**
   * For a provider that keeps the accounts itself: the account's own name as `authenticate` would find it, for the audit
   * record of an attempt and for nothing else. Proves nothing; takes the same time for every name.
   */
  accountNamed?(username: string): Promise<string | undefined>
}

export interface RedirectSignIn {
  /** The caller keeps `pending` (it binds it to the browser) and gives it back; the provider remembers nothing. */
  begin(): Promise<{ readonly departure: Departure; readonly pending: PendingSignIn }>
  /** @throws {Fault} `InvalidAssertion`, `ExpiredAssertion`, `ProviderRejected` or `ProviderUnavailable`. */
  complete(arrival: Arrival, pending: PendingSignIn): Promise<Assertion>
}

/** How the browser leaves for the provider. */
export type Departure =
  | { readonly type: 'redirect'; readonly location: URL }
  | { readonly type: 'form'; readonly action: URL; readonly fields: ReadonlyMap<string, string> }

/** How it came back: the request exactly as received at `/signin/<provider>/callback`. */
export interface Arrival {
  readonly method: 'GET' | 'POST'
  /** The raw query string without `?`, for signatures over it. */
  readonly rawQuery: string
  /** The raw form body; empty for GET. */
  readonly rawBody: string
}

export interface PendingSignIn {
  readonly provider: string
  /** OIDC state, nonce and PKCE verifier, or the SAML AuthnRequest ID. `id` finds it again: state or RelayState. */
  readonly id: string
  readonly secrets: Readonly<Record<string, string>>
  readonly expiresAt: Date
}

export interface AssertionVerifier {
  /**
   * @param token base64 of a SAML Response, or a compact JWT.
   * @throws {Fault} `InvalidAssertion`, `ExpiredAssertion`, `ProviderRejected` or `ProviderUnavailable`.
   */
  verify(token: string): Promise<Assertion>
}

export interface LogoutTokenVerifier {
  /**
   * Accepts a token once; the same one again is refused, also on another replica.
   * @param token a logout token (OpenID Connect Back-Channel Logout 1.0 section 2.4), a compact JWT.
   * @throws {Fault} `InvalidAssertion`, `ProviderUnavailable` when the key could not be asked for, `StoreUnavailable`
   * when single use could not be kept. Whether anybody is signed in is not looked at.
   */
  verify(token: string): Promise<LoggedOut>
}

/** Has a subject, a provider session or both: one session of the subject, or all of them when none is named. */
export interface LoggedOut {
  readonly issuer: string
  readonly subject?: string
  /** As in `Assertion.providerSession`. */
  readonly providerSession?: string
  /** Sign-ins after this moment are not meant. */
  readonly issuedAt: Date
}

export interface ContextVerifier {
  /**
   * @param token a context assertion, a compact JWT of the issuer.
   * @throws {Fault} `InvalidAssertion`, `ExpiredAssertion` or `ProviderUnavailable`.
   */
  verify(token: string): Promise<ProvidedContext>
}

export interface ProvidedContext {
  /** `arn:aws:iam::aws:contextProvider/<provider name>`. */
  readonly providerArn: string
  readonly issuer: string
  readonly subject: string
  /** `sub` and the mapped attributes, in lower case without prefix: `userid` becomes `sts:RequestContext/userid`. */
  readonly keys: ReadonlyMap<string, ContextValue>
}
