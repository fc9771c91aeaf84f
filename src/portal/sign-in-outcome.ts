/**
 * What comes of an attempt to sign in: a session and the way on, or the page again with what went wrong. Either is
 * recorded first: what could not be written to the audit log did not happen.
 */
import { identityOf } from '../audit/build-event.js'
import { Fault } from '../fault.js'
import type { Assertion, IdentityProvider } from '../federation/assertion.js'
import type { Journey } from '../session/pending-sign-in.js'
import { failureIn, page, redirect, type Answer } from './answer.js'
import type { CookieJar } from './cookie-jar.js'
import { failureOf, type Failure } from './failures.js'
import type { FrameMaker } from './frames.js'
import { localPath, pathAfterSignIn } from './local-path.js'
import type { Notice } from './pages/forms.js'
import { SignInPage } from './pages/sign-in-page.js'
import type { PortalDeps } from './portal-deps.js'
import { unknownIdentity, type Attempted, type RecordMaker, type RefusalRecorder } from './sign-in-record.js'
import { field, type Visit } from './visit.js'

export type SignInDeps = Pick<
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

export interface SignInEdge {
  readonly frameFor: FrameMaker
  readonly jar: CookieJar
  readonly record: RecordMaker
  readonly refused: RefusalRecorder
}

/** What the page has of the attempt before. */
interface ShownAgain {
  readonly open?: string
  readonly username?: string
  readonly next?: string
  readonly cookies?: readonly string[]
}

interface Shown extends ShownAgain {
  readonly status?: number
  readonly notice?: Notice
  readonly headers?: Readonly<Record<string, string>>
}

export interface SignInOutcomes {
  readonly signInPage: (visit: Visit, more?: Shown) => Promise<Answer>
  /** @throws {Fault} `AuditUnavailable` */
  readonly recordFailure: (
    visit: Visit,
    provider: string,
    refusal: { readonly reason: string; readonly code: string; readonly attempted?: Attempted },
  ) => Promise<void>
  /** @throws {Fault} `ExpiredAssertion` when the person's sessions were ended after this sign-in began. */
  readonly requireAdmitted: (assertion: Assertion) => void
  readonly grant: (visit: Visit, assertion: Assertion, journey: Journey) => Promise<Answer>
  /** Where to go after the sign-in, for what a link asks for. */
  readonly wayOn: (visit: Visit, given: string) => Promise<string>
  /** For a provider that threw. */
  readonly failed: (
    visit: Visit,
    provider: IdentityProvider,
    thrown: unknown,
    again: ShownAgain,
    attempted?: Attempted,
  ) => Promise<Answer>
}

export function createSignInOutcomes(deps: SignInDeps, edge: SignInEdge): SignInOutcomes {
  async function signInPage(visit: Visit, more: Shown = {}): Promise<Answer> {
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
    return redirect(journey.next, { cookies: [edge.jar.session(cookie)] })
  }

  /** A link that tries to lead elsewhere after the sign-in is on record; the person lands on the usual page. */
  async function wayOn(visit: Visit, given: string): Promise<string> {
    if (given !== '' && localPath(given) === undefined) {
      const refusal = { code: 'InvalidRequest', reason: 'web:redirect-refused', path: visit.path } as const
      await edge.refused(visit.origin, refusal)
    }
    return pathAfterSignIn(given)
  }

  /** A provider that threw: recorded with its reason, shown on the sign-in page, so that other sources stay at hand. */
  async function failed(
    visit: Visit,
    provider: IdentityProvider,
    thrown: unknown,
    again: ShownAgain,
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

  return { signInPage, recordFailure, requireAdmitted, grant, wayOn, failed }
}

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
