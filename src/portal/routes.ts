/** Every address of the portal, who may call it, and what answers. */
import { createAccessKeyPages } from './access-keys.js'
import { createAccountsPage } from './accounts.js'
import { redirect, type Answer } from './answer.js'
import { createAuthorizePages } from './authorize.js'
import type { CookieJar } from './cookie-jar.js'
import { createDevicePages } from './device.js'
import type { FrameMaker } from './frames.js'
import { createMfaPages } from './mfa.js'
import type { PortalDeps } from './portal-deps.js'
import { createSessionPages } from './session.js'
import type { RecordMaker, RefusalRecorder } from './sign-in-record.js'
import { createSignInPages } from './sign-in.js'
import { createSwitchRolePages } from './switch-role.js'
import type { SignedInVisit, Visit } from './visit.js'

export type Route = OpenRoute | SignedInRoute

interface OpenRoute {
  readonly path: string
  readonly access: 'anyone'
  readonly get?: (visit: Visit) => Promise<Answer>
  readonly post?: (visit: Visit) => Promise<Answer>
  /** Posted by a provider's page: no origin check; the handler binds it to the browser by other means. */
  readonly postedFromElsewhere?: true
  readonly maxFormBytes?: number
}

/** Signed out, GET leads through the sign-in page and back; POST must carry the session's token. */
interface SignedInRoute {
  readonly path: string
  readonly access: 'signed-in'
  readonly get?: (visit: SignedInVisit) => Promise<Answer>
  readonly post?: (visit: SignedInVisit) => Promise<Answer>
}

/** A SAML response with many attributes, base64 and percent-encoded. */
const largestAssertion = 512 * 1024

export function portalRoutes(
  deps: PortalDeps,
  edge: {
    readonly frameFor: FrameMaker
    readonly jar: CookieJar
    readonly record: RecordMaker
    readonly refused: RefusalRecorder
  },
): readonly Route[] {
  const signIn = createSignInPages(deps, edge)
  const keys = createAccessKeyPages(deps, edge)
  const switching = createSwitchRolePages(deps, edge)
  const session = createSessionPages(deps, edge)
  const device = createDevicePages(deps, edge)
  const authorize = createAuthorizePages(deps, edge)
  const mfa = createMfaPages(deps, edge)
  return [
    {
      path: '/',
      access: 'anyone',
      get: async (visit) => (visit.session ? redirect('/accounts') : signIn.show(visit)),
    },
    { path: '/signin', access: 'anyone', get: signIn.show },
    { path: '/signin/:provider', access: 'anyone', get: signIn.start, post: signIn.submit },
    {
      path: '/signin/:provider/callback',
      access: 'anyone',
      get: signIn.callback,
      post: signIn.callback,
      postedFromElsewhere: true,
      maxFormBytes: largestAssertion,
    },
    { path: '/signin/:provider/metadata', access: 'anyone', get: signIn.metadata },
    { path: '/accounts', access: 'signed-in', get: createAccountsPage(deps, edge.frameFor) },
    { path: '/roles/:account/:role', access: 'signed-in', get: keys.ask, post: keys.issue },
    { path: '/switchrole', access: 'signed-in', get: switching.form, post: switching.perform },
    { path: '/switchrole/back', access: 'signed-in', post: switching.back },
    { path: '/switchrole/exit', access: 'signed-in', post: switching.exit },
    { path: '/session', access: 'signed-in', get: session.show },
    { path: '/account/mfa', access: 'signed-in', get: mfa.show },
    { path: '/account/mfa/enrol', access: 'signed-in', post: mfa.begin },
    { path: '/account/mfa/confirm', access: 'signed-in', post: mfa.confirm },
    { path: '/account/mfa/remove', access: 'signed-in', post: mfa.remove },
    { path: '/signout', access: 'signed-in', post: session.signOut },
    { path: '/device', access: 'signed-in', get: device.ask, post: device.decide },
    { path: '/authorize', access: 'signed-in', get: authorize.ask, post: authorize.decide },
  ]
}
