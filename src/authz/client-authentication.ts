/** Who signed a request that came to somebody else: an upstream behind a proxy, or a resource server. */
import { authenticate, type Authentication, type AuthenticationDeps } from '../authentication/authenticate.js'
import { sha256Hex, type ReceivedRequest } from '../signature/canonical-request.js'
import type { Payload } from '../signature/payload.js'
import type { SignedBody } from './access.js'

/** Services whose requests come to Rolegate itself: what was signed for them is nobody else's to judge. */
export const ownServices: ReadonlySet<string> = new Set(['sts', 'rolegate'])

export const emptyBodyHash = sha256Hex('')
/** As long as AWS's services honour a presigned request. */
const maxPresignedSeconds = 604_800

export interface ClientAuthenticationDeps extends Pick<
  AuthenticationDeps,
  'sessions' | 'keys' | 'revocations' | 'directory' | 'now'
> {
  readonly clockSkewSeconds: number
}

/**
 * A signature may be used again while it is valid, whatever `sts.replayProtection` says: presigned requests are made
 * for that. A promise only where the store has to be asked; never throws or rejects.
 */
export function authenticateClient(
  request: ReceivedRequest,
  body: SignedBody,
  expected: { readonly service: string; readonly hosts: readonly string[] },
  deps: ClientAuthenticationDeps,
): Promise<Authentication> | Authentication {
  const { sessions, keys, revocations, directory, now, clockSkewSeconds } = deps
  const payload = payloadOf(request, body)
  return authenticate(request, payload, {
    sessions,
    keys,
    revocations,
    directory,
    now,
    settings: {
      clockSkewSeconds,
      publicHosts: expected.hosts,
      service: expected.service,
      maxPresignedSeconds,
    },
  })
}

function payloadOf(request: ReceivedRequest, body: SignedBody): Payload {
  if (body.type === 'hashed') return { type: 'computed', hash: () => body.sha256 }
  return declaresPayload(request) ? body : { ...body, empty: true }
}

const inQuery = /(?:^|&)X-Amz-Content-Sha256=/

/**
 * Whether the client says what its body is. Overlooks a parameter whose name is percent-encoded: such a request counts
 * as one without a body, and is refused because it says something else.
 */
export function declaresPayload({ headers, rawQuery }: ReceivedRequest): boolean {
  return headers.some(([name]) => name === 'x-amz-content-sha256') || inQuery.test(rawQuery)
}
