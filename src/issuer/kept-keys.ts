/** An account's signing keys as the text that is sealed and kept, and back. */
import { createPrivateKey, type JsonWebKey } from 'node:crypto'
import { signingKeyOf } from './key-making.js'
import type { SigningKey } from './signing-key.js'
import { tokenAlgorithms, type TokenAlgorithm } from './token-algorithm.js'

const layout = 1

interface Kept {
  readonly layout: number
  readonly account: string
  readonly keys: readonly {
    readonly algorithm: TokenAlgorithm
    readonly signsFrom: string
    readonly privateKey: JsonWebKey
  }[]
}

/** The account is inside: what was kept for one is no use as another's. */
export function keptText(account: string, keys: readonly SigningKey[]): string {
  const kept: Kept = {
    layout,
    account,
    keys: keys.map(({ algorithm, signsFrom, privateKey }) => ({
      algorithm,
      signsFrom: signsFrom.toISOString(),
      privateKey: privateKey.export({ format: 'jwk' }),
    })),
  }
  return JSON.stringify(kept)
}

/**
 * @param text opened, so written by some version of this file.
 * @returns undefined when that version is a later one, or the keys are another account's.
 */
export async function keptKeys(account: string, text: string): Promise<readonly SigningKey[] | undefined> {
  const kept = JSON.parse(text) as Kept
  if (kept.layout !== layout || kept.account !== account) return undefined
  if (!kept.keys.every(({ algorithm }) => tokenAlgorithms.includes(algorithm))) return undefined
  return Promise.all(
    kept.keys.map(({ algorithm, signsFrom, privateKey }) =>
      signingKeyOf(createPrivateKey({ key: privateKey, format: 'jwk' }), algorithm, new Date(signsFrom)),
    ),
  )
}
