/** Rotation of signing keys by an operator; by themselves they rotate every 30 days. Works beside running servers. */
import type { Clock } from '../fault.js'
import type { MakeSigningKey } from './key-making.js'
import type { KeyRecords } from './key-records.js'
import { after, leadSeconds, publishedAt } from './signing-key.js'
import { tokenAlgorithms } from './token-algorithm.js'

export interface RotatedKeys {
  readonly account: string
  /** Ids of the new keys. */
  readonly keyIds: readonly string[]
  readonly signsFrom: Date
}

/**
 * Gives every account that has signing keys new ones: published now, signing in an hour. Running servers notice within
 * a minute.
 * @param options `compromised`: the new keys sign at once and the old ones are no longer published, so that tokens
 * signed with them, stolen keys' included, end as soon as verifiers ask for the key set again.
 * @throws {Fault} `StoreUnavailable`; {Error} for an account whose keys this ring does not open.
 */
export async function rotateSigningKeys(
  deps: { readonly records: KeyRecords; readonly make: MakeSigningKey; readonly now: Clock },
  options: { readonly compromised?: boolean } = {},
): Promise<readonly RotatedKeys[]> {
  const rotated: RotatedKeys[] = []
  for (const account of await deps.records.accounts()) {
    const at = deps.now()
    const signsFrom = options.compromised === true ? at : after(at, leadSeconds)
    const fresh = await Promise.all(tokenAlgorithms.map((algorithm) => deps.make(algorithm, signsFrom)))
    await deps.records.change(account, (found) => {
      if (found.state === 'unreadable')
        return Promise.reject(
          new Error(`the signing keys of account ${account} do not open with this key ring`),
        )
      const kept = options.compromised === true || found.state === 'absent' ? [] : found.keys
      return Promise.resolve(publishedAt([...kept, ...fresh], at))
    })
    rotated.push({ account, keyIds: fresh.map(({ id }) => id), signsFrom })
  }
  return rotated
}
