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
    }
  | { readonly type: 'federated-user'; readonly account: string; readonly arn: string }
  /** Somebody an identity provider vouches for: a provider ARN, or a built-in provider's host. */
  | { readonly type: 'federated'; readonly provider: string }
  | { readonly type: 'service'; readonly host: string }
  | { readonly type: 'anonymous' }
