/** The door to jose: whether one key made the signature over a compact token. Everything else is decided around it. */
import { compactVerify } from 'jose'
import type { KeyObject } from 'node:crypto'

/** Never rejects; a key that does not fit the algorithm is a signature that does not hold. */
export async function signatureHolds(token: string, key: KeyObject, algorithm: string): Promise<boolean> {
  try {
    await compactVerify(token, key, { algorithms: [algorithm] })
    return true
  } catch {
    return false
  }
}
