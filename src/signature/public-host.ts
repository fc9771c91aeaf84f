/**
 * The names by which clients may reach this service. Two spellings with and without a scheme's own port are one name,
 * and letter case does not count; the signature was made over one of the spellings.
 */

/** Whether this Host is one of ours. */
export function isPublicHost(host: string, publicHosts: readonly string[]): boolean {
  if (publicHosts.includes(host)) return true
  const wanted = withoutOwnPort(host)
  return publicHosts.some((known) => withoutOwnPort(known) === wanted)
}

/**
 * What else the client may have signed as the Host, when the request came through a proxy that wrote another name of
 * ours in its place, or added the port. Each is a name of this service, so none of them lets in a request that was
 * signed for another one.
 */
export function otherSpellings(host: string, publicHosts: readonly string[]): readonly string[] {
  const bare = withoutOwnPort(host)
  return [bare, ...publicHosts].filter((known, index, all) => known !== host && all.indexOf(known) === index)
}

function withoutOwnPort(host: string): string {
  return host.toLowerCase().replace(/:(?:443|80)$/, '')
}
