/**
 * What a signed-in browser stands for. Two records in the store: the sign-in itself (who, since when, until when),
 * written once and taken away at sign-out, and the browser's own record (cookie → sign-in, active role), which changes.
 * Whatever races with a sign-out, a browser record without its sign-in is worth nothing.
 * Cookies are `cookie.ts`; which role may become active is decided by the role room.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { SignInRevocations } from '../credentials/revocation.js'
import type { Assertion } from '../federation/assertion.js'
import type { Clock, RandomBytes } from '../fault.js'
import type { ExpiringStore } from '../store/expiring-store.js'
import { assertionFromJson, assertionToJson } from './assertion-codec.js'

export interface SignInSession {
  /** SHA-256 of the cookie's value: safe to keep and to name, unlike the value. */
  readonly key: string
  /** The sign-in that this browser record belongs to. */
  readonly signIn: string
  readonly assertion: Assertion
  readonly createdAt: Date
  readonly expiresAt: Date
  /** Forms of this sign-in carry this; it survives a role switch, so that other tabs keep working. */
  readonly csrfToken: string
  /** The role in use; absent while only the sign-in identity is. May have expired. */
  readonly active?: ActiveRole
  /** Roles left by switching on, the most recent last. */
  readonly previous: readonly ChosenRole[]
}

/** A role as the person named and coloured it. */
export interface ChosenRole {
  readonly roleArn: string
  readonly displayName: string
  /** `#rrggbb` */
  readonly color?: string
}

/** About the role session in use, never its credentials: those are minted anew when somebody asks to see keys. */
export interface ActiveRole extends ChosenRole {
  readonly account: string
  readonly sessionName: string
  readonly accessKeyId: string
  readonly issuedAt: Date
  readonly expiresAt: Date
}

export interface RoleChoice {
  readonly active?: ActiveRole
  readonly previous: readonly ChosenRole[]
}

export interface SignInSessions {
  /** False: a sign-in with it would be over at once, since it goes back to before a revocation. */
  admits(assertion: Assertion): boolean
  /** A new sign-in for `seconds`, or less when the provider's own session ends sooner. `cookie` is shown to nobody else. */
  begin(
    assertion: Assertion,
    seconds: number,
  ): Promise<{ readonly cookie: string; readonly session: SignInSession }>
  /**
   * @returns undefined for a cookie that is malformed, unknown, expired or signed out, and when the sign-in was revoked.
   */
  find(cookie: string): Promise<SignInSession | undefined>
  /**
   * Changes the role in use, under a new cookie; the old one is dead.
   * @returns undefined when the session was renewed or ended by somebody else meanwhile.
   */
  chooseRole(session: SignInSession, choice: RoleChoice): Promise<{ readonly cookie: string } | undefined>
  /** Ends the sign-in in every browser record that belongs to it. */
  end(session: Pick<SignInSession, 'key' | 'signIn'>): Promise<void>
}

const cookieBytes = 32
const cookiePattern = /^[A-Za-z0-9_-]{43}$/
/** Enough to walk back through a working day, and a bound on the record's size. */
const previousKept = 10

export function createSignInSessions(deps: {
  readonly store: ExpiringStore
  readonly now: Clock
  readonly random: RandomBytes
  readonly revocations: SignInRevocations
}): SignInSessions {
  const { store, now, random, revocations } = deps

  async function writeBrowser(signIn: string, choice: RoleChoice, expiresAt: Date): Promise<string> {
    const cookie = random(cookieBytes).toString('base64url')
    const previous = choice.previous.slice(-previousKept)
    await store.put(browserKey(digest(cookie)), JSON.stringify({ ...choice, signIn, previous }), expiresAt)
    return cookie
  }

  return {
    admits: (assertion) => !revocations.endsSignIn(assertion, now()),

    async begin(assertion, seconds) {
      const createdAt = now()
      const latest = new Date(createdAt.getTime() + seconds * 1000)
      const ends = assertion.sessionEndsAt
      const expiresAt = ends !== undefined && ends < latest ? ends : latest
      const signIn = random(16).toString('hex')
      const csrfSecret = random(32).toString('base64url')
      const record = { assertion: assertionToJson(assertion), createdAt, expiresAt, csrfSecret }
      await store.put(signInKey(signIn), JSON.stringify(record), expiresAt)
      const cookie = await writeBrowser(signIn, { previous: [] }, expiresAt)
      const session = {
        key: digest(cookie),
        signIn,
        assertion,
        createdAt,
        expiresAt,
        csrfToken: csrfToken(csrfSecret),
        previous: [],
      }
      return { cookie, session }
    },

    async find(cookie) {
      if (!cookiePattern.test(cookie)) return undefined
      const key = digest(cookie)
      const browserText = await store.get(browserKey(key))
      if (browserText === undefined) return undefined
      const browser = JSON.parse(browserText) as BrowserRecord
      const signInText = await store.get(signInKey(browser.signIn))
      if (signInText === undefined) return undefined
      const signIn = JSON.parse(signInText) as SignInRecord
      const expiresAt = new Date(signIn.expiresAt)
      if (expiresAt <= now()) return undefined
      const assertion = assertionFromJson(signIn.assertion)
      const createdAt = new Date(signIn.createdAt)
      if (revocations.endsSignIn(assertion, createdAt)) return undefined
      return {
        key,
        signIn: browser.signIn,
        assertion,
        createdAt,
        expiresAt,
        csrfToken: csrfToken(signIn.csrfSecret),
        previous: browser.previous,
        ...(browser.active === undefined ? {} : { active: readActive(browser.active) }),
      }
    },

    async chooseRole(session, choice) {
      const cookie = await writeBrowser(session.signIn, choice, session.expiresAt)
      const replaced = await store.take(browserKey(session.key))
      if (replaced !== undefined) return { cookie }
      await store.take(browserKey(digest(cookie)))
      return undefined
    },

    async end(session) {
      await store.take(signInKey(session.signIn))
      await store.take(browserKey(session.key))
    },
  }
}

/** Whether a form carries this session's token. */
export function csrfTokenMatches(session: SignInSession, given: string): boolean {
  const expected = Buffer.from(session.csrfToken)
  const actual = Buffer.from(given)
  return expected.length === actual.length && timingSafeEqual(expected, actual)
}

interface SignInRecord {
  readonly assertion: unknown
  readonly createdAt: string
  readonly expiresAt: string
  readonly csrfSecret: string
}

interface BrowserRecord {
  readonly signIn: string
  readonly active?: StoredActiveRole
  readonly previous: readonly ChosenRole[]
}

type StoredActiveRole = Omit<ActiveRole, 'issuedAt' | 'expiresAt'> & {
  readonly issuedAt: string
  readonly expiresAt: string
}

function readActive(stored: StoredActiveRole): ActiveRole {
  return { ...stored, issuedAt: new Date(stored.issuedAt), expiresAt: new Date(stored.expiresAt) }
}

function csrfToken(secret: string): string {
  return createHmac('sha256', secret).update('rolegate form').digest('base64url')
}

function digest(cookie: string): string {
  return createHash('sha256').update(cookie).digest('hex')
}

const signInKey = (id: string): string => `session.sign-in:${id}`
const browserKey = (key: string): string => `session.browser:${key}`
