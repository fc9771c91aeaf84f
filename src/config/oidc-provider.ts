/** A `kind: oidc` entry → its settings. */
import type { OidcSettings } from '../federation/settings.js'
import { given } from './given.js'
import { isLoopback } from './loopback.js'
import { certificateAuthorities } from './pem-files.js'
import { within, type Place } from './place.js'
import { sharedSettings } from './provider-shared.js'
import type { Surroundings } from './providers.js'
import type { Reading } from './reading.js'
import type { OidcEntry } from './schema/providers.js'
import { webUrl } from './web-address.js'

/** @returns undefined when something was reported. */
export async function oidcSettings(
  entry: OidcEntry,
  place: Place,
  { publicUrl }: Surroundings,
  reading: Reading,
): Promise<OidcSettings | undefined> {
  const { findings } = reading
  const before = findings.problemCount()
  const issuer = issuerOf(entry, place, reading)
  const ca = await certificateAuthorities(entry.caFile, within(place, 'caFile'), reading)
  const client =
    entry.client && (await clientOf(entry.client, entry.name, within(place, 'client'), publicUrl, reading))
  const isGivenWrongly = ['client', 'audiences'].some((name) => findings.spoiled(within(place, name)))
  if (entry.client === undefined && entry.audiences.length === 0 && !isGivenWrongly) {
    findings.problem(place, 'has neither `client` (for people) nor `audiences` (for workload tokens)')
  }
  if (findings.problemCount() > before || issuer === undefined) return undefined
  return {
    kind: 'oidc',
    ...sharedSettings(entry),
    issuer,
    audiences: [...new Set([...(client === undefined ? [] : [client.id]), ...entry.audiences])],
    contextAssertions: entry.contextAssertions,
    insecureAllowHttp: entry.insecureAllowHttp,
    timeoutMs: entry.timeout,
    clockSkewSeconds: entry.clockSkew,
    usernameClaim: entry.usernameClaim,
    displayNameClaim: entry.displayNameClaim,
    emailClaim: entry.emailClaim,
    groupsClaim: entry.groupsClaim,
    ...given({ client, ca, allowTagKeys: entry.allowTagKeys }),
  }
}

/** The text stays as written: it must equal the token's `iss` character for character. */
function issuerOf(entry: OidcEntry, place: Place, reading: Reading): string | undefined {
  const at = within(place, 'issuer')
  const { findings, insecure } = reading
  const issuer = reading.address(entry.issuer, at)
  if (issuer === undefined) return undefined
  const url = webUrl(issuer)
  if (url === undefined || url.search !== '') {
    findings.problem(at, 'must be an `https:` URL without a query')
    return undefined
  }
  if (entry.insecureAllowHttp) {
    insecure.push(`${place.source.file}: ${entry.name}.insecureAllowHttp`)
    if (!isLoopback(url.hostname)) {
      findings.problem(within(place, 'insecureAllowHttp'), 'is refused for an issuer beyond loopback')
    }
  } else if (url.protocol === 'http:' && !findings.spoiled(within(place, 'insecureAllowHttp'))) {
    findings.problem(at, 'must be `https:` (on loopback `insecureAllowHttp: true` is possible)')
  }
  return issuer
}

async function clientOf(
  written: NonNullable<OidcEntry['client']>,
  name: string,
  place: Place,
  publicUrl: string,
  reading: Reading,
) {
  const secret = written.secret && (await reading.secret(written.secret, within(place, 'secret')))
  if (!written.scopes.includes('openid')) {
    reading.findings.problem(within(place, 'scopes'), 'must contain `openid`')
  }
  return {
    id: written.id,
    redirectUri: `${publicUrl}/signin/${name}/callback`,
    scopes: written.scopes,
    userinfo: written.userinfo,
    ...given({ secret }),
  }
}
