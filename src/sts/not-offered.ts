/**
 * Actions of the service model that nobody has a use for here, with the answer that AWS gives whoever may not use
 * them: after authentication, AccessDenied. Anything else that is not in the table of actions does not exist.
 */
import type { StsAction } from './action.js'
import { notAuthorized, refused } from './permission.js'

/** GetDelegatedAccessToken belongs to delegation requests between AWS and its partners. */
export const notOffered: readonly StsAction[] = ['GetDelegatedAccessToken'].map((name) => ({
  name,
  signed: true,
  parse: () => ({
    ok: true,
    recordable: null,
    run: (caller) =>
      Promise.resolve(refused({ ...notAuthorized(caller, `sts:${name}`, '*'), reason: 'sts:not-offered' })),
  }),
}))
