/**
 * Signing keys in the record store, sealed under the key ring: one record for each account, shared by all replicas.
 * Every change is a compare-and-swap, so of two replicas that make keys at once one wins and the other takes its.
 */
import { Fault } from '../fault.js'
import type { RecordStore } from '../store/record-store.js'
import { keptKeys, keptText } from './kept-keys.js'
import type { SigningKey } from './signing-key.js'

/** What the box of the signing keys is for; nothing else is sealed for it. */
export const signingKeyPurpose = 'web-identity-keys'

/** A PurposeBox for `signingKeyPurpose`. */
export interface KeyBox {
  seal(text: string): string
  open(sealed: string): string | undefined
  /** The same content under the active key of the ring; `sealed` itself when it is already. */
  renew(sealed: string): string | undefined
}

export interface KeyRecords {
  /**
   * Reads, lets `next` decide what is to be there, and writes it when it is something else or sealed with an old key
   * of the ring. `next` may be asked several times.
   * @returns what is there now.
   * @throws {Fault} `StoreUnavailable`, and whatever `next` throws.
   */
  change(
    account: string,
    next: (found: Found) => Promise<readonly SigningKey[]>,
  ): Promise<readonly SigningKey[]>
  /** Accounts that have keys. */
  accounts(): Promise<readonly string[]>
}

export type Found =
  | { readonly state: 'absent' }
  | { readonly state: 'readable'; readonly keys: readonly SigningKey[] }
  /** Sealed with a ring that is not ours or no longer ours, or by a later version. */
  | { readonly state: 'unreadable'; readonly isLaterVersion: boolean }

const prefix = 'web-identity-keys:'
/** Replicas that start at once write after each other; more than a few rounds is no race any more. */
const rounds = 8

export function createKeyRecords(records: RecordStore, box: KeyBox): KeyRecords {
  return {
    async change(account, next) {
      for (let round = 0; round < rounds; round += 1) {
        const sealed = await records.get(prefix + account)
        const found = await read(box, account, sealed)
        const keys = await next(found)
        const isSame = found.state === 'readable' && found.keys === keys
        const renewed = isSame && sealed !== undefined ? box.renew(sealed) : undefined
        const wanted = renewed ?? box.seal(keptText(account, keys))
        if (wanted === sealed) return keys
        if (await records.replace(prefix + account, sealed, wanted)) return keys
      }
      throw new Fault('StoreUnavailable', 'the signing keys change all the time, try again', {
        reason: 'issuer:keys-race',
      })
    },
    async accounts() {
      const found = await records.list(prefix)
      return found.map(({ key }) => key.slice(prefix.length))
    },
  }
}

async function read(box: KeyBox, account: string, sealed: string | undefined): Promise<Found> {
  if (sealed === undefined) return { state: 'absent' }
  const text = box.open(sealed)
  if (text === undefined) return { state: 'unreadable', isLaterVersion: false }
  const keys = await keptKeys(account, text)
  return keys === undefined ? { state: 'unreadable', isLaterVersion: true } : { state: 'readable', keys }
}
