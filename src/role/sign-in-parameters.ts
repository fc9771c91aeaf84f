/** What a role is asked with when an identity just signs in: the session name and what the provider asserted. */
import type { Assertion } from '../federation/assertion.js'
import type { PassedParameters } from './request-context.js'
import { roleSessionName } from './session-name.js'

/** The name that the portal and the command line will ask with: a trust policy may look at it. */
export function signInParameters(assertion: Assertion): PassedParameters {
  return {
    tags: assertion.tags,
    transitiveTagKeys: assertion.transitiveTagKeys,
    sessionName: roleSessionName(assertion),
    ...(assertion.sourceIdentity === undefined ? {} : { sourceIdentity: assertion.sourceIdentity }),
  }
}
