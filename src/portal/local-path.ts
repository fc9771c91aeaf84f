/**
 * Where a browser may be sent after signing in: a page of ours, by its path. Links carry this as `next`, so it is
 * whatever a stranger wrote, and an open redirect if it were believed.
 */

/** First segments of the pages a deep link may name. Sign-in itself is not among them: no loops. */
const pages = new Set(['account', 'accounts', 'authorize', 'device', 'roles', 'session', 'switchrole'])
const longest = 4096
const afterSignIn = '/accounts'

/** @returns the path with its query, or undefined when it is not one of our pages. */
export function localPath(given: string): string | undefined {
  // Browsers read a backslash as a slash and skip tabs and line ends, so only printable ASCII without it is looked at.
  if (given.length > longest || !/^\/(?![/\\])[!-[\]-~]*$/.test(given)) return undefined
  const url = URL.canParse(given, 'http://local.invalid') ? new URL(given, 'http://local.invalid') : undefined
  if (url === undefined || url.origin !== 'http://local.invalid') return undefined
  if (!pages.has(url.pathname.split('/')[1] ?? '')) return undefined
  return url.pathname + url.search
}

/** The page to show after signing in. */
export function pathAfterSignIn(given: string): string {
  return localPath(given) ?? afterSignIn
}

/** The sign-in page, with the way back to `next`. */
export function signInPath(options: { readonly next?: string; readonly notice?: SignInNotice }): string {
  const query = new URLSearchParams()
  if (options.notice !== undefined) query.set('notice', options.notice)
  if (options.next !== undefined && localPath(options.next) !== undefined) query.set('next', options.next)
  const text = query.toString()
  return text === '' ? '/signin' : `/signin?${text}`
}

export type SignInNotice = 'signed-out' | 'expired'
