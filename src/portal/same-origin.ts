/**
 * Whether a change was asked for by one of our own pages. Browsers say so themselves (Fetch Metadata, Origin); the
 * form's token, checked elsewhere, is the second lock on the same door.
 */
import { Fault } from '../fault.js'
import { csrfTokenMatches, type SignInSession } from '../session/sign-in-session.js'

/** @throws {Fault} `AccessDenied` when the request came from elsewhere, or does not say where it came from. */
export function requireSameOrigin(
  headers: { readonly secFetchSite: string | undefined; readonly origin: string | undefined },
  publicUrl: string,
): void {
  const same =
    headers.secFetchSite === undefined
      ? headers.origin === new URL(publicUrl).origin
      : headers.secFetchSite === 'same-origin' &&
        (headers.origin === undefined ||
          headers.origin === 'null' ||
          headers.origin === new URL(publicUrl).origin)
  if (same) return
  throw new Fault('AccessDenied', 'this request did not come from a page of this portal', {
    reason: 'web:csrf',
  })
}

/** @throws {Fault} `AccessDenied` when the form does not carry this session's token. */
export function requireToken(session: SignInSession, given: string): void {
  if (csrfTokenMatches(session, given)) return
  throw new Fault('AccessDenied', 'this form is out of date: open the page again', { reason: 'web:csrf' })
}
