/** Signing in by user name and password, within what the throttle allows. Proof is the provider's business. */
import { Fault } from '../fault.js'
import type { Assertion, IdentityProvider } from '../federation/assertion.js'
import type { Answer } from './answer.js'
import type { SignInDeps, SignInOutcomes } from './sign-in-outcome.js'
import { attemptedIdentity } from './sign-in-record.js'
import { field, type Visit } from './visit.js'

const longestUsername = 256
const longestPassword = 1024

/** The answer to `POST /signin/:provider`, where the provider takes passwords. */
export function createPasswordSignIn(
  deps: SignInDeps,
  { signInPage, recordFailure, requireAdmitted, grant, wayOn, failed }: SignInOutcomes,
): (visit: Visit, provider: IdentityProvider) => Promise<Answer> {
  return async function byPassword(visit, provider) {
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
}

function minutes(seconds: number): string {
  if (seconds < 90) return `${String(Math.max(1, Math.ceil(seconds)))} seconds`
  return `${String(Math.ceil(seconds / 60))} minutes`
}
