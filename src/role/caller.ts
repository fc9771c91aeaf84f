/** Who signed a request: a user with a long-term key, or whoever holds temporary credentials. */
import type { User } from '../user/user.js'
import { sessionArn } from './role-session.js'
import type { Session } from './session.js'

export type Caller = UserCaller | SessionCaller

export interface UserCaller {
  readonly type: 'user'
  readonly user: User
  /** `AKIA…` */
  readonly accessKeyId: string
}

export interface SessionCaller {
  readonly type: 'session'
  readonly session: Session
}

/** Arn, UserId and Account as GetCallerIdentity answers them. */
export interface CallerIdentity {
  readonly arn: string
  readonly userId: string
  readonly account: string
}

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html */
export function identityOfCaller(caller: Caller): CallerIdentity {
  if (caller.type === 'user')
    return { arn: caller.user.arn, userId: caller.user.id, account: caller.user.account }
  const { session } = caller
  const { account } = session
  switch (session.type) {
    case 'role':
      return { arn: sessionArn(session), userId: `${session.roleId}:${session.sessionName}`, account }
    case 'user':
      return { arn: session.userArn, userId: session.userId, account }
    case 'federated-user':
      return {
        arn: `arn:aws:sts::${account}:federated-user/${session.name}`,
        userId: `${account}:${session.name}`,
        account,
      }
    case 'root':
      return { arn: `arn:aws:iam::${account}:root`, userId: account, account }
  }
}

export function accountOfCaller(caller: Caller): string {
  return caller.type === 'user' ? caller.user.account : caller.session.account
}

/** The access key id that a record of the caller's deeds carries. */
export function accessKeyIdOf(caller: Caller): string {
  return caller.type === 'user' ? caller.accessKeyId : caller.session.accessKeyId
}
