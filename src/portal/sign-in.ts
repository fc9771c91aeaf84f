/**
 * The pages of signing in, by every kind of source. What an attempt leads to is `sign-in-outcome.ts`; how a password or
 * a browser that comes back is turned into one, `sign-in-password.ts` and `sign-in-redirect.ts`.
 */
import { Fault } from '../fault.js'
import type { IdentityProvider } from '../federation/assertion.js'
import { redirect, type Answer } from './answer.js'
import { pathAfterSignIn } from './local-path.js'
import type { Notice } from './pages/forms.js'
import { createSignInOutcomes, type SignInDeps, type SignInEdge } from './sign-in-outcome.js'
import { createPasswordSignIn } from './sign-in-password.js'
import { createRedirectSignIn } from './sign-in-redirect.js'
import { field, type Visit } from './visit.js'

export interface SignInPages {
  readonly show: (visit: Visit) => Promise<Answer>
  /** `GET /signin/:provider` */
  readonly start: (visit: Visit) => Promise<Answer>
  /** `POST /signin/:provider` */
  readonly submit: (visit: Visit) => Promise<Answer>
  readonly callback: (visit: Visit) => Promise<Answer>
  readonly metadata: (visit: Visit) => Promise<Answer>
}

export function createSignInPages(deps: SignInDeps, edge: SignInEdge): SignInPages {
  const outcomes = createSignInOutcomes(deps, edge)
  const { signInPage } = outcomes
  const byPassword = createPasswordSignIn(deps, outcomes)
  const byRedirect = createRedirectSignIn(deps, edge, outcomes)

  function named(visit: Visit): IdentityProvider {
    const provider = deps.providers().find(({ name }) => name === visit.params['provider'])
    if (provider === undefined) throw new Fault('NotFound', 'there is no such way to sign in')
    return provider
  }

  return {
    async show(visit) {
      const { session } = visit
      if (session !== undefined) return redirect(pathAfterSignIn(field(visit.query, 'next')))
      const notice = notices[field(visit.query, 'notice')]
      return signInPage(visit, {
        ...(notice === undefined ? {} : { notice }),
        ...(visit.staleSession ? { cookies: [edge.jar.clearSession()] } : {}),
      })
    },

    async start(visit) {
      const provider = named(visit)
      if (provider.redirect !== undefined)
        return byRedirect.begin(visit, provider, field(visit.query, 'next'))
      return signInPage(visit, { open: provider.name })
    },

    async submit(visit) {
      const provider = named(visit)
      if (provider.password !== undefined) return byPassword(visit, provider)
      if (provider.redirect !== undefined) return byRedirect.begin(visit, provider, field(visit.form, 'next'))
      throw new Fault('NotFound', 'there is no such way to sign in')
    },

    callback: async (visit) => byRedirect.complete(visit, named(visit)),

    async metadata(visit) {
      const metadata = named(visit).metadata?.()
      if (metadata === undefined) throw new Fault('NotFound', 'this source has no metadata')
      return { type: 'document', contentType: 'application/samlmetadata+xml; charset=utf-8', body: metadata }
    },
  }
}

const notices: Readonly<Record<string, Notice | undefined>> = Object.assign(Object.create(null), {
  'signed-out': { tone: 'good', text: 'You are signed out.' },
  expired: { tone: 'info', text: 'Your session has ended. Sign in to go on where you were.' },
})
