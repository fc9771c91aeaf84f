/**
 * One request to a page, read once into a type. Handlers take a Visit and return an Answer; what Express knows stays
 * in `portal.ts`.
 */
import type { RequestOrigin } from '../audit/event.js'
import { Fault } from '../fault.js'
import type { SignInSession } from '../session/sign-in-session.js'

export interface Visit {
  readonly origin: RequestOrigin
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** As received, without `?`. */
  readonly rawQuery: string
  /** As received; empty unless it is a form. */
  readonly rawBody: string
  readonly query: URLSearchParams
  readonly form: URLSearchParams
  /** From the route's pattern, percent-decoded. */
  readonly params: Readonly<Record<string, string>>
  /** The Cookie header as received. */
  readonly cookieHeader: string | undefined
  readonly session: SignInSession | undefined
  /** The browser believes it is signed in, but is not any more. */
  readonly staleSession: boolean
}

export type SignedInVisit = Visit & { readonly session: SignInSession }

/**
 * The one value of a field; empty when it is absent.
 * @throws {Fault} `InvalidRequest` when it is repeated: two readers of a request must not see two values.
 */
export function field(from: URLSearchParams, name: string): string {
  const values = from.getAll(name)
  if (values.length > 1) throw new Fault('InvalidRequest', `\`${name}\` was given more than once`)
  return values[0] ?? ''
}
