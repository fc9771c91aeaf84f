/** What a handler answers; `portal.ts` puts it on the wire. The one place where components become HTML. */
import { h, type FunctionComponent } from 'preact'
import { renderToString } from 'preact-render-to-string'
import type { Notice } from './pages/forms.js'

export type Answer = PageAnswer | RedirectAnswer | DocumentAnswer

export interface PageAnswer {
  readonly type: 'page'
  readonly status: number
  readonly html: string
  /** What the page says went wrong: programs get this instead of the page. */
  readonly failure?: { readonly code: string; readonly text: string }
  /** Where the page's forms may lead besides this origin, as Content-Security-Policy sources. */
  readonly formTargets?: readonly string[]
  /** `Set-Cookie` values. */
  readonly cookies?: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
}

export interface RedirectAnswer {
  readonly type: 'redirect'
  /** A local path, or an absolute URL that a handler vouches for. */
  readonly location: string
  readonly cookies?: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
}

/** Something that is not a page and not personal. */
export interface DocumentAnswer {
  readonly type: 'document'
  readonly contentType: string
  readonly body: string
}

/** The failure that a page's notice tells of; nothing when it tells of none. */
export function failureIn(notice: Notice | undefined): Pick<PageAnswer, 'failure'> {
  return notice?.code === undefined ? {} : { failure: { code: notice.code, text: notice.text } }
}

/** 303: whatever the method was, the browser goes on with GET. */
export function redirect(
  location: string,
  more: { readonly cookies?: readonly string[]; readonly headers?: Readonly<Record<string, string>> } = {},
): RedirectAnswer {
  return { type: 'redirect', location, ...more }
}

export function page<Props extends object>(
  component: FunctionComponent<Props>,
  props: Props,
  more: Partial<Omit<PageAnswer, 'type' | 'html'>> = {},
): PageAnswer {
  return { type: 'page', status: 200, html: `<!doctype html>${renderToString(h(component, props))}`, ...more }
}
