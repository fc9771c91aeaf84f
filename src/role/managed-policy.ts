import type { PolicyDocument } from '../policy/document.js'

/** A policy with an ARN of its own: declared in the configuration, or one of those that every account has. */
export interface ManagedPolicy {
  /** `arn:aws:iam::<account>:policy/<path><name>`; `aws` stands for the account of those that come with the product. */
  readonly arn: string
  /** Absent for those that every account has. */
  readonly account?: string
  readonly document: PolicyDocument
  /** The same document as a session policy; what cannot be one was refused when it was declared. */
  readonly asSessionPolicy: PolicyDocument
}

export interface ManagedPolicyDirectory {
  managedPolicy(arn: string): ManagedPolicy | undefined
}
