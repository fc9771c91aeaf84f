/** What every process must know of a device: the codes that were used, and how often somebody guessed lately. */
import { createHash } from 'node:crypto'
import type { Clock } from '../fault.js'
import type { ExpiringStore } from '../store/expiring-store.js'
import { endOfStep } from './totp.js'

interface DeviceName {
  readonly userArn: string
  readonly serialNumber: string
}

export interface MfaUsedCodes {
  /**
   * One app may be enrolled for several devices: its code counts once for all of them.
   * @returns false when the code of this step was used before, at whatever process.
   */
  use(device: { readonly secret: Buffer }, step: number): Promise<boolean>
  /**
   * Takes a place before a code is looked at, so that guesses at the same time count like guesses one after the other.
   * @returns undefined when no place is free; otherwise what gives all places back, for who knew the right code.
   */
  attempt(device: DeviceName): Promise<{ succeeded(): Promise<void> } | undefined>
}

/** Three steps are right at any moment: so a guesser who never stops has a chance of 0.15 % a day. */
const attempts = 5
const lockedForMs = 15 * 60 * 1000
/** A code is accepted one step after its own; the rest is for clocks that differ between servers. */
const usedForMs = 10 * 60 * 1000

export function createMfaUsedCodes(store: ExpiringStore, now: Clock): MfaUsedCodes {
  return {
    use: ({ secret }, step) =>
      store.add(
        `mfa.used:${digest(secret)}:${step}`,
        '1',
        new Date(Math.max(endOfStep(step).getTime(), now().getTime()) + usedForMs),
      ),

    async attempt(device) {
      const places = Array.from({ length: attempts }, (_, place) => `mfa.try:${keyOf(device)}:${place}`)
      for (const place of places) {
        if (!(await store.add(place, '1', new Date(now().getTime() + lockedForMs)))) continue
        return {
          async succeeded() {
            await Promise.all(places.map((taken) => store.take(taken)))
          },
        }
      }
      return undefined
    },
  }
}

/** The user too: two users' devices may have one serial number when a path is named after a user. */
function keyOf({ userArn, serialNumber }: DeviceName): string {
  return digest(`${userArn}\0${serialNumber}`)
}

function digest(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('base64url')
}
