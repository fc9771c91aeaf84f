import { randomBytes } from 'node:crypto'
import { openKeyRing, type LiveKeyRing } from '../../src/credentials/key-ring-live.js'
import { keptLog } from './silent-log.js'

export interface RingSketch {
  readonly installation?: string
  /** Base64 keys, the active one first; one fresh key by default. */
  readonly keys?: readonly string[]
}

export function freshKey(): string {
  return randomBytes(32).toString('base64')
}

/** A ring from text, as replicas are given one. */
export function ringOf({
  installation = 'https://rolegate.example.test',
  keys = [freshKey()],
}: RingSketch = {}): Promise<LiveKeyRing> {
  return openKeyRing({
    text: () => keys.join(','),
    installation,
    random: randomBytes,
    now: () => new Date('2026-01-02T03:04:05Z'),
    log: keptLog(),
  })
}
