/** What every kind of provider has. */
import type { AttributeMapping } from '../federation/settings.js'
import type { ProviderEntry } from './schema/providers.js'

export function sharedSettings(entry: ProviderEntry): {
  readonly name: string
  readonly displayName: string
  readonly attributes: readonly AttributeMapping[]
} {
  return {
    name: entry.name,
    displayName: entry.displayName ?? entry.name,
    attributes: entry.attributes.map((attribute) =>
      typeof attribute === 'string'
        ? { from: attribute, to: attribute, list: false }
        : { from: attribute.from, to: attribute.to ?? attribute.from, list: attribute.list },
    ),
  }
}
