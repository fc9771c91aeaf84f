/**
 * What every answer of the pages says to the browser about trust: nothing from elsewhere, nothing in frames, nothing
 * kept. The only importer of helmet.
 */
import type { RequestHandler } from 'express'
import helmet, { strictTransportSecurity } from 'helmet'

/** Everything but the Content-Security-Policy, which differs by page. */
export function createSecurityHeaders(publicUrl: () => string): RequestHandler {
  const overHttp = helmet({
    contentSecurityPolicy: false,
    crossOriginEmbedderPolicy: { policy: 'require-corp' },
    crossOriginOpenerPolicy: { policy: 'same-origin' },
    crossOriginResourcePolicy: { policy: 'same-origin' },
    referrerPolicy: { policy: 'no-referrer' },
    strictTransportSecurity: false,
    xFrameOptions: { action: 'deny' },
    xPoweredBy: true,
  })
  const transportSecurity = strictTransportSecurity({ maxAge: 31_536_000, includeSubDomains: false })
  return (request, response, next) => {
    overHttp(request, response, (failure?: unknown) => {
      if (failure !== undefined) return next(failure)
      const url = new URL(publicUrl())
      // Over plain http beyond loopback browsers send no Sec-Fetch-Site, and with `no-referrer` no Origin either.
      if (!isTrustworthy(url)) response.setHeader('Referrer-Policy', 'same-origin')
      response.setHeader('Permissions-Policy', 'camera=(), geolocation=(), microphone=(), payment=(), usb=()')
      return url.protocol === 'https:' ? transportSecurity(request, response, next) : next()
    })
  }
}

/** @param formTargets Sources besides this origin that forms may lead to, redirects included. */
export function contentSecurityPolicy(formTargets: readonly string[] = []): string {
  return [
    "default-src 'none'",
    "base-uri 'none'",
    "connect-src 'self'",
    "font-src 'none'",
    `form-action ${["'self'", ...formTargets].join(' ')}`,
    "frame-ancestors 'none'",
    "img-src 'self'",
    "manifest-src 'none'",
    "object-src 'none'",
    "require-trusted-types-for 'script'",
    "script-src 'self'",
    "style-src 'self'",
    "trusted-types 'none'",
  ].join('; ')
}

/** https://www.w3.org/TR/secure-contexts/#is-origin-trustworthy, as far as it matters here. */
function isTrustworthy(url: URL): boolean {
  return url.protocol === 'https:' || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)
}
