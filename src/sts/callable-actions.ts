/**
 * What each kind of credentials may call of STS at all, whatever its policies say.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html
 */
import type { Caller } from '../role/caller.js'

/** These two say by themselves, in words of their own, that they want a long-term key. */
const refusesSessionsItself = ['GetFederationToken', 'GetSessionToken']

const callable = {
  user: new Set(['AssumeRole', 'GetCallerIdentity', ...refusesSessionsItself]),
  'federated-user': new Set(['GetCallerIdentity', ...refusesSessionsItself]),
  root: new Set(['GetCallerIdentity', ...refusesSessionsItself]),
} as const

/** Long-term keys and role sessions may call everything, as far as their policies go. */
export function mayCall(caller: Caller, action: string): boolean {
  if (caller.type === 'user' || caller.session.type === 'role') return true
  return callable[caller.session.type].has(action)
}
