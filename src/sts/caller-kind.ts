/**
 * What each kind of credentials may call of STS at all, whatever its policies say, as a table. A kind that is given as
 * a list may call nothing else, so an action that is new is closed to it.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html
 */
import type { Caller, UserCaller } from '../role/caller.js'
import type { Session } from '../role/session.js'
import { notAuthorized } from './permission.js'
import { refusal, type Refusal } from './wire-errors.js'

type Callable = { readonly only: readonly string[] } | { readonly allBut: readonly string[] }

const callable: Readonly<Record<'long-term-key' | Session['type'], Callable>> = {
  'long-term-key': { allBut: [] },
  role: { allBut: ['GetFederationToken', 'GetSessionToken'] },
  user: { only: ['AssumeRole', 'GetCallerIdentity'] },
  'federated-user': { only: ['GetCallerIdentity'] },
  root: { only: ['GetCallerIdentity'] },
}

const reason = 'sts:caller-kind'
const wantsLongTermKey: readonly string[] = ['GetFederationToken', 'GetSessionToken']

/**
 * @param resource ARN of what the action is about, for the sentence only.
 * @returns undefined when credentials of this kind may call the action.
 */
export function refuseCaller(caller: Caller, action: string, resource = '*'): Refusal | undefined {
  const kind = caller.type === 'user' ? 'long-term-key' : caller.session.type
  const rule = callable[kind]
  if ('only' in rule ? rule.only.includes(action) : !rule.allBut.includes(action)) return undefined
  if (wantsLongTermKey.includes(action))
    return refusal('AccessDenied', `Cannot call ${action} with session credentials`, reason)
  if (kind === 'root' && action === 'AssumeRole')
    return refusal('AccessDenied', 'Roles may not be assumed by root accounts.', reason)
  return { ...notAuthorized(caller, `sts:${action}`, resource), reason }
}

/** The caller of an action that only long-term keys may call; `refuseCaller` has seen to that. */
export function longTermCaller(caller: Caller, action: string): UserCaller {
  if (caller.type !== 'user') throw new TypeError(`${action} by session credentials`)
  return caller
}
