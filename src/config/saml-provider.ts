/** A `kind: saml` entry → its settings. What the metadata says is for the adapter to read. */
import type { SamlSettings } from '../federation/settings.js'
import { given } from './given.js'
import { isLoopback } from './loopback.js'
import { keyPair } from './pem-files.js'
import { within, type Place } from './place.js'
import { sharedSettings } from './provider-shared.js'
import type { Surroundings } from './providers.js'
import { generatedKeyPair, previousKeys } from './generated-keys.js'
import type { Reading } from './reading.js'
import type { SamlEntry } from './schema/providers.js'
import { webUrl } from './web-address.js'

/** @returns undefined when something was reported. */
export async function samlSettings(
  entry: SamlEntry,
  place: Place,
  surroundings: Surroundings,
  reading: Reading,
): Promise<SamlSettings | undefined> {
  const { findings } = reading
  const before = findings.problemCount()
  const base = `${surroundings.publicUrl}/signin/${entry.name}`
  const metadata = await metadataOf(entry, place, reading)
  const entityId =
    entry.entityId === undefined
      ? `${base}/metadata`
      : reading.address(entry.entityId, within(place, 'entityId'))
  const extraRecipients = entry.extraRecipients.flatMap((written, i) => {
    const address = reading.address(written, within(place, 'extraRecipients', i))
    return address === undefined ? [] : [address]
  })
  const pair = (name: 'signing' | 'encryption') => {
    const files = entry[name]
    const at = within(place, name)
    return files === undefined ? generatedKeyPair(`saml-${name}`, at, reading) : keyPair(files, at, reading)
  }
  const signing = await pair('signing')
  const encryption = await pair('encryption')
  const previousDecryptionKeys =
    entry.encryption === undefined
      ? await previousKeys('saml-encryption', within(place, 'encryption'), reading)
      : []
  if (entry.insecureAllowSha1) {
    reading.insecure.push(`${place.source.file}: ${entry.name}.insecureAllowSha1`)
    if (!surroundings.local) {
      findings.problem(
        within(place, 'insecureAllowSha1'),
        'is refused when the server is reached beyond loopback',
      )
    }
  }
  if (findings.problemCount() > before || !metadata || !entityId || !signing || !encryption) return undefined
  return {
    kind: 'saml',
    ...sharedSettings(entry),
    entityId,
    acsUrl: `${base}/callback`,
    extraAudiences: entry.extraAudiences,
    extraRecipients,
    metadata,
    requestBinding: entry.requestBinding,
    signRequests: entry.signRequests,
    signing,
    encryption,
    insecureAllowSha1: entry.insecureAllowSha1,
    clockSkewSeconds: entry.clockSkew,
    usernameAttribute: entry.usernameAttribute,
    displayNameAttribute: entry.displayNameAttribute,
    emailAttribute: entry.emailAttribute,
    groupsAttribute: entry.groupsAttribute,
    ...given({ nameIdFormat: entry.nameIdFormat, allowTagKeys: entry.allowTagKeys }),
    ...(previousDecryptionKeys.length === 0 ? {} : { previousDecryptionKeys }),
  }
}

async function metadataOf(
  entry: SamlEntry,
  place: Place,
  reading: Reading,
): Promise<SamlSettings['metadata'] | undefined> {
  const { metadata, metadataFile, metadataUrl } = entry
  const spoiled = ['metadata', 'metadataFile', 'metadataUrl'].some((name) =>
    reading.findings.spoiled(within(place, name)),
  )
  if ([metadata, metadataFile, metadataUrl].filter((one) => one !== undefined).length !== 1) {
    if (spoiled) return undefined
    reading.findings.problem(place, 'needs exactly one of `metadata`, `metadataFile` and `metadataUrl`')
    return undefined
  }
  if (metadataUrl !== undefined) {
    const at = within(place, 'metadataUrl')
    const address = reading.address(metadataUrl, at)
    if (address === undefined) return undefined
    const url = webUrl(address)
    if (url !== undefined && (url.protocol === 'https:' || isLoopback(url.hostname))) {
      return { type: 'url', url: url.href, refreshSeconds: entry.metadataRefresh }
    }
    // Whoever can change the metadata in transit chooses the key that assertions are checked with.
    reading.findings.problem(at, 'must be an `https:` URL (`http:` only on loopback)')
    return undefined
  }
  const at = within(place, metadata === undefined ? 'metadataFile' : 'metadata')
  const xml = metadata ?? (await reading.file(metadataFile ?? '', at))
  if (xml === undefined) return undefined
  if (/<(?:[\w.-]+:)?Entit(?:yDescriptor|iesDescriptor)[\s>]/.test(xml)) return { type: 'text', xml }
  reading.findings.problem(at, 'holds no SAML metadata (`EntityDescriptor`)')
  return undefined
}
