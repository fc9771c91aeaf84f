/**
 * Single use of signatures in the store that all replicas share. The store keeps a hash: what it holds is of no use to
 * whoever reads it, and a signature is text that a stranger chose.
 */
import { hash } from 'node:crypto'
import type { ExpiringStore } from '../store/expiring-store.js'
import type { ReplayGuard } from './replay-guard.js'

export function createReplayGuard(store: Pick<ExpiringStore, 'add'>): ReplayGuard {
  return {
    use: (signature, until) =>
      store.add(`signature.used:${hash('sha256', signature, 'base64url')}`, '1', until),
  }
}
