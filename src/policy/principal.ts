/** Who makes an authorization request, in AWS's sense. */
export type Principal =
  | { readonly type: 'root'; readonly account: string }
  | { readonly type: 'user'; readonly account: string; readonly arn: string; readonly id?: string }
  | {
      readonly type: 'role-session'
      readonly account: string
      /** `arn:aws:sts::<account>:assumed-role/<role name>/<session name>` */
      readonly arn: string
      /** `arn:aws:iam::<account>:role/<path><role name>` */
      readonly roleArn: string
      readonly roleId?: string
      /**
       * Only the session's ARN is known, and it carries no path: role ARNs in policies are compared by account and
       * name. For simulations; a broker that knows its roles leaves it out and gets exact comparison.
       */
      readonly pathUnknown?: true
    }
  | {
      readonly type: 'federated-user'
      readonly account: string
      readonly arn: string
      /** ARN of the user whose GetFederationToken call made the session. */
      readonly federatingUser?: string
    }
  /** Somebody an identity provider vouches for: a provider ARN, or a built-in provider's host. */
  | { readonly type: 'federated'; readonly provider: string }
  | { readonly type: 'service'; readonly host: string }
  | { readonly type: 'anonymous' }
