import type { PolicyDocument } from '../policy/document.js'

/**
 * A principal with long-term keys: a service that cannot federate, or a person who must get in when nothing else works.
 * Declared in the configuration; its keys and MFA devices live in the store.
 */
export interface User {
  /** `arn:aws:iam::<account>:user/<path><name>` */
  readonly arn: string
  /** `AIDA…`, 21 characters, stable as long as the user is declared under this ARN. */
  readonly id: string
  readonly account: string
  readonly name: string
  /** Starts and ends with `/`. */
  readonly path: string
  readonly description?: string
  /** Inline and managed alike. */
  readonly permissions: readonly PolicyDocument[]
  readonly boundary?: PolicyDocument
  readonly tags: ReadonlyMap<string, string>
  /** The person who may enrol this user's MFA device in the portal; absent: only the command line may. */
  readonly owner?: UserOwner
}

export interface UserOwner {
  /** Name of the identity provider in the configuration. */
  readonly provider: string
  /** The person's user name there, compared exactly. */
  readonly username: string
}

/** Where users come from: today the configuration. */
export interface UserDirectory {
  user(arn: string): User | undefined
  /** By the name within an account, ignoring the path; names are unique in an account ignoring case. */
  userNamed(account: string, name: string): User | undefined
  users(): Iterable<User>
}
