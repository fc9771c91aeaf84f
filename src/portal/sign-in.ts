/**
 * Signing in, by every kind of source. Each attempt is recorded before it counts: what could not be written to the
 * audit log did not happen. Proof is the providers' business, throttling the throttle's.
 */
import { identityOf } from '../audit/build-event.js'
import { Fault } from '../fault.js'
import type { Assertion, IdentityProvider } from '../federation/assertion.js'
import type { Journey } from '../session/pending-sign-in.js'
import { failureIn, page, redirect, type Answer } from './answer.js'
import { journeyOf, requireShape } from './arrival.js'
import type { CookieJar } from './cookie-jar.js'
import { failureOf, type Failure } from './failures.js'
import type { FrameMaker } from './frames.js'
import { localPath, pathAfterSignIn } from './local-path.js'
import { DeparturePage } from './pages/departure-page.js'
import type { Notice } from './pages/forms.js'
import { SignInPage } from './pages/sign-in-page.js'
import type { PortalDeps } from './portal-deps.js'
import {
  attemptedIdentity,
  unknownIdentity,
  type Attempted,
  type RecordMaker,
  type RefusalRecorder,
} from './sign-in-record.js'
import { field, type Visit } from './visit.js'

const longestUsername = 256
const longestPassword = 1024

export interface SignInPages {
  readonly show: (visit: Visit) => Promise<Answer>
  /** `GET /signin/:provider` */
  readonly start: (visit: Visit) => Promise<Answer>
  /** `POST /signin/:provider` */
  readonly submit: (visit: Visit) => Promise<Answer>
  readonly callback: (visit: Visit) => Promise<Answer>
  readonly metadata: (visit: Visit) => Promise<Answer>
}

type Deps = Pick<
  PortalDeps,
  | 'settings'
  | 'providers'
  | 'sessions'
  | 'pending'
  | 'throttle'
  | 'audit'
  | 'metrics'
  | 'log'
  | 'demo'
  | 'nameDigest'
>

export function createSignInPages(
  deps: Deps,
  edge: {
    readonly frameFor: FrameMaker
    readonly jar: CookieJar
    readonly record: RecordMaker
    readonly refused: RefusalRecorder
  },
): SignInPages {
  const { jar } = edge

  function named(visit: Visit): IdentityProvider {
    const provider = deps.providers().find(({ name }) => name === visit.params['provider'])
    if (provider === undefined) throw new Fault('NotFound', 'there is no such way to sign in')
    return provider
  }

  async function signInPage(
    visit: Visit,
    more: {
      readonly status?: number
      readonly open?: string
      readonly username?: string
      readonly next?: string
      readonly notice?: Notice
      readonly headers?: Readonly<Record<string, string>>
      readonly cookies?: readonly string[]
    } = {},
  ): Promise<Answer> {
    const providers = deps.providers()
    const next = more.next ?? field(visit.query, 'next')
    const view = {
      redirects: providers.filter(({ redirect: byRedirect }) => byRedirect !== undefined),
      passwords: providers.filter(({ password }) => password !== undefined),
      username: more.username ?? '',
      next: localPath(next) ?? '',
      ...(more.open === undefined ? {} : { open: more.open }),
      ...(more.notice === undefined ? {} : { notice: more.notice }),
      ...(deps.demo === undefined ? {} : { demo: deps.demo }),
    }
    const frame = await edge.frameFor({ ...visit, session: undefined })
    return page(
      SignInPage,
      { frame, view },
      {
        status: more.status ?? 200,
        ...failureIn(more.notice),
        ...(more.headers === undefined ? {} : { headers: more.headers }),
        ...(more.cookies === undefined ? {} : { cookies: more.cookies }),
      },
    )
  }

  /** @throws {Fault} `AuditUnavailable` */
  async function recordFailure(
    visit: Visit,
    provider: string,
    refusal: { readonly reason: string; readonly code: string; readonly attempted?: Attempted },
  ): Promise<void> {
    const { reason, code, attempted = { userIdentity: unknownIdentity } } = refusal
    const { userIdentity, ...digest } = attempted
    await deps.audit.record(
      edge.record(visit.origin, {
        eventSource: 'signin.amazonaws.com',
        eventName: 'ConsoleLogin',
        userIdentity,
        responseElements: { ConsoleLogin: 'Failure' },
        errorCode: code,
        errorMessage: 'Failed authentication',
        additionalEventData: { provider, reason, ...digest, MobileVersion: 'No', MFAUsed: 'No' },
      }),
    )
  }

  /** @throws {Fault} `ExpiredAssertion`: otherwise the next page would ask to sign in again, and not say why. */
  function requireAdmitted(assertion: Assertion): void {
    if (deps.sessions.admits(assertion)) return
    throw new Fault('ExpiredAssertion', 'this sign-in began before the sessions of this person were ended', {
      reason: 'session:revoked',
    })
  }

  /** Record first, then grant. */
  async function grant(visit: Visit, assertion: Assertion, journey: Journey): Promise<Answer> {
    await deps.audit.record(
      edge.record(visit.origin, {
        eventSource: 'signin.amazonaws.com',
        eventName: 'ConsoleLogin',
        userIdentity: identityOf(assertion),
        responseElements: { ConsoleLogin: 'Success' },
        additionalEventData: {
          provider: assertion.provider,
          issuer: assertion.issuer,
          subject: assertion.subject,
          LoginTo: deps.settings().publicUrl + new URL(journey.next, 'http://local.invalid').pathname,
          MobileVersion: 'No',
          MFAUsed: assertion.multiFactor ? 'Yes' : 'No',
        },
      }),
    )
    const { cookie } = await deps.sessions.begin(assertion, deps.settings().sessions.signInSeconds)
    if (journey.replaces !== undefined) await deps.sessions.end(journey.replaces)
    if (visit.session !== undefined) await deps.sessions.end(visit.session)
    deps.metrics.signIn(assertion.provider, 'success')
    return redirect(journey.next, { cookies: [jar.session(cookie)] })
  }

  /** A link that tries to lead elsewhere after the sign-in is on record; the person lands on the usual page. */
  async function wayOn(visit: Visit, given: string): Promise<string> {
    if (given !== '' && localPath(given) === undefined) {
      const refusal = { code: 'InvalidRequest', reason: 'web:redirect-refused', path: visit.path } as const
      await edge.refused(visit.origin, refusal)
    }
    return pathAfterSignIn(given)
  }

  async function byPassword(visit: Visit, provider: IdentityProvider): Promise<Answer> {
    if (!visit.form.has('username') || !visit.form.has('password')) {
      throw new Fault('InvalidRequest', 'a sign-in is a form with a user name and a password')
    }
    const username = field(visit.form, 'username').trim()
    const password = field(visit.form, 'password')
    const next = field(visit.form, 'next')
    const again = { open: provider.name, username: username.slice(0, longestUsername), next }

    const attempt = await deps.throttle.attempt(`${provider.name}/${username}`, visit.origin.sourceIp)
    if (!attempt.allowed) {
      const attempted = await attemptedIdentity(provider, username, deps.nameDigest)
      await recordFailure(visit, provider.name, { reason: 'web:throttled', code: 'Throttled', attempted })
      deps.metrics.signIn(provider.name, 'throttled')
      const wait = String(Math.max(1, Math.ceil(attempt.retryAfterSeconds)))
      const text = `Too many attempts. Wait ${minutes(attempt.retryAfterSeconds)}, then try again.`
      return signInPage(visit, {
        ...again,
        status: 429,
        headers: { 'Retry-After': wait },
        notice: { tone: 'bad', text, requestId: visit.origin.requestId, code: 'Throttled' },
      })
    }

    const plausible =
      username !== '' && username.length <= longestUsername && password.length <= longestPassword
    let assertion: Assertion | null
    try {
      assertion =
        plausible && password !== '' ? await provider.password!.authenticate(username, password) : null
      if (assertion !== null) requireAdmitted(assertion)
    } catch (thrown) {
      if (thrown instanceof Fault && thrown.code === 'ProviderUnavailable') await attempt.abandoned()
      return failed(
        visit,
        provider,
        thrown,
        again,
        await attemptedIdentity(provider, username, deps.nameDigest),
      )
    }
    if (assertion === null) {
      const attempted = await attemptedIdentity(provider, username, deps.nameDigest)
      const code = 'ProviderRejected'
      await recordFailure(visit, provider.name, { reason: 'web:password', code, attempted })
      deps.metrics.signIn(provider.name, 'denied')
      const text = 'The user name or the password is wrong.'
      return signInPage(visit, {
        ...again,
        status: 403,
        notice: { tone: 'bad', text, requestId: visit.origin.requestId, code },
      })
    }
    const answer = await grant(visit, assertion, { next: await wayOn(visit, next) })
    await attempt.succeeded().catch((cause: unknown) => deps.log.warn('portal.throttle.unreset', { cause }))
    return answer
  }

  /** A provider that threw: recorded with its reason, shown on the sign-in page, so that other sources stay at hand. */
  async function failed(
    visit: Visit,
    provider: IdentityProvider,
    thrown: unknown,
    again: {
      readonly open?: string
      readonly username?: string
      readonly next?: string
      readonly cookies?: readonly string[]
    },
    attempted?: Attempted,
  ): Promise<Answer> {
    const failure = failureOf(thrown)
    const unavailable = failure.status >= 500
    const reason = (thrown instanceof Fault ? thrown.reason : undefined) ?? 'unexpected'
    const level = unavailable ? 'error' : 'warn'
    deps.log[level]('portal.sign-in.failed', {
      requestId: visit.origin.requestId,
      provider: provider.name,
      fault: failure.code,
      reason,
      cause: thrown,
    })
    const { code } = failure
    await recordFailure(visit, provider.name, { reason, code, ...(attempted && { attempted }) })
    deps.metrics.signIn(provider.name, unavailable ? 'unavailable' : 'invalid')
    return signInPage(visit, {
      ...again,
      status: failure.status,
      notice: {
        tone: unavailable ? 'warn' : 'bad',
        text: failureText(provider, failure),
        requestId: visit.origin.requestId,
        code,
      },
    })
  }

  async function byRedirect(visit: Visit, provider: IdentityProvider, given: string): Promise<Answer> {
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
    const frame = await edge.frameFor({ ...visit, session: undefined })
    // Browsers apply form-action to the redirects that follow as well, and providers redirect within their estate.
    const formTargets = action.protocol === 'https:' ? ['https:'] : [action.origin]
    const going = { frame, provider: provider.displayName, action: action.href, fields }
    return page(DeparturePage, going, {
      cookies,
      formTargets,
    })
  }

  return {
    async show(visit) {
      const { session } = visit
      if (session !== undefined) return redirect(pathAfterSignIn(field(visit.query, 'next')))
      const notice = notices[field(visit.query, 'notice')]
      return signInPage(visit, {
        ...(notice === undefined ? {} : { notice }),
        ...(visit.staleSession ? { cookies: [jar.clearSession()] } : {}),
      })
    },

    async start(visit) {
      const provider = named(visit)
      if (provider.redirect !== undefined) return byRedirect(visit, provider, field(visit.query, 'next'))
      return signInPage(visit, { open: provider.name })
    },

    async submit(visit) {
      const provider = named(visit)
      if (provider.password !== undefined) return byPassword(visit, provider)
      if (provider.redirect !== undefined) return byRedirect(visit, provider, field(visit.form, 'next'))
      throw new Fault('NotFound', 'there is no such way to sign in')
    },

    async callback(visit) {
      const provider = named(visit)
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

function failureText(provider: IdentityProvider, failure: Failure): string {
  const startAgain = 'Start again; if it happens again, ask your administrator.'
  if (failure.code === 'ProviderUnavailable') {
    return `${provider.displayName} cannot be reached right now. Other ways to sign in still work.`
  }
  if (failure.status >= 500) return failure.text
  return failure.status === 400
    ? `What came back from ${provider.displayName} could not be read. ${startAgain}`
    : `${provider.displayName} did not confirm this sign-in. ${startAgain}`
}

function minutes(seconds: number): string {
  if (seconds < 90) return `${String(Math.max(1, Math.ceil(seconds)))} seconds`
  return `${String(Math.ceil(seconds / 60))} minutes`
}
