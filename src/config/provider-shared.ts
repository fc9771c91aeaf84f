/** What every kind of provider has. */
import type { AttributeMapping, SourceIdentityMapping, TagMapping } from '../federation/settings.js'
import { given } from './given.js'
import type { ProviderEntry } from './schema/providers.js'

export function sharedSettings(entry: ProviderEntry): {
  readonly name: string
  readonly displayName: string
  readonly attributes: readonly AttributeMapping[]
  readonly sessionTags: readonly TagMapping[]
  readonly sourceIdentity?: SourceIdentityMapping
} {
  const { sourceIdentity } = entry
  return {
    name: entry.name,
    displayName: entry.displayName ?? entry.name,
    attributes: entry.attributes.map((attribute) =>
      typeof attribute === 'string'
        ? { from: attribute, to: attribute, list: false }
        : { from: attribute.from, to: attribute.to ?? attribute.from, list: attribute.list },
    ),
    sessionTags: entry.sessionTags.map((tag) =>
      typeof tag === 'string'
        ? { from: tag, to: tag, transitive: false, required: false }
        : { ...tag, to: tag.to ?? tag.from },
    ),
    ...given({
      sourceIdentity:
        typeof sourceIdentity === 'string' ? { from: sourceIdentity, required: false } : sourceIdentity,
    }),
  }
}
