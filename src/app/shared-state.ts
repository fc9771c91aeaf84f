/**
 * What all servers of an installation have in common: the store, the key ring, and that their rings agree, without
 * which nothing is issued. Leaves closing to `app.ts`, since others use these until the end.
 */
import { randomBytes } from 'node:crypto'
import { keyRingSource } from '../config/key-ring-source.js'
import type { LiveConfig } from '../config/live-config.js'
import type { SessionCredentials } from '../credentials/credentials.js'
import { openKeyRing, type LiveKeyRing } from '../credentials/key-ring-live.js'
import { createRingAgreement, type RingAgreement } from '../credentials/ring-agreement.js'
import { createSessionCredentials } from '../credentials/sealed-credentials.js'
import type { Clock } from '../fault.js'
import type { Log } from '../operation/log.js'
import { openStore } from '../store/open-store.js'
import type { Store } from '../store/store.js'

/** What the server was given cannot be used; the message tells the operator what to change. */
export class StartRefused extends Error {
  override readonly name = 'StartRefused'
}

export interface SharedState {
  readonly store: Store
  readonly ring: LiveKeyRing
  /** Undefined where all servers read one ring file. */
  readonly agreement: RingAgreement | undefined
  /** @throws {Fault} `StoreUnavailable` for issuing what the other servers might not open. */
  readonly credentials: SessionCredentials
}

/** @throws {StartRefused} for the key ring; {Fault} `StoreUnavailable`. */
export async function openSharedState(deps: {
  readonly live: LiveConfig
  readonly dataDirectory: string
  readonly now: Clock
  readonly log: Log
}): Promise<SharedState> {
  const { live, dataDirectory, now, log } = deps
  const config = () => live.current()
  const settings = config().server.store
  const store = await openStore(settings, { dataDirectory, now, log })
  const ring = await openKeyRing({
    ...keyRingSource(config, dataDirectory),
    random: randomBytes,
    now,
    log,
  }).catch((cause: Error) => {
    throw new StartRefused(cause.message, { cause })
  })
  live.onChange(() => ring.reload())
  // Replicas of one machine share the ring's file; those of several machines may have been given different rings.
  const agreement =
    settings.type === 'redis' ? createRingAgreement({ ring, records: store.records, now, log }) : undefined
  await agreement?.check()
  const sealed = createSessionCredentials(ring, { random: randomBytes })
  const credentials: SessionCredentials = {
    ...sealed,
    issue(session, minimumTokenLength) {
      agreement?.issuing()
      return sealed.issue(session, minimumTokenLength)
    },
  }
  return { store, ring, agreement, credentials }
}
