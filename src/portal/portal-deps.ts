/** What the pages need from the other rooms, and nothing else of them. */
import type { Request } from 'express'
import type { AuditLog, RequestOrigin } from '../audit/event.js'
import type { Clock, RandomBytes } from '../fault.js'
import type { IdentityProvider } from '../federation/assertion.js'
import type { Log } from '../operation/log.js'
import type { Metrics } from '../operation/metrics.js'
import type { RoleBroker } from '../role/broker.js'
import type { RoleDirectory } from '../role/role.js'
import type { PendingSignIns } from '../session/pending-sign-in.js'
import type { RoleHistory } from '../session/role-history.js'
import type { SignInSessions } from '../session/sign-in-session.js'
import type { Throttle } from '../session/throttle.js'
import type { CodeGrants, DeviceGrants } from '../sso/grants.js'
import type { OwnDevices } from '../user/own-devices.js'

export interface PortalDeps {
  /** Read at every request, so that a reload of the configuration shows at once. */
  readonly settings: () => PortalSettings
  readonly providers: () => readonly IdentityProvider[]
  readonly directory: () => RoleDirectory
  readonly broker: RoleBroker
  readonly sessions: SignInSessions
  readonly pending: PendingSignIns
  readonly history: RoleHistory
  readonly throttle: Throttle
  readonly devices: DeviceGrants
  readonly codes: CodeGrants
  readonly ownDevices: OwnDevices
  readonly audit: AuditLog
  readonly metrics: Metrics
  readonly log: Log
  readonly now: Clock
  readonly random: RandomBytes
  /** A short name for a typed user name that must not be readable from the record. */
  readonly nameDigest: (text: string) => string
  /** Called once per request. */
  readonly originOf: (request: Request) => RequestOrigin
  readonly demo?: Demo
}

export interface PortalSettings {
  /** Without a trailing slash. Every absolute URL and the cookies' names come from here. */
  readonly publicUrl: string
  readonly branding: { readonly name: string }
  readonly sessions: { readonly signInSeconds: number }
  readonly sts: { readonly maxSessionSeconds: number }
}

/** What the sign-in page of a demonstration says openly; never set for an installation that people rely on. */
export interface Demo {
  readonly hints: readonly DemoHint[]
  /** Sentences, e.g. how to get the source that this machine lacks. */
  readonly notes?: readonly string[]
}

export interface DemoHint {
  /** Where it works, e.g. `Directory (LDAP)`. */
  readonly source: string
  readonly username: string
  readonly password: string
  /** What this person is for, e.g. `developer; may read production`. */
  readonly note?: string
}
