import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEmbeddedStore } from '../../src/store/embedded-store.js'
import type { ExpiringStore } from '../../src/store/expiring-store.js'
import { testClock, type TestClock } from '../support/clock.js'

/** The real embedded store in a folder of its own, on a clock that stands still. */
export async function sessionStore(): Promise<{
  readonly store: ExpiringStore
  readonly clock: TestClock
  close(): Promise<void>
}> {
  const directory = await mkdtemp(join(tmpdir(), 'rolegate-session-'))
  const clock = testClock()
  const store = await createEmbeddedStore({ directory, now: clock.now })
  return {
    store,
    clock,
    async close() {
      await store.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}
