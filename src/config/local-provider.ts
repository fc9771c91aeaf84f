/** A `kind: local` entry → its settings. */
import type { LocalSettings } from '../federation/settings.js'
import { sharedSettings } from './provider-shared.js'
import type { Reading } from './reading.js'
import type { LocalEntry } from './schema/providers.js'
import { inDirectory } from './server-settings.js'

export function localSettings(entry: LocalEntry, reading: Reading): LocalSettings {
  return {
    kind: 'local',
    ...sharedSettings(entry),
    usersFile: inDirectory(reading.dataDirectory, entry.usersFile),
  }
}
