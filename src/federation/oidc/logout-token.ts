/**
 * Logout tokens: an issuer says that somebody signed out there (OpenID Connect Back-Channel Logout 1.0 section 2.6).
 * Decides whether it really says so, to us, now and for the first time; whose sessions end is for the caller.
 */
import { createHash } from 'node:crypto'
import { Fault, type Clock } from '../../fault.js'
import type { ExpiringStore } from '../../store/expiring-store.js'
import type { LogoutTokenVerifier } from '../assertion.js'
import { isJsonObject, member, type JsonObject } from './strict-json.js'
import { checkAudience, checkProviderSession, checkSubject, checkTimes } from './token-claims.js'
import type { VerifySignature } from './verify-token.js'

const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'
/** Section 2.4: explicit typing is recommended, and older issuers say `JWT`; what a token is for, `events` decides. */
const types = /^(?:application\/)?(?:logout\+jwt|jwt)$/i
/** Sent when it happens, and at most tried again for a while. */
const maxAgeSeconds = 600
const longestTokenId = 1_024

export function createLogoutTokenVerifier(
  settings: { readonly issuer: string; readonly clientId: string; readonly clockSkewSeconds: number },
  deps: {
    readonly verifySignature: VerifySignature
    readonly store: ExpiringStore
    readonly now: Clock
  },
): LogoutTokenVerifier {
  const { issuer, clientId, clockSkewSeconds } = settings

  /** The mark outlives the token, so there is no moment at which it could come back. */
  async function useOnce(tokenId: string, issuedAt: Date): Promise<void> {
    const name = createHash('sha256')
      .update(JSON.stringify([issuer, tokenId]))
      .digest('hex')
    const until = new Date(issuedAt.getTime() + (maxAgeSeconds + clockSkewSeconds + 1) * 1_000)
    if (!(await deps.store.add(`oidc:logout:${name}`, '', until))) throw refused('used before')
  }

  return {
    async verify(token) {
      try {
        const { claims } = await deps.verifySignature(token, { types })
        checkPurpose(claims)
        checkAudience(claims, [clientId])
        const issuedAt = checkTimes(claims, { maxAgeSeconds, clockSkewSeconds, now: deps.now() })
        const subject = Object.hasOwn(claims, 'sub') ? checkSubject(claims) : undefined
        const providerSession = checkProviderSession(claims)
        if (subject === undefined && providerSession === undefined) throw refused('neither `sub` nor `sid`')
        await useOnce(tokenIdOf(claims), issuedAt)
        return {
          issuer,
          issuedAt,
          ...(subject === undefined ? {} : { subject }),
          ...(providerSession === undefined ? {} : { providerSession }),
        }
      } catch (cause) {
        throw asLogoutFault(cause)
      }
    },
  }
}

/** Section 2.6 steps 5 and 6. Keycloak also writes a `typ` among the claims. */
function checkPurpose(claims: JsonObject): void {
  const type = member(claims, 'typ')
  const other = type !== undefined && !(typeof type === 'string' && /^(?:logout(?:\+jwt)?|jwt)$/i.test(type))
  if (other) throw refused('a token for something else')
  const events = member(claims, 'events')
  if (!isJsonObject(events) || !isJsonObject(member(events, logoutEvent))) throw refused('no logout event')
  if (Object.hasOwn(claims, 'nonce')) throw refused('a nonce, which only ID tokens have')
}

function tokenIdOf(claims: JsonObject): string {
  const tokenId = member(claims, 'jti')
  if (typeof tokenId === 'string' && tokenId !== '' && tokenId.length <= longestTokenId) return tokenId
  throw refused('no usable `jti`')
}

function refused(detail: string): Fault {
  return new Fault('InvalidAssertion', message, { reason: 'oidc:logout', cause: new Error(detail) })
}

const message = 'the logout token could not be verified'

/** One sentence for everything that is wrong with the token; the reason stays. */
function asLogoutFault(cause: unknown): unknown {
  const isTokens =
    cause instanceof Fault && (cause.code === 'InvalidAssertion' || cause.code === 'ExpiredAssertion')
  if (!isTokens || cause.message === message) return cause
  return new Fault('InvalidAssertion', message, {
    ...(cause.reason === undefined ? {} : { reason: cause.reason }),
    cause,
  })
}
