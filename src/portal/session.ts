/** Who am I, and signing out. */
import { identityOf } from '../audit/build-event.js'
import { page, redirect, type Answer } from './answer.js'
import type { CookieJar } from './cookie-jar.js'
import { barRole, sourceName, type FrameMaker } from './frames.js'
import { signInPath } from './local-path.js'
import { SessionPage } from './pages/session-page.js'
import type { PortalDeps } from './portal-deps.js'
import type { RecordMaker } from './sign-in-record.js'
import type { SignedInVisit } from './visit.js'

export function createSessionPages(
  deps: Pick<PortalDeps, 'directory' | 'providers' | 'sessions' | 'audit' | 'log' | 'now'>,
  edge: { readonly frameFor: FrameMaker; readonly jar: CookieJar; readonly record: RecordMaker },
): {
  readonly show: (visit: SignedInVisit) => Promise<Answer>
  readonly signOut: (visit: SignedInVisit) => Promise<Answer>
} {
  return {
    async show(visit) {
      const { session } = visit
      const { active, ...rest } = session
      const running = active !== undefined && active.expiresAt > deps.now() ? active : undefined
      const previous = session.previous.at(-1)
      const view = {
        session: running === undefined ? rest : { ...rest, active: running },
        source: sourceName(deps, session.assertion.provider),
        accountName:
          running === undefined ? '' : (deps.directory().account(running.account)?.name ?? running.account),
        ...(previous === undefined ? {} : { previous: barRole(deps.directory(), previous) }),
      }
      return page(SessionPage, { frame: await edge.frameFor(visit), view })
    },

    async signOut(visit) {
      await deps.sessions.end(visit.session)
      const event = edge.record(visit.origin, {
        eventName: 'Logout',
        eventSource: 'signin.amazonaws.com',
        userIdentity: identityOf(visit.session.assertion),
        responseElements: { Logout: 'Success' },
      })
      // Leaving is never refused: an unwritten record is the operator's trouble, not this person's.
      await deps.audit
        .record(event)
        .catch((cause: unknown) => deps.log.error('portal.sign-out.unrecorded', { cause }))
      return redirect(signInPath({ notice: 'signed-out' }), {
        cookies: [edge.jar.clearSession()],
        headers: { 'Clear-Site-Data': '"cache", "storage"' },
      })
    },
  }
}
