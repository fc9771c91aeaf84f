/** The issuer of an installation, put together: keys that follow the store and the key ring, tokens, and documents. */
import type { LiveKeyRing } from '../credentials/key-ring-live.js'
import type { RingInForce } from '../credentials/key-ring.js'
import { createPurposeBox } from '../credentials/purpose-box.js'
import type { Clock } from '../fault.js'
import type { WireRoom } from '../http/wire.js'
import type { Log } from '../operation/log.js'
import type { RecordStore } from '../store/record-store.js'
import { createIssuerRoom } from './issuer-room.js'
import { createKeyMaker } from './key-making.js'
import { createKeyRecords, signingKeyPurpose, type KeyRecords } from './key-records.js'
import { rotateSigningKeys, type RotatedKeys } from './key-rotation.js'
import { createSigningKeys, type SigningKeysDeps } from './signing-keys.js'
import { createTokenIssuer, type TokenIssuer, type WebIdentityTokenSettings } from './token-issuer.js'

export interface OpenIssuer {
  readonly tokens: TokenIssuer
  readonly room: WireRoom
  close(): void
}

export interface IssuerDeps {
  readonly records: RecordStore
  readonly ring: LiveKeyRing
  readonly ringState: SigningKeysDeps['ringState']
  readonly publicUrl: () => string
  readonly settings: () => WebIdentityTokenSettings
  /** Whether an account of this id is declared. */
  readonly isAccount: (id: string) => boolean
  readonly now: Clock
  readonly randomUuid: () => string
  readonly log: Log
}

/** Resolves when the keys that there are have been read, or cannot be for the moment. */
export async function openIssuer(deps: IssuerDeps): Promise<OpenIssuer> {
  const box = createPurposeBox(deps.ring, signingKeyPurpose)
  const records = createKeyRecords(deps.records, {
    ...box,
    // A server that is late to follow the ring must not undo what the others have sealed under a later key.
    renew: (sealed) =>
      deps.ringState() === 'agreed' ? box.renew(sealed) : box.open(sealed) === undefined ? undefined : sealed,
  })
  const keys = createSigningKeys({ ...deps, records, make: createKeyMaker() })
  const tokens = createTokenIssuer({ ...deps, keys })
  await keys.refresh()
  const unfollow = deps.ring.onChange(() => void keys.refresh())
  return {
    tokens,
    room: createIssuerRoom({ issuer: tokens, log: deps.log }),
    close() {
      unfollow()
      keys.close()
    },
  }
}

/**
 * New signing keys for every account that has some, without a running server or beside it; see `rotateSigningKeys`.
 * @param options `compromised`: the old keys are no longer published, so their tokens end.
 */
export function rotateIssuerKeys(
  deps: { readonly records: RecordStore; readonly ring: RingInForce; readonly now: Clock },
  options: { readonly compromised?: boolean } = {},
): Promise<readonly RotatedKeys[]> {
  const records = keyRecordsOf(deps.records, deps.ring)
  return rotateSigningKeys({ records, make: createKeyMaker(), now: deps.now }, options)
}

/**
 * Seals the signing keys of all accounts under the active key of the ring, as running servers do when it changes.
 * @returns the accounts whose keys this ring does not open.
 * @throws {Fault} `StoreUnavailable`.
 */
export async function resealIssuerKeys(deps: {
  readonly records: RecordStore
  readonly ring: RingInForce
}): Promise<readonly string[]> {
  const records = keyRecordsOf(deps.records, deps.ring)
  const unreadable: string[] = []
  for (const account of await records.accounts()) {
    const closed = new Error('these signing keys do not open')
    await records
      .change(account, (found) =>
        found.state === 'readable' ? Promise.resolve(found.keys) : Promise.reject(closed),
      )
      .catch((cause: unknown) => {
        if (cause !== closed) throw cause
        unreadable.push(account)
      })
  }
  return unreadable
}

function keyRecordsOf(records: RecordStore, ring: RingInForce): KeyRecords {
  return createKeyRecords(records, createPurposeBox(ring, signingKeyPurpose))
}
