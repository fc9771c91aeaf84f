/** The pages' own cookies, by name and lifetime; the public URL at hand decides how they are written. */
import { createCookies } from '../session/cookie.js'
import { pendingCookiePrefix, pendingCookiePurpose } from '../session/pending-sign-in.js'

export interface CookieJar {
  readSession(header: string | undefined): string | undefined
  /** Whether any session cookie came along, readable or not. */
  hasSession(header: string | undefined): boolean
  session(value: string): string
  clearSession(): string
  readPending(header: string | undefined, id: string): string | undefined
  pending(purpose: string, value: string, expiresAt: Date): string
  clearPending(id: string): string
  /** Cookies of journeys that were begun and not finished, when there are too many to keep. */
  clearAbandoned(header: string | undefined): readonly string[]
}

const journeysKept = 5

export function createCookieJar(publicUrl: () => string): CookieJar {
  const cookies = () => createCookies(publicUrl())
  return {
    readSession: (header) => cookies().read(header, 'session'),
    hasSession: (header) => cookies().purposes(header, 'session').includes('session'),
    session: (value) => cookies().write('session', value, { travel: 'lax' }),
    clearSession: () => cookies().clear('session', 'lax'),
    readPending: (header, id) => cookies().read(header, pendingCookiePurpose(id)),
    pending: (purpose, value, expiresAt) =>
      cookies().write(purpose, value, { travel: 'cross-site', expiresAt }),
    clearPending: (id) => cookies().clear(pendingCookiePurpose(id), 'cross-site'),
    clearAbandoned(header) {
      const jar = cookies()
      const begun = jar
        .purposes(header, pendingCookiePrefix)
        .filter((purpose) => /^pending-[0-9a-f]{16}$/.test(purpose))
      return begun.length < journeysKept ? [] : begun.map((purpose) => jar.clear(purpose, 'cross-site'))
    },
  }
}
