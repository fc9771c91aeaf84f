/** Signing in at an identity provider that the browser is sent to, and that sends it back. */
import { Fault } from '../fault.js'
import type { Assertion, IdentityProvider } from '../federation/assertion.js'
import { page, redirect, type Answer } from './answer.js'
import { journeyOf, requireShape } from './arrival.js'
import { DeparturePage } from './pages/departure-page.js'
import type { SignInDeps, SignInEdge, SignInOutcomes } from './sign-in-outcome.js'
import type { Visit } from './visit.js'

export interface RedirectSignIn {
  /** @param given where the person wants to go afterwards. */
  begin(visit: Visit, provider: IdentityProvider, given: string): Promise<Answer>
  /** The browser is back. @throws {Fault} `NotFound` for a provider that sends nobody. */
  complete(visit: Visit, provider: IdentityProvider): Promise<Answer>
}

export function createRedirectSignIn(
  deps: Pick<SignInDeps, 'pending'>,
  { frameFor, jar }: Pick<SignInEdge, 'frameFor' | 'jar'>,
  { requireAdmitted, grant, wayOn, failed }: SignInOutcomes,
): RedirectSignIn {
  return {
    async begin(visit, provider, given) {
      const next = await wayOn(visit, given)
      let begun
      try {
        begun = await provider.redirect!.begin()
      } catch (thrown) {
        return failed(visit, provider, thrown, { next })
      }
      const { departure, pending } = begun
      const replaces =
        visit.session === undefined
          ? {}
          : { replaces: { key: visit.session.key, signIn: visit.session.signIn } }
      const bound = await deps.pending.keep(pending, { next, ...replaces })
      const cookies = [
        ...jar.clearAbandoned(visit.cookieHeader),
        jar.pending(bound.purpose, bound.value, pending.expiresAt),
      ]
      if (departure.type === 'redirect') return redirect(departure.location.href, { cookies })
      const { action, fields } = departure
      const frame = await frameFor({ ...visit, session: undefined })
      // Browsers apply form-action to the redirects that follow as well, and providers redirect within their estate.
      const formTargets = action.protocol === 'https:' ? ['https:'] : [action.origin]
      const going = { frame, provider: provider.displayName, action: action.href, fields }
      return page(DeparturePage, going, {
        cookies,
        formTargets,
      })
    },

    async complete(visit, provider) {
      if (provider.redirect === undefined) throw new Fault('NotFound', 'there is no such way to sign in')
      let id: string
      let found
      try {
        id = journeyOf(provider.kind, visit)
        found = await deps.pending.take(id, provider.name, jar.readPending(visit.cookieHeader, id))
        if (found === undefined) {
          requireShape(provider.kind, visit)
          throw new Fault('InvalidAssertion', 'this sign-in was not started here', {
            reason: `${provider.kind}:state`,
          })
        }
      } catch (thrown) {
        return failed(visit, provider, thrown, {})
      }
      const { pending, journey } = found
      const spent = jar.clearPending(id)
      let assertion: Assertion
      try {
        const { rawQuery, rawBody, method } = visit
        assertion = await provider.redirect.complete({ method, rawQuery, rawBody }, pending)
        requireAdmitted(assertion)
      } catch (thrown) {
        return failed(visit, provider, thrown, { next: journey.next, cookies: [spent] })
      }
      const answer = await grant(visit, assertion, journey)
      return { ...answer, cookies: [...('cookies' in answer ? (answer.cookies ?? []) : []), spent] } as Answer
    },
  }
}
