/**
 * What the configuration says about one identity provider, already checked, secrets already resolved, paths absolute.
 * Types only: `config/` makes these values, each adapter takes its own.
 */
export type ProviderSettings = LdapSettings | SamlSettings | OidcSettings | LocalSettings

interface Shared {
  /** `[A-Za-z0-9._-]{1,64}`, unique; appears in URLs and ARNs. */
  readonly name: string
  /** On the sign-in page. */
  readonly displayName: string
  /** How attributes of this provider become condition keys, e.g. `department` → `ldap:department`. */
  readonly attributes: readonly AttributeMapping[]
  /** Attributes that become session tags; absent: none. */
  readonly sessionTags?: readonly TagMapping[]
  /** The attribute that becomes the source identity; absent: none does. */
  readonly sourceIdentity?: SourceIdentityMapping
}

/** For kinds whose messages can carry session tags of their own. */
interface AssertsTags {
  /** The tag keys that the provider may assert itself, compared without case; absent: any. Mapped tags need no leave. */
  readonly allowTagKeys?: readonly string[]
}

export interface AttributeMapping {
  /** The provider's name for it: an LDAP attribute, a SAML attribute Name, a claim (nested ones by dotted path). */
  readonly from: string
  /** The condition key without the provider's prefix: `department` → `ldap:department`, `<issuer>:department`, `saml:department`. */
  readonly to: string
  /** True: always a multivalued key. False: single-valued; an account with several values is refused. */
  readonly list: boolean
}

export interface TagMapping {
  /** As in AttributeMapping; must have one value at most. */
  readonly from: string
  /** The tag's key, e.g. `CostCenter` → `aws:PrincipalTag/CostCenter`. */
  readonly to: string
  /** Whether the tag stays with the session through role chaining. */
  readonly transitive: boolean
  /** True: who has no such attribute cannot sign in. False: has no such tag. */
  readonly required: boolean
}

export interface SourceIdentityMapping {
  readonly from: string
  /** True: who has no such attribute cannot sign in. */
  readonly required: boolean
}

export interface LdapSettings extends Shared {
  readonly kind: 'ldap'
  /** `ldap://` or `ldaps://`, tried in order. */
  readonly urls: readonly string[]
  readonly startTls: boolean
  /** PEM text of the certificate authorities to trust, instead of the system's. */
  readonly ca?: string
  /** Loud on purpose; refused outside loopback. */
  readonly insecureSkipCertificateCheck: boolean
  /** Loud on purpose: a bind over an unencrypted connection; refused outside loopback. */
  readonly insecureAllowPlaintext: boolean
  readonly connectTimeoutMs: number
  readonly operationTimeoutMs: number
  readonly bind:
    | { readonly type: 'search'; readonly dn: string; readonly password: string }
    /** Direct bind: `uid={username},ou=people,dc=example,dc=com`; the name is escaped for DNs (RFC 4514). */
    | { readonly type: 'template'; readonly dn: string }
  readonly userSearch: LdapSearch & {
    /** Attribute that identifies the entry for ever, e.g. `entryUUID`, `objectGUID`; absent: the DN. */
    readonly idAttribute?: string
    readonly usernameAttribute: string
    readonly displayNameAttribute: string
    readonly emailAttribute: string
  }
  readonly groups: {
    readonly from: 'memberOf' | 'search' | 'both' | 'none'
    /** For `memberOf`: attribute of the user's entry that lists group DNs. */
    readonly memberOfAttribute: string
    /** For `search`: filter may use `{dn}` and `{username}`, both escaped (RFC 4515). */
    readonly search?: LdapSearch
    /** What a group is called in `ldap:groups`: an attribute of the group's entry (`cn`), or `dn`. */
    readonly nameAttribute: string
  }
}

export interface LdapSearch {
  readonly base: string
  readonly scope: 'base' | 'one' | 'sub'
  /** `{username}` (and for groups `{dn}`) are replaced by escaped values. */
  readonly filter: string
}

export interface SamlSettings extends Shared, AssertsTags {
  readonly kind: 'saml'
  /** Ours; default `<publicUrl>/signin/<name>/metadata`. */
  readonly entityId: string
  /** Ours: `<publicUrl>/signin/<name>/callback`. */
  readonly acsUrl: string
  /** More audiences to accept, e.g. `urn:amazon:webservices`. */
  readonly extraAudiences: readonly string[]
  /** More Recipient/Destination values to accept for AssumeRoleWithSAML, e.g. the STS endpoint's own URL. */
  readonly extraRecipients: readonly string[]
  readonly metadata:
    | { readonly type: 'text'; readonly xml: string }
    | { readonly type: 'url'; readonly url: string; readonly refreshSeconds: number }
  readonly requestBinding: 'redirect' | 'post'
  readonly signRequests: boolean
  /** PEM. Generated under `certs/` on first start unless configured. */
  readonly signing: KeyAndCertificate
  readonly encryption: KeyAndCertificate
  /** PEM, newest first: keys that identity providers may still encrypt for until they have our new metadata. */
  readonly previousDecryptionKeys?: readonly string[]
  readonly insecureAllowSha1: boolean
  readonly nameIdFormat?: string
  readonly clockSkewSeconds: number
  /** Attribute Names for the standard members; empty string: do not read it. */
  readonly usernameAttribute: string
  readonly displayNameAttribute: string
  readonly emailAttribute: string
  readonly groupsAttribute: string
}

export interface KeyAndCertificate {
  readonly key: string
  readonly certificate: string
}

export interface OidcSettings extends Shared, AssertsTags {
  readonly kind: 'oidc'
  /** Exactly as in the token's `iss`. */
  readonly issuer: string
  /** Absent: this provider is only for workload tokens (AssumeRoleWithWebIdentity), not for people. */
  readonly client?: {
    readonly id: string
    readonly secret?: string
    /** `<publicUrl>/signin/<name>/callback` */
    readonly redirectUri: string
    readonly scopes: readonly string[]
    readonly userinfo: boolean
  }
  /** Audiences accepted from workload tokens; the client id is one of them. */
  readonly audiences: readonly string[]
  /** Whether this issuer's tokens are taken as context assertions (`ProvidedContexts` of AssumeRole). */
  readonly contextAssertions?: boolean
  /** PEM text of certificate authorities to trust in addition to the system's. */
  readonly ca?: string
  /** `http:` issuers; refused outside loopback. */
  readonly insecureAllowHttp: boolean
  readonly timeoutMs: number
  readonly clockSkewSeconds: number
  readonly usernameClaim: string
  readonly displayNameClaim: string
  readonly emailClaim: string
  readonly groupsClaim: string
}

export interface LocalSettings extends Shared {
  readonly kind: 'local'
  /** JSON file of users, written by `rolegate user add|passwd`; read again when it changes. */
  readonly usersFile: string
}
