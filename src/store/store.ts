/** What an engine keeps for the whole installation: values that expire, records that stay, and the feed of facts. */
import type { ExpiringStore } from './expiring-store.js'
import type { Feed } from './feed.js'
import type { RecordStore } from './record-store.js'

/** `ping` and `close` are those of the engine, for all three. */
export interface Store extends ExpiringStore {
  readonly records: RecordStore
  readonly feed: Feed
}
