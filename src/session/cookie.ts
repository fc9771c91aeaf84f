/**
 * Cookies as Rolegate writes and reads them. The public URL decides everything: on https the names carry `__Host-`,
 * which binds them to this host and keeps subdomains from planting one (RFC 6265bis §4.1.3.2).
 */

/** How a cookie travels: `lax` everywhere except for an answer that a provider posts from its own site. */
export type CookieTravel = 'lax' | 'cross-site'

export interface Cookies {
  /** The name in use for a purpose, e.g. `__Host-rolegate-session`. */
  name(purpose: string): string
  /**
   * @returns undefined when the cookie is absent or appears more than once: of two cookies with one name nobody
   * knows which is ours.
   */
  read(header: string | undefined, purpose: string): string | undefined
  /** Purposes present in the header that start with `prefix`. */
  purposes(header: string | undefined, prefix: string): readonly string[]
  /** A `Set-Cookie` value. Without `expiresAt` it lives as long as the browser runs. */
  write(
    purpose: string,
    value: string,
    options: { readonly travel: CookieTravel; readonly expiresAt?: Date },
  ): string
  /** A `Set-Cookie` value that removes it. */
  clear(purpose: string, travel: CookieTravel): string
}

const base = 'rolegate-'

export function createCookies(publicUrl: string): Cookies {
  const secure = new URL(publicUrl).protocol === 'https:'
  const prefix = secure ? `__Host-${base}` : base

  function attributes(travel: CookieTravel): string {
    // Without Secure, browsers refuse SameSite=None; over loopback http the demo's providers are the same site anyway.
    const sameSite = travel === 'cross-site' && secure ? 'None' : 'Lax'
    return `; Path=/; HttpOnly${secure ? '; Secure' : ''}; SameSite=${sameSite}`
  }

  return {
    name: (purpose) => prefix + purpose,
    read(header, purpose) {
      const values = pairs(header).filter(([name]) => name === prefix + purpose)
      return values.length === 1 ? values[0]![1] : undefined
    },
    purposes(header, wanted) {
      const found = pairs(header)
        .map(([name]) => name)
        .filter((name) => name.startsWith(prefix + wanted))
        .map((name) => name.slice(prefix.length))
      return [...new Set(found)]
    },
    write(purpose, value, { travel, expiresAt }) {
      const expires = expiresAt === undefined ? '' : `; Expires=${expiresAt.toUTCString()}`
      return `${prefix}${purpose}=${value}${attributes(travel)}${expires}`
    },
    clear: (purpose, travel) =>
      `${prefix}${purpose}=${attributes(travel)}; Expires=Thu, 01 Jan 1970 00:00:00 GMT`,
  }
}

function pairs(header: string | undefined): readonly (readonly [name: string, value: string])[] {
  if (header === undefined) return []
  return header.split(';').flatMap((part) => {
    const equals = part.indexOf('=')
    return equals < 0 ? [] : [[part.slice(0, equals).trim(), part.slice(equals + 1).trim()] as const]
  })
}
