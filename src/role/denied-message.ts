import { actionFor } from './authorize.js'
import type { AssumeCaller } from './broker.js'
import { identityOfCaller } from './caller.js'

/**
 * A denial in AWS's words, alike for every cause, so that a role that does not exist looks like one that does not trust
 * the caller. To somebody whom a provider vouches for it does not even say which of the authorisations failed.
 */
export function deniedMessage(caller: AssumeCaller, deniedAction: string, roleArn: string): string {
  return caller.type === 'assertion'
    ? `Not authorized to perform sts:${actionFor(caller)}`
    : `User: ${identityOfCaller(caller).arn} is not authorized to perform: ${deniedAction} on resource: ${roleArn}`
}
