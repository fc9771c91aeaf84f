import type { PolicyDocument } from '../policy/document.js'
import type { Assertion } from '../federation/assertion.js'
import type { UserDirectory } from '../user/user.js'
import type { ManagedPolicyDirectory } from './managed-policy.js'

/** An account: a boundary for roles, and the owner of the ARNs in it. */
export interface Account {
  /** 12 decimal digits; leading zeros count. */
  readonly id: string
  readonly name: string
  readonly alias?: string
  readonly email?: string
  /** Path of organizational units from the root, e.g. `Workloads/Production`; empty at the root. */
  readonly unit: string
  readonly tags: ReadonlyMap<string, string>
  /** `#rrggbb` */
  readonly color?: string
}

export interface Organization {
  /** e.g. `o-a1b2c3d4e5` */
  readonly id: string
  readonly name: string
  readonly accounts: readonly Account[]
  /** The account whose principals may take root sessions of the others; absent: nobody may. */
  readonly managementAccount?: string
  /** Accounts that may take root sessions on its behalf. */
  readonly rootSessionAdministrators?: readonly string[]
}

export interface Role {
  /** `arn:aws:iam::<account>:role/<path><name>` */
  readonly arn: string
  /** `AROA…`, 21 characters, stable as long as the role is declared under this ARN. */
  readonly id: string
  readonly account: string
  readonly name: string
  /** Starts and ends with `/`. */
  readonly path: string
  readonly description?: string
  readonly trustPolicy: PolicyDocument
  readonly permissions: readonly PolicyDocument[]
  readonly boundary?: PolicyDocument
  /** Seconds, 900 to 129,600. */
  readonly maxSessionSeconds: number
  readonly tags: ReadonlyMap<string, string>
  /** `#rrggbb` */
  readonly color?: string
}

/**
 * Where accounts, roles, users and managed policies come from. Narrow on purpose: today the configuration, later also
 * the control plane. One request reads one directory from beginning to end.
 */
export interface RoleDirectory extends UserDirectory, ManagedPolicyDirectory {
  readonly organization: Organization
  account(idOrAlias: string): Account | undefined
  role(arn: string): Role | undefined
  /** A role by its name within an account; `name` may carry its path (`path/sub/Name`). */
  roleNamed(account: string, name: string): Role | undefined
  /** Whether the provider of this assertion is still in force; one that was disabled or removed vouches for nobody. */
  vouchesFor(assertion: Pick<Assertion, 'kind' | 'provider' | 'issuer'>): boolean
  /** Every role that this assertion might be allowed to assume: may list too many, never too few. */
  candidates(assertion: Assertion): Iterable<Role>
}
