/**
 * The path of a request as the name of a resource. Proxies and upstreams read unusual paths differently: they decode
 * once or twice, merge slashes, follow dot segments, cut off `;…`. A path that one of them could take for another one
 * than is judged here has no name and is refused.
 */

/** Empty and dot segments, path parameters, backslashes, fragments, blanks, and everything that is not ASCII. */
const unusual = /\/\/|\/\.{1,2}(?:\/|$)|[;\\#]|[^\x21-\x7e]/
/** The same where it is percent-encoded: once, and once more by whoever wants it decoded twice. */
const encoded = /%(?:25)*(?:2f|3b|5c|[01][0-9a-f]|7f)/i
const twiceEncodedDot = /%(?:25)+2e/i
const dotSegment = /(?:^|\/)\.{1,2}(?:\/|$)/

/** @returns the decoded path without its first slash; undefined for one that has no sure meaning. */
export function resourcePath(rawPath: string): string | undefined {
  if (unusual.test(rawPath)) return undefined
  const path = rawPath.slice(1)
  if (!path.includes('%')) return path
  if (encoded.test(path) || twiceEncodedDot.test(path)) return undefined
  try {
    const decoded = decodeURIComponent(path)
    return dotSegment.test(decoded) ? undefined : decoded
  } catch {
    return undefined
  }
}
