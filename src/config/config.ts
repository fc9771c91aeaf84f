import type { ProtectedService } from '../authz/protected-service.js'
import type { ProviderSettings } from '../federation/settings.js'
import type { ManagedPolicy } from '../role/managed-policy.js'
import type { Organization, Role } from '../role/role.js'
import type { User } from '../user/user.js'

/** Everything the configuration folder says, fully checked and frozen; nothing in it can fail later. */
export interface Config {
  readonly server: ServerConfig
  readonly organization: Organization
  readonly roles: readonly Role[]
  readonly users: readonly User[]
  /** Declared ones and those that every account has. */
  readonly managedPolicies: readonly ManagedPolicy[]
  readonly providers: readonly ProviderSettings[]
  /** Names of `insecure…` settings in force, to be logged at start, e.g. `providers.yaml: corp.insecureAllowHttp`. */
  readonly insecure: readonly string[]
}

export interface ServerConfig {
  /** Without a trailing slash. Every absolute URL comes from here, never from a Host header. */
  readonly publicUrl: string
  readonly listen: { readonly host: string; readonly port: number }
  readonly tls?: { readonly certificate: string; readonly key: string }
  /** CIDR blocks whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed. */
  readonly trustedProxies: readonly string[]
  /** Host names (with port when it is not the scheme's own) by which clients may sign requests; publicUrl's is one. */
  readonly publicHosts: readonly string[]
  /** Processes that serve; `auto` has become the number of cores. */
  readonly workers: number
  readonly store:
    | { readonly type: 'embedded' }
    | {
        readonly type: 'redis'
        readonly mode: 'single' | 'sentinel' | 'cluster'
        /** `host:port`; for Sentinel the sentinels. */
        readonly nodes: readonly { readonly host: string; readonly port: number }[]
        readonly sentinelName?: string
        readonly username?: string
        readonly password?: string
        readonly tls: boolean
        readonly ca?: string
        readonly database: number
        readonly keyPrefix: string
        readonly timeoutMs: number
      }
  /** Key ring: text of 32 bytes base64 when given, otherwise `keys.json` in the data directory, made on first start. */
  readonly keyRing?: string
  readonly sessions: {
    /** How long a browser stays signed in. */
    readonly signInSeconds: number
    /** How long a command line stays signed in. */
    readonly cliSeconds: number
  }
  readonly sts: {
    /** Server maximum for every issued credential. */
    readonly maxSessionSeconds: number
    /** Maximum for a role assumed with temporary credentials. */
    readonly chainedMaxSessionSeconds: number
    /** 900 as at AWS. */
    readonly clockSkewSeconds: number
    /** Whether a second use of one signature is refused. */
    readonly replayProtection: boolean
    /** How many roles may follow one another by chaining, at least 1. */
    readonly maxChainLength: number
  }
  readonly revocation: {
    /** Whether credentials are refused while revocations cannot be heard of. */
    readonly strict: boolean
    /** After this long without a word the feed counts as lost; at least 1. */
    readonly lostAfterSeconds: number
  }
  /** Tokens of Rolegate's own, as an OpenID Connect issuer (GetWebIdentityToken). */
  readonly webIdentityTokens: {
    readonly enabled: boolean
    /** Ids of the accounts whose principals may ask for them; absent: every account. */
    readonly accounts?: readonly string[]
  }
  /** Upstreams that `GET /v1/verify` answers for. */
  readonly services: readonly ProtectedService[]
  readonly throttle: {
    /** Failed passwords per account and per address before 429, and for how long. */
    readonly attempts: number
    readonly windowSeconds: number
  }
  readonly audit: {
    /** Absolute path of the JSON-lines file; absent: standard output only. */
    readonly file?: string
    readonly stdout: boolean
  }
  readonly metrics?: { readonly host: string; readonly port: number }
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error' }
  readonly shutdownSeconds: number
  readonly branding: { readonly name: string }
}

/** One thing wrong, said so that it can be found. */
export interface ConfigProblem {
  /** Relative to the configuration folder. */
  readonly file: string
  /** 1-based; absent when the file itself is the problem. */
  readonly line?: number
  /** 1-based; where text or a policy cannot be read. */
  readonly column?: number
  /** e.g. `roles[3].trustPolicy.Statement[0].Effect` */
  readonly path: string
  readonly message: string
}
