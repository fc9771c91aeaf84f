/**
 * `providers.yaml`, `providers/*.yaml` and overlays → `ProviderSettings`: names and ARNs unique, references and files
 * read, addresses derived from the public URL. A provider with `enabled: false` is checked in shape only; an overlay
 * may bring it to life under the same name.
 */
import type { ProviderSettings } from '../federation/settings.js'
import { providerArnResource } from '../federation/provider-arn.js'
import { ldapSettings } from './ldap-provider.js'
import { localSettings } from './local-provider.js'
import { oidcSettings } from './oidc-provider.js'
import { memberOf } from './organization.js'
import { within, type Findings, type Place, type Source } from './place.js'
import type { Reading } from './reading.js'
import { samlSettings } from './saml-provider.js'
import { readFitting } from './schema/problems.js'
import { providerEntry, providersOutline, type ProviderEntry } from './schema/providers.js'
import { tagKey } from './schema/value.js'

export interface ProviderSource {
  readonly source: Source
  readonly overlay: boolean
}

/** What an adapter's settings depend on besides its own entry. */
export interface Surroundings {
  readonly publicUrl: string
  /** Whether the server itself is only reached from this machine. */
  readonly local: boolean
}

export async function readProviders(
  sources: readonly ProviderSource[],
  surroundings: Surroundings,
  reading: Reading,
): Promise<readonly ProviderSettings[]> {
  const { findings } = reading
  const entries: { readonly entry: ProviderEntry; readonly place: Place; readonly overlay: boolean }[] = []
  for (const { source, overlay } of sources) {
    readFitting(providersOutline, source.value, { source, path: [] }, findings)
    for (const [i, raw] of listOf(source.value).entries()) {
      const place = { source, path: ['providers', i] }
      const entry = readFitting(providerEntry, raw, place, findings)
      if (entry !== undefined) entries.push({ entry, place, overlay })
    }
  }

  const revived = new Set(entries.filter(({ overlay }) => overlay).map(({ entry }) => entry.name))
  const present = entries.filter(({ entry, overlay }) => overlay || entry.enabled || !revived.has(entry.name))
  const settings: ProviderSettings[] = []
  const names = new Map<string, Place>()
  const arns = new Map<string, Place>()
  for (const { entry, place } of present) {
    unique(names, entry.name.toLowerCase(), within(place, 'name'), `the name \`${entry.name}\``, findings)
    if (entry.kind === 'oidc') {
      const resource = providerArnResource(entry)
      unique(arns, resource, within(place, 'issuer'), `the ARN \`…:${resource}\``, findings)
    }
    checkAttributes(entry, place, findings)
    checkSessionTags(entry, place, findings)
    if (!entry.enabled) continue
    const made = await settingsOf(entry, place, surroundings, reading)
    if (made !== undefined) settings.push(made)
  }
  return settings
}

export interface DeclaredProviders {
  /** ARN tails, e.g. `saml-provider/corp`. */
  readonly resources: readonly string[]
  /** Whether a tail that is not among them may be that of an entry that could not be read. */
  mayBe(resource: string): boolean
}

/**
 * Every provider that is written down, enabled or not, right or wrong otherwise, so that trust policies are not blamed
 * for a provider's own problem.
 * @param complete false when some file could not be read.
 */
export function declaredProviders(
  sources: readonly ProviderSource[],
  address: (written: string) => string,
  complete: boolean,
): DeclaredProviders {
  const resources: string[] = []
  const unclear: { readonly prefix: string; readonly suffix: string }[] = []
  if (!complete) unclear.push({ prefix: '', suffix: '' })
  for (const { source } of sources) {
    if (!Array.isArray(memberOf(source.value, 'providers'))) unclear.push({ prefix: '', suffix: '' })
    for (const raw of listOf(source.value)) {
      const [kind, name, issuer] = ['kind', 'name', 'issuer'].map((member) => memberOf(raw, member))
      const known = kind === 'ldap' || kind === 'saml' || kind === 'oidc' || kind === 'local'
      const tail = kind === 'oidc' ? issuer : name
      if (known && typeof tail === 'string') {
        resources.push(providerArnResource({ kind, name: tail, issuer: address(tail) }))
      } else {
        const suffix = !known && typeof name === 'string' && issuer === undefined ? `/${name}` : ''
        unclear.push({ prefix: known ? `${kind}-provider/` : '', suffix })
      }
    }
  }
  return {
    resources,
    mayBe: (resource) =>
      unclear.some(({ prefix, suffix }) => resource.startsWith(prefix) && resource.endsWith(suffix)),
  }
}

function listOf(value: unknown): readonly unknown[] {
  const list = memberOf(value, 'providers')
  return Array.isArray(list) ? list : []
}

async function settingsOf(
  entry: ProviderEntry,
  place: Place,
  surroundings: Surroundings,
  reading: Reading,
): Promise<ProviderSettings | undefined> {
  if (entry.kind === 'ldap') return ldapSettings(entry, place, reading)
  if (entry.kind === 'saml') return samlSettings(entry, place, surroundings, reading)
  if (entry.kind === 'oidc') return oidcSettings(entry, place, surroundings, reading)
  return localSettings(entry, reading)
}

/** What the adapters say themselves; an attribute mapped onto one of these would speak in the provider's name. */
const reserved = new Set([
  'sub',
  'sub_type',
  'aud',
  'oaud',
  'azp',
  'iss',
  'doc',
  'namequalifier',
  'amr',
  'username',
  'dn',
  'groups',
])

function checkAttributes(entry: ProviderEntry, place: Place, findings: Findings): void {
  const taken = new Set<string>()
  for (const [i, attribute] of entry.attributes.entries()) {
    const at = within(place, 'attributes', i)
    const to = typeof attribute === 'string' ? attribute : (attribute.to ?? attribute.from)
    const key = to.toLowerCase()
    if (!/^[A-Za-z0-9._-]{1,64}$/.test(to)) {
      findings.problem(at, 'is no name for a condition key: give `from` and `to`')
    } else if (reserved.has(key)) {
      findings.problem(at, `\`${to}\` is a condition key of the provider itself: choose another \`to\``)
    } else if (taken.has(key)) {
      findings.problem(at, `the condition key \`${to}\` is already mapped`)
    }
    taken.add(key)
  }
}

function checkSessionTags(entry: ProviderEntry, place: Place, findings: Findings): void {
  const taken = new Set<string>()
  for (const [i, tag] of entry.sessionTags.entries()) {
    const at = within(place, 'sessionTags', i)
    const to = typeof tag === 'string' ? tag : (tag.to ?? tag.from)
    const key = to.toLowerCase()
    if (!tagKey().safeParse(to).success) {
      findings.problem(at, 'is no name for a session tag: give `from` and `to`')
    } else if (taken.has(key)) {
      findings.problem(at, `the session tag \`${to}\` is already mapped`)
    }
    taken.add(key)
  }
}

function unique(
  taken: Map<string, Place>,
  name: string,
  place: Place,
  what: string,
  findings: Findings,
): void {
  if (findings.spoiled(place)) return
  const first = taken.get(name)
  if (first === undefined) {
    taken.set(name, place)
    return
  }
  const line = first.source.lineOf(first.path)
  findings.problem(
    place,
    `${what} is already taken in ${first.source.file}${line === undefined ? '' : `, line ${line}`}`,
  )
}
