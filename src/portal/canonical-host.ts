/**
 * `localhost` and `127.0.0.1` are two sites to a browser, with two sets of cookies. People type either; the public
 * URL decides. Only for loopback: behind a proxy the Host header says nothing about what the browser shows.
 */

const loopback = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/

/** @returns the public URL to go on at, or undefined when the request came to the right name. */
export function loopbackName(
  method: string,
  host: string | undefined,
  publicUrl: string,
): string | undefined {
  const expected = new URL(publicUrl).host
  if ((method !== 'GET' && method !== 'HEAD') || host === undefined || host === expected) return undefined
  if (!loopback.test(host) || !loopback.test(expected)) return undefined
  return host.split(':').at(-1) === expected.split(':').at(-1) ? publicUrl : undefined
}
